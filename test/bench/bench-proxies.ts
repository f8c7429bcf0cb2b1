import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { cacheDirectory } from '../support/cache-directory.ts';
import { skip } from '../support/require-tool.ts';
import { BenchRig } from './bench-rig.ts';
import { buildGo, type Contestant, contestants, type Workshop } from './contestant.ts';
import { type Growth, growthTable, measureGrowth } from './growth.ts';
import { measureAliases, measureDirect, parts } from './measurement.ts';
import { aliasMetrics, type AliasMetricName, judge, type Judged, type MetricName, metrics } from './metrics.ts';
import { plot } from './plot.ts';
import type { Bench } from './proxy-process.ts';
import { figuresTable, goalsTable, ratiosTable } from './report.ts';
import type { Series } from './series.ts';
import { growthOf, type Soak, soak } from './soak.ts';
import { soakTable } from './soak-table.ts';
import { writeReport } from './write-report.ts';

export interface ProxiesOptions {
  readonly contestants: readonly string[];
  /** Of `parts`, and `aliases`. */
  readonly parts: readonly string[];
  readonly rounds: number;
  readonly requests: number;
  readonly latencySeconds: number;
  readonly loadSeconds: number;
  /** 0: no soak. */
  readonly soakSeconds: number;
  readonly nodeFlags: string[];
  /** How cost grows, too: takes minutes. */
  readonly scale: boolean;
  /** Into docs/, too. */
  readonly write: boolean;
  readonly command: string;
  readonly say: (line: string) => unknown;
  readonly ending: AbortController;
}

const root = join(import.meta.dirname, '../..');

/** Measures, and returns the report as Markdown. */
export async function benchProxies(options: ProxiesOptions): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'tokenward-bench-'));
  const { signal } = options.ending;
  try {
    // A copy, or the memory of the proxies that run on Node would be shared with this process.
    const node = join(folder, 'node');
    copyFileSync(execPath, node);
    const workshop: Workshop = { root, cache: cacheDirectory(), folder, node, shippedFlags: options.nodeFlags };
    const binary = await buildGo(workshop, 'rig').catch((error: unknown) => {
      throw new Error(`the load generator is a Go program and could not be built: ${reasonOf(error)}`);
    });
    const { present, missing } = await assemble(workshop, options.contestants);
    const pinned = pin();
    const rig = await BenchRig.start(binary, folder, signal);
    const { requests, latencySeconds, loadSeconds } = options;
    const bench: Bench = { rig, pinned, folder, requests, latencySeconds, loadSeconds, signal };
    const before = loadavg()[0] ?? 0;
    const series = await runRounds(bench, present, options);
    const tokenward = present.find(({ name }) => name === 'tokenward');
    const aliases =
      tokenward !== undefined && options.parts.includes('aliases') ? await measureAliases(bench, tokenward, options.rounds) : [];
    const soaks = await runSoaks(bench, present, options);
    const growth = options.scale ? await measureGrowth(bench, present, options.say) : [];
    const loads = [before, loadavg()[0] ?? 0].map((load) => load.toFixed(1)).join(' before, ');
    const about = describe(options, { present, missing, isPinned: pinned.length > 0, loads });
    return await reportOf(options, { series, aliases, soaks, growth, about });
  } finally {
    options.ending.abort();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function assemble(workshop: Workshop, names: readonly string[]): Promise<{ present: Contestant[]; missing: string[] }> {
  const present: Contestant[] = [];
  const missing: string[] = [];
  for (const name of names) {
    const make = contestants[name];
    if (make === undefined) throw new Error(`--only: no ${name}; there are ${Object.keys(contestants).join(', ')}, operator`);
    try {
      present.push(await make(workshop));
    } catch (error) {
      missing.push(`Left out: ${name} (${reasonOf(error)})`);
      skip(missing.at(-1) ?? '');
    }
  }
  return { present, missing };
}

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message.trim() : String(error));

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

