import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import * as z from 'zod/mini';
import { freePort } from '../support/free-port.ts';
import type { Addresses, Contestant } from './contestant.ts';
import { cpuMicros, memoryKilobytes } from './process-usage.ts';
import type { Measured } from './report.ts';

const run = promisify(execFile);
const ratePerSecond = 1000;

export interface Bench {
  /** The binary of go/rig, and where its upstream listens. */
  rig: string;
  upstream: Addresses;
  /** Put before a proxy's command line; empty where nothing is pinned. */
  pinned: string[];
  /** A folder for logs and configuration, removed at the end. */
  folder: string;
  requests: number;
  rateSeconds: number;
  /** Aborted when the benchmark is to end: every child is killed. */
  signal: AbortSignal;
}

const loadResult = z.object({ answered: z.number(), seconds: z.number(), p50Micros: z.number(), p99Micros: z.number() });
type LoadResult = z.output<typeof loadResult>;

const upstreamStats = z.object({ requests: z.number(), wrong: z.number() });

/** One start, warm-up, closed loop and open loop of one proxy. A wrong answer on either side throws: the run is void. */
export async function measure(bench: Bench, contestant: Contestant): Promise<Measured> {
  const folder = await mkdtemp(join(bench.folder, `${contestant.name}-`));
  const [port, adminPort] = [await freePort(), await freePort()];
  const command = await contestant.prepare({ port, adminPort, folder, ...bench.upstream });
  const log = join(bench.folder, `${contestant.name}.log`);
  const before = await statsOf(bench);
  const started = performance.now();
  const proxy = await startProxy(bench, command, log);
  try {
    const pid = proxy.pid ?? 0;
    await firstAnswer(proxy, port, log);
    const startMillis = performance.now() - started;
    await sleep(1000, undefined, { signal: bench.signal });
    const idle = memoryKilobytes(pid);
    await load(bench, ['-address', `127.0.0.1:${port}`], bench.requests);
    const warm = cpuMicros(pid);
    const closed = await load(bench, ['-address', `127.0.0.1:${port}`], bench.requests);
    const busy = cpuMicros(pid);
    const latency = await loadAtRate(bench, ['-address', `127.0.0.1:${port}`]);
    const paced = cpuMicros(pid);
    const loaded = memoryKilobytes(pid);
    await voidUnlessRight(bench, before, 1 + 2 * bench.requests + latency.answered);
    return {
      cpuPerRequest: (busy - warm) / closed.answered,
      cpuPerRequestAtRate: (paced - busy) / latency.answered,
      throughput: closed.answered / closed.seconds,
      p50: latency.p50Micros,
      p99: latency.p99Micros,
      start: startMillis,
      idleRss: idle.rss / 1024,
      idlePss: idle.pss / 1024,
      idlePrivateDirty: idle.privateDirty / 1024,
      loadedRss: loaded.rss / 1024,
      loadedPrivateDirty: loaded.privateDirty / 1024,
    };
  } finally {
    await stop(proxy);
  }
}

/** The same open loop without any proxy: what the two ends themselves take. */
export async function measureDirect(bench: Bench): Promise<Measured> {
  const { p50Micros, p99Micros } = await loadAtRate(bench, ['-address', bench.upstream.api, '-direct']);
  return { p50: p50Micros, p99: p99Micros };
}

async function startProxy(bench: Bench, command: string[], log: string): Promise<ChildProcess> {
  const [file = '', ...args] = [...bench.pinned, ...command];
  const output = await open(log, 'w');
  const proxy = spawn(file, args, { stdio: ['ignore', output.fd, output.fd], signal: bench.signal, killSignal: 'SIGKILL' });
  proxy.on('error', () => undefined); // An abort, or a command that is not there: seen as an exit by firstAnswer.
  await output.close();
  return proxy;
}

/** Asks until the upstream's own 200 comes through. Every other answer (no token yet, not listening yet) is asked again. */
async function firstAnswer(proxy: ChildProcess, port: number, log: string): Promise<void> {
  const path = '/bench/catalogue/items?$top=20&$filter=status%20eq%20ACTIVE';
  const deadline = performance.now() + 15_000;
  for (;;) {
    const status = await new Promise<number>((resolve) => {
      const request = get({ host: '127.0.0.1', port, path, agent: false }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode ?? 0));
      });
      request.once('error', () => resolve(0));
    });
    if (status === 200) return;
    const exited = proxy.exitCode ?? proxy.signalCode ?? (proxy.pid === undefined ? 'not started' : undefined);
    if (exited !== undefined || performance.now() > deadline) {
      throw new Error(`no answer from ${proxy.spawnfile} (exit: ${exited}, last status: ${status}): ${await readFile(log, 'utf8')}`);
    }
    await sleep(2);
  }
}

const loadAtRate = (bench: Bench, target: string[]): Promise<LoadResult> =>
  load(bench, [...target, '-rate', String(ratePerSecond)], ratePerSecond * bench.rateSeconds);

async function load({ rig, signal }: Bench, args: string[], requests: number): Promise<LoadResult> {
  const { stdout } = await run(rig, ['load', ...args, '-requests', String(requests)], { signal });
  return loadResult.parse(JSON.parse(stdout));
}

async function statsOf({ upstream }: Bench): Promise<z.output<typeof upstreamStats>> {
  const response = await fetch(`http://${upstream.identity}/stats`);
  return upstreamStats.parse(await response.json());
}

async function voidUnlessRight(bench: Bench, before: z.output<typeof upstreamStats>, expected: number): Promise<void> {
  const after = await statsOf(bench);
  const [requests, wrong] = [after.requests - before.requests, after.wrong - before.wrong];
  if (requests !== expected || wrong > 0) {
    throw new Error(`void: the upstream saw ${requests} requests for ${expected} calls, ${wrong} of them without the right token or URI`);
  }
}

async function stop(proxy: ChildProcess): Promise<void> {
  if (proxy.exitCode !== null || proxy.signalCode !== null || proxy.pid === undefined) return;
  const exited = once(proxy, 'exit');
  const patience = setTimeout(() => proxy.kill('SIGKILL'), 5000);
  proxy.kill('SIGTERM');
  await exited;
  clearTimeout(patience);
}
