/**
 * `make bench`: Tokenward's sidecar beside what else one could put there, then the operator with many credentials. `npm run bench` builds
 * the bundles first; everything is started here, prints one report and ends. docs/performance.md says how to read it.
 */
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, homedir, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { type Addresses, type Contestant, type Workshop, addresses, buildGo, contestants } from './contestant.ts';
import { type Bench, measure, measureDirect } from './measurement.ts';
import { benchOperator } from './operator.ts';
import { type Series, report } from './report.ts';

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    requests: { type: 'string', default: '20000' },
    seconds: { type: 'string', default: '4' },
    'node-flags': { type: 'string', default: '' },
    only: { type: 'string', default: [...Object.keys(contestants), 'operator'].join(',') },
  },
});

const nodeFlags = options['node-flags'].split(' ').filter(Boolean);

const say = (line: string): unknown => process.stderr.write(`${line}\n`);
const reason = (error: unknown): string => (error instanceof Error ? error.message.trim() : String(error));

async function benchProxies(names: string[]): Promise<string> {
  const workshop: Workshop = {
    root: join(import.meta.dirname, '../..'),
    // oxlint-disable-next-line node/no-process-env -- the XDG base directory specification
    cache: join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'tokenward'),
    node: [process.execPath, ...nodeFlags],
    nodeDescription: ['Node', process.versions.node, ...nodeFlags].join(' '),
  };
  const rig = await buildGo(workshop, 'rig').catch((error: unknown) => {
    throw new Error(`the load generator is a Go program and could not be built: ${reason(error)}`);
  });
  const { present, missing } = await assemble(workshop, names);
  const pinned = pin();
  const folder = mkdtempSync(join(tmpdir(), 'tokenward-bench-'));
  const ending = abortedBySignals();
  try {
    const upstream = await startUpstream(rig, ending.signal);
    const bench: Bench = {
      rig,
      upstream,
      pinned,
      folder,
      requests: Number(options.requests),
      rateSeconds: Number(options.seconds),
      signal: ending.signal,
    };
    const series = await runRounds(bench, present);
    const ours = series.find(({ name }) => name === 'tokenward');
    const peers = series.filter((one) => one !== ours);
    return [report(ours, peers), ...describe(present, missing, pinned)].join('\n');
  } finally {
    ending.abort();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function assemble(workshop: Workshop, names: string[]): Promise<{ present: Contestant[]; missing: string[] }> {
  const present: Contestant[] = [];
  const missing: string[] = [];
  for (const name of names) {
    const make = contestants[name];
    if (make === undefined) throw new Error(`--only: no ${name}; there are ${Object.keys(contestants).join(', ')}, operator`);
    try {
      present.push(await make(workshop));
    } catch (error) {
      missing.push(`Left out: ${name} (${reason(error)})`);
      say(missing.at(-1) ?? '');
    }
  }
  return { present, missing };
}

/** This process and with it both ends of the load go to core 0; returns what puts a proxy on core 1 alone. */
function pin(): string[] {
  if (availableParallelism() < 2) return [];
  try {
    execFileSync('taskset', ['-a', '-c', '-p', '0', String(process.pid)], { stdio: 'ignore' });
    return ['taskset', '-c', '1'];
  } catch {
    return [];
  }
}

async function startUpstream(rig: string, signal: AbortSignal): Promise<Addresses> {
  const upstream = spawn(rig, ['upstream'], { stdio: ['pipe', 'pipe', 'inherit'], signal });
  upstream.on('error', () => undefined); // The abort at the end.
  for await (const line of createInterface(upstream.stdout)) return addresses.parse(JSON.parse(line));
  throw new Error('the upstream did not start');
}

/** A B C D A B C D …: whatever disturbs the machine for a while disturbs all alike. */
async function runRounds(bench: Bench, present: Contestant[]): Promise<Series[]> {
  const direct: Series = { name: 'no proxy', runs: [] };
  const series = present.map(({ name }): Series => ({ name, runs: [] }));
  for (let round = 1; round <= Number(options.rounds); round += 1) {
    for (const [index, contestant] of present.entries()) {
      say(`round ${round} of ${options.rounds}: ${contestant.name}`);
      series[index]?.runs.push(await measure(bench, contestant));
    }
    direct.runs.push(await measureDirect(bench));
  }
  return [...series, direct];
}

function describe(present: Contestant[], missing: string[], pinned: string[]): string[] {
  const where =
    pinned.length > 0 ? 'the proxy alone on core 1, load and upstream on core 0' : 'NOT PINNED: taskset or a second core is missing';
  return [
    '',
    `${options.rounds} rounds; 32 connections, ${options.requests} requests at full load; ${options.seconds} s at 1,000/s; 1 KiB answers; ${where}.`,
    `Machine: ${cpus()[0]?.model}, ${cpus().length} cores, Linux ${release()}.`,
    ...present.map(({ name, description }) => `${name}: ${description}.`),
    ...missing,
  ];
}

function abortedBySignals(): AbortController {
  const ending = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => ending.abort(new Error(signal)));
  return ending;
}

try {
  const asked = options.only.split(',');
  const proxies = asked.filter((name) => name !== 'operator');
  if (proxies.length > 0) process.stdout.write(`${await benchProxies(proxies)}\n\n`);
  if (asked.includes('operator')) process.stdout.write(`${await benchOperator({ nodeFlags, say, signal: abortedBySignals().signal })}\n`);
} catch (error) {
  say(`bench: ${reason(error)}`);
  process.exitCode = 1;
}