/** A B C D A B C D …: whatever disturbs the machine for a while disturbs all alike. */
async function runRounds(bench: Bench, present: Contestant[], options: ProxiesOptions): Promise<Series<MetricName>[]> {
  const direct: Series<MetricName> = { name: 'no proxy', runs: [] };
  const series = present.map(({ name }): Series<MetricName> => ({ name, runs: [] }));
  for (let round = 1; round <= options.rounds; round += 1) {
    const floor = options.parts.includes('requests') ? await measureDirect(bench) : {};
    direct.runs.push(floor);
    for (const one of series) one.runs.push({});
    for (const name of options.parts.filter((part) => part !== 'aliases')) {
      const part = parts[name];
      if (part === undefined) throw new Error(`--parts: no ${name}; there are ${Object.keys(parts).join(', ')}, aliases`);
      for (const [index, contestant] of present.entries()) {
        options.say(`round ${round} of ${options.rounds}: ${name}, ${contestant.name}`);
        Object.assign(series[index]?.runs.at(-1) ?? {}, await part(bench, contestant));
      }
    }
    for (const run of series.map(({ runs }) => runs.at(-1) ?? {})) {
      if (run.p50 !== undefined && floor.p50 !== undefined) run.addedP50 = run.p50 - floor.p50;
      if (run.p99 !== undefined && floor.p99 !== undefined) run.addedP99 = run.p99 - floor.p99;
    }
  }
  return [...series, direct];
}

async function runSoaks(bench: Bench, present: Contestant[], { soakSeconds, say }: ProxiesOptions): Promise<Soak[]> {
  const soaks: Soak[] = [];
  if (soakSeconds === 0) return soaks;
  for (const contestant of present) {
    say(`${soakSeconds} s at 2,000/s: ${contestant.name}`);
    soaks.push(await soak(bench, contestant, soakSeconds));
  }
  return soaks;
}

interface Results {
  readonly series: readonly Series<MetricName>[];
  /** A thousand, one; or none. */
  readonly aliases: readonly Series<AliasMetricName>[];
  readonly soaks: readonly Soak[];
  readonly growth: readonly Growth[];
  readonly about: string;
}

async function reportOf({ soakSeconds, write }: ProxiesOptions, { series, aliases, soaks, growth, about }: Results): Promise<string> {
  const [thousand, one] = aliases;
  const ours = series.find(({ name }) => name === 'tokenward');
  const peers = series.filter(({ name }) => name !== 'tokenward' && name !== 'no proxy');
  const judged: Judged[] = [
    ...(ours === undefined ? [] : judge(metrics, ours, peers)),
    ...(thousand === undefined || one === undefined ? [] : judge(aliasMetrics, thousand, [one])),
    ...soaks
      .filter(({ name }) => name === 'tokenward')
      .map((run) => ({
        label: `resident MB after ${soakSeconds} s at 2,000/s`,
        peer: 'its first half',
        ratios: [growthOf(run)],
        goal: 1.05,
      })),
  ];
  const sections = [about];
  if (judged.length > 0) sections.push(goalsTable(judged));
  if (ours !== undefined && peers.length > 0) sections.push(ratiosTable(metrics, ours, peers));
  sections.push(figuresTable(metrics, series));
  if (thousand !== undefined && one !== undefined) sections.push(figuresTable(aliasMetrics, [thousand, one]));
  if (soaks.length > 0) sections.push(soakTable(soaks));
  if (growth.length > 0) sections.push(growthTable(growth));
  const report = sections.join('\n\n');
  if (write) await writeReport(root, report, plot(judged, 'envoy'));
  return report;
}

interface Circumstances {
  readonly present: readonly Contestant[];
  readonly missing: readonly string[];
  readonly isPinned: boolean;
  readonly loads: string;
}

function describe(options: ProxiesOptions, { present, missing, isPinned, loads }: Circumstances): string {
  const where = isPinned ? 'the proxy alone on core 1, load and upstream on core 0' : 'NOT PINNED: taskset or a second core is missing';
  return [
    `\`${options.command}\`, ${new Date().toISOString().slice(0, 10)}: ${options.rounds} rounds; 32 connections; ${where}.`,
    `Machine: ${cpus()[0]?.model}, ${cpus().length} cores, Linux ${release()}; load average ${loads} after (the benchmark alone makes about 2).`,
    `Loaded: after ${options.loadSeconds} s at 1,000 requests/s.`,
    ...present.map(({ name, description }) => `${name}: ${description}.`),
    ...missing,
  ]
    .map((line) => `- ${line}`)
    .join('\n');
}
