import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, open, readFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../support/free-port.ts';
import type { BenchRig, Load, LoadResult, UpstreamStats } from './bench-rig.ts';
import type { Contestant } from './contestant.ts';
import { cpuMicros, type Memory, memoryKilobytes } from './process-usage.ts';

export interface Bench {
  readonly rig: BenchRig;
  /** Put before a proxy's command line; empty where nothing is pinned. */
  readonly pinned: string[];
  /** A folder for logs and configuration, removed at the end. */
  readonly folder: string;
  /** How much is asked of each proxy at full load. */
  readonly requests: number;
  /** Of each open loop at 1,000 requests a second. */
  readonly latencySeconds: number;
  /** Of the load before memory is measured. */
  readonly loadSeconds: number;
  /** Aborted when the benchmark is to end: every child is killed. */
  readonly signal: AbortSignal;
}

export interface ProxyOptions {
  readonly tls?: boolean;
  /** `Launch.secretApart`, false unless it is said: it only matters for the start. */
  readonly secretApart?: boolean;
  readonly aliases?: number;
}

/** One proxy under test. When it is stopped, the upstream must have seen each of its calls once, and each as it should be. */
export class ProxyProcess implements AsyncDisposable {
  readonly startMillis: number;
  readonly #bench: Bench;
  readonly #child: ChildProcess;
  readonly #port: number;
  readonly #before: UpstreamStats;
  #expected = 1;

  private constructor(bench: Bench, child: ChildProcess, port: number, before: UpstreamStats, startMillis: number) {
    this.#bench = bench;
    this.#child = child;
    this.#port = port;
    this.#before = before;
    this.startMillis = startMillis;
  }

  /** Resolves when a first call has been answered. */
  static async start(bench: Bench, contestant: Contestant, options: ProxyOptions = {}): Promise<ProxyProcess> {
    const { tls = false, secretApart = false, aliases } = options;
    const folder = await mkdtemp(join(bench.folder, `${contestant.name}-`));
    const [port, adminPort] = [await freePort(), await freePort()];
    const { rig } = bench;
    const command = await contestant.prepare({
      port,
      adminPort,
      folder,
      api: tls ? originOf('https', rig.addresses.apiOverTls) : originOf('http', rig.addresses.api),
      identity: originOf('http', rig.addresses.identity),
      authority: rig.authority,
      secretApart,
      ...(aliases !== undefined && { aliases }),
    });
    const before = await rig.stats();
    const log = join(folder, 'log');
    const output = await open(log, 'w');
    const started = performance.now();
    const [file = '', ...args] = [...bench.pinned, ...command];
    const child = spawn(file, args, { stdio: ['ignore', output.fd, output.fd], signal: bench.signal, killSignal: 'SIGKILL' });
    child.on('error', () => undefined); // An abort, or a command that is not there: seen as an exit by firstAnswer.
    await output.close();
    try {
      await firstAnswer(child, port, aliases === undefined ? 'bench' : 'bench-0', log);
    } catch (error) {
      await stop(child);
      throw error;
    }
    return new ProxyProcess(bench, child, port, before, performance.now() - started);
  }

  get memory(): Memory {
    return memoryKilobytes(this.#pid);
  }

  get #pid(): number {
    return this.#child.pid ?? 0;
  }

  /** CPU time is the proxy's own, in microseconds per request. */
  async load(what: Load): Promise<LoadResult & { readonly cpu: number }> {
    const before = cpuMicros(this.#pid);
    const result = await this.#bench.rig.load(this.#port, what);
    this.#expected += what.requests;
    return { ...result, cpu: (cpuMicros(this.#pid) - before) / result.answered };
  }

  /** Throws if the upstream did not see exactly what was asked for since the start: the run is void. Others must not have called meanwhile. */
  async check(): Promise<void> {
    const after = await this.#bench.rig.stats();
    const [requests, wrong] = [after.requests - this.#before.requests, after.wrong - this.#before.wrong];
    if (requests !== this.#expected || wrong > 0) {
      throw new Error(`void: the upstream saw ${requests} requests for ${this.#expected} calls, ${wrong} of them not as they should be`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await stop(this.#child);
  }
}

/** By name, as in production. */
const originOf = (scheme: string, address: string): string => `${scheme}://localhost:${address.split(':')[1]}`;

/** Asks until the upstream's own 200 comes through. Every other answer (no token yet, not listening yet) is asked again. */
async function firstAnswer(proxy: ChildProcess, port: number, alias: string, log: string): Promise<void> {
  const path = `/${alias}/up-0/down-1024/items?$top=20&$filter=status%20eq%20ACTIVE`;
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

async function stop(proxy: ChildProcess): Promise<void> {
  if (proxy.exitCode !== null || proxy.signalCode !== null || proxy.pid === undefined) return;
  const exited = once(proxy, 'exit');
  const patience = setTimeout(() => proxy.kill('SIGKILL'), 5000);
  proxy.kill('SIGTERM');
  await exited;
  clearTimeout(patience);
}
