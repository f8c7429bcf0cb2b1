import { execFile, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import * as z from 'zod/mini';
import { makeCertificate } from '../support/make-certificate.ts';
import { type Addresses, addresses } from './contestant.ts';

const run = promisify(execFile);

/** What is asked for, by one of the 32 callers after the other. */
export interface Load {
  readonly requests: number;
  /** Requests per second that become due; undefined: each caller asks again as soon as it has its answer. */
  readonly rate?: number;
  /** Bytes of a request's body; with any it is a POST. */
  readonly up?: number;
  /** Bytes of an answer's body, 1 KB otherwise. */
  readonly down?: number;
  readonly connections?: number;
  /** Request headers beside the usual ones. */
  readonly headers?: number;
  /** So many aliases are called in turn. */
  readonly aliases?: number;
}

const loadResult = z.object({ answered: z.number(), seconds: z.number(), p50Micros: z.number(), p99Micros: z.number() });
export type LoadResult = z.output<typeof loadResult>;

const upstreamStats = z.object({ requests: z.number(), wrong: z.number(), tokens: z.number() });
export type UpstreamStats = z.output<typeof upstreamStats>;

/** Both ends of the benchmark: the API with its token endpoint, and the callers. A wrong byte at either end throws. */
export class BenchRig {
  readonly addresses: Addresses;
  /** The PEM file with the authority of the API over TLS. */
  readonly authority: string;
  readonly #binary: string;
  readonly #signal: AbortSignal;

  private constructor(binary: string, signal: AbortSignal, there: Addresses, authority: string) {
    this.#binary = binary;
    this.#signal = signal;
    this.addresses = there;
    this.authority = authority;
  }

  /** Aborting the signal ends it. */
  static async start(binary: string, folder: string, signal: AbortSignal): Promise<BenchRig> {
    const issuer = makeCertificate('Benchmark authority');
    const { certificate, key } = makeCertificate('localhost', { hosts: ['localhost', '127.0.0.1'], issuer });
    const files = { authority: join(folder, 'authority.pem'), certificate: join(folder, 'api.pem'), key: join(folder, 'api-key.pem') };
    await Promise.all([
      writeFile(files.authority, issuer.certificate),
      writeFile(files.certificate, certificate),
      writeFile(files.key, key),
    ]);
    const args = ['upstream', '-certificate', files.certificate, '-key', files.key];
    const upstream = spawn(binary, args, { stdio: ['pipe', 'pipe', 'inherit'], signal });
    upstream.on('error', () => undefined); // The abort at the end.
    for await (const line of createInterface(upstream.stdout)) {
      return new BenchRig(binary, signal, addresses.parse(JSON.parse(line)), files.authority);
    }
    throw new Error('the upstream did not start');
  }

  load(port: number, what: Load): Promise<LoadResult> {
    return this.#load(['-address', `127.0.0.1:${port}`], what);
  }

  /** Without any proxy. */
  loadDirectly(what: Load): Promise<LoadResult> {
    return this.#load(['-address', this.addresses.api, '-direct'], what);
  }

  async stats(): Promise<UpstreamStats> {
    const response = await fetch(`http://${this.addresses.identity}/stats`);
    return upstreamStats.parse(await response.json());
  }

  async #load(target: string[], what: Load): Promise<LoadResult> {
    const args = Object.entries(what).flatMap(([name, value]) => [`-${name}`, String(value)]);
    const { stdout } = await run(this.#binary, ['load', ...target, ...args], { signal: this.#signal });
    return loadResult.parse(JSON.parse(stdout));
  }
}
