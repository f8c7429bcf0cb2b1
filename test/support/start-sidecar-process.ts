import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process, { execPath } from 'node:process';
import { createInterface } from 'node:readline';
import type { ClockOffsets } from './clock-preload.ts';
import { newRecording } from './recordings.ts';

const bundle = join(import.meta.dirname, '../../dist/sidecar.mjs');
const clockPreload = join(import.meta.dirname, 'clock-preload.ts');

export interface SidecarProcessOptions {
  /** By alias: a configuration, or the text of a file that is none. */
  readonly configs?: Readonly<Record<string, object | string>>;
  /** Further command line arguments. */
  readonly args?: readonly string[];
  /** Its clocks can be moved. */
  readonly movableClocks?: boolean;
}

export interface LogLine {
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The sidecar as it is shipped, in a process of its own, with a folder of configurations of its own. */
export class SidecarProcess implements AsyncDisposable {
  readonly log: LogLine[] = [];
  readonly exited: Promise<Exit>;
  proxyUrl = '';
  adminUrl = '';
  readonly #child: ChildProcess;
  readonly #configDirectory: string;
  #errors = '';
  #signalled = false;
  #ended = false;

  constructor(child: ChildProcess, configDirectory: string) {
    this.#child = child;
    this.#configDirectory = configDirectory;
    const recording = newRecording('log', `sidecar-${child.pid}`);
    child.stdout?.on('data', (chunk: Buffer) => recording.append(chunk));
    child.stderr?.on('data', (chunk: Buffer) => {
      recording.append(chunk);
      this.#errors += chunk.toString();
    });
    if (child.stdout === null) throw new Error('the output of the sidecar is not piped');
    createInterface(child.stdout).on('line', (line) => {
      this.log.push(JSON.parse(line) as LogLine);
      child.emit('line');
    });
    // A test that was given up does not come to its own end, and must not leave this behind.
    const kill = (): void => void child.kill('SIGKILL');
    process.once('SIGTERM', kill);
    this.exited = once(child, 'close').then(([code, signal]) => {
      process.off('SIGTERM', kill);
      this.#ended = true;
      child.emit('line');
      return { code, signal };
    });
  }

  get proxyPort(): number {
    return Number(new URL(this.proxyUrl).port);
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error('the sidecar did not start');
    return this.#child.pid;
  }

  /** Resolves to the first line that matches, written already or yet to come. Rejects if the process ends before. */
  async logged(matches: (line: LogLine) => boolean): Promise<LogLine> {
    for (;;) {
      const line = this.log.find(matches);
      if (line !== undefined) return line;
      if (this.#ended) throw new Error(`the sidecar ended ${this.#lastWords()}`);
      await once(this.#child, 'line');
    }
  }

  /** Resolves when a matching line comes that is not there yet. */
  loggedNext(matches: (line: LogLine) => boolean): Promise<LogLine> {
    const before = this.log.length;
    return this.logged((line) => this.log.indexOf(line) >= before && matches(line));
  }

  /** Replaces an alias's file at one blow, as `mv` does; undefined removes it. The sidecar notices within a second or so. */
  configure(alias: string, config: object | string | undefined): void {
    const file = join(this.#configDirectory, `${alias}.json`);
    if (config === undefined) return rmSync(file);
    writeFileSync(`${file}.new`, typeof config === 'string' ? config : JSON.stringify(config));
    renameSync(`${file}.new`, file);
  }

  /** As when whoever collects the logs is gone: every further line that it writes fails. */
  closeOutput(): void {
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  /** Only if it was started so. Resolves when both clocks show what they are to show. */
  async moveClocks(offsets: ClockOffsets): Promise<void> {
    const moved = once(this.#child, 'message');
    this.#child.send(offsets);
    await moved;
  }

  signal(signal: NodeJS.Signals): void {
    this.#signalled = true;
    this.#child.kill(signal);
  }

  /** The kernel's own record of the most memory that was resident since the last `forgetPeak`, so no peak is missed between samples. */
  async memoryKilobytes(): Promise<{ readonly resident: number; readonly peak: number }> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
    const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
    return { resident: field('VmRSS'), peak: field('VmHWM') };
  }

  forgetPeak(): void {
    writeFileSync(`/proc/${this.pid}/clear_refs`, '5');
  }

  /** Records what it shows to anyone, ends it if it still runs, and rejects unless it ended well. */
  async stop(): Promise<void> {
    try {
      if (!this.#ended && !this.#signalled) {
        await this.#recordStatus();
        this.signal('SIGTERM');
      }
      const { code, signal } = await this.exited;
      if (code !== 0) throw new Error(`the sidecar ended with ${code ?? signal} ${this.#lastWords()}`);
    } finally {
      this.#child.kill('SIGKILL');
      rmSync(this.#configDirectory, { recursive: true, force: true });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  #lastWords(): string {
    return `after this: ${JSON.stringify(this.log, undefined, 1)}${this.#errors}`;
  }

  async #recordStatus(): Promise<void> {
    const metrics = await fetch(`${this.adminUrl}/metrics`);
    newRecording('metrics', `sidecar-${this.pid}`).append(await metrics.text());
    const aliases = await fetch(`${this.proxyUrl}/-/aliases`);
    newRecording('aliases', `sidecar-${this.pid}`).append(await aliases.text());
  }
}

/** Resolves when it listens. Ports are free ones. */
export async function startSidecarProcess({
  configs = {},
  args = [],
  movableClocks = false,
}: SidecarProcessOptions): Promise<SidecarProcess> {
  const configDirectory = mkdtempSync(join(tmpdir(), 'tokenward-config-'));
  const ports = ['--proxy-port', '0', '--admin-port', '0', '--admin-host', '127.0.0.1'];
  for (const [alias, config] of Object.entries(configs)) {
    writeFileSync(join(configDirectory, `${alias}.json`), typeof config === 'string' ? config : JSON.stringify(config));
  }
  const nodeArgs = movableClocks ? ['--import', clockPreload] : [];
  const child = spawn(execPath, [...nodeArgs, bundle, '--config-dir', configDirectory, ...ports, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', ...(movableClocks ? (['ipc'] as const) : [])],
  });
  const sidecar = new SidecarProcess(child, configDirectory);
  const listening = await sidecar.logged(({ msg }) => msg === 'Listening');
  sidecar.proxyUrl = String(listening['proxy']);
  sidecar.adminUrl = String(listening['admin']);
  return sidecar;
}
