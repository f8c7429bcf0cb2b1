import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { ClockOffsets } from './clock-preload.ts';
import type { Counts } from './count-preload.ts';
import { newRecording, type RecordingKind } from './recordings.ts';

export interface LogLine {
  readonly msg: string;
  readonly [field: string]: unknown;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A program as it is shipped, which logs JSON, in a process and with a folder of its own. */
export abstract class ShippedProcess implements AsyncDisposable {
  readonly log: LogLine[] = [];
  readonly exited: Promise<Exit>;
  protected readonly folder: string;
  readonly #name: string;
  readonly #child: ChildProcess;
  #errors = '';
  #toldToEnd = false;
  #ended = false;

  constructor(name: string, child: ChildProcess, folder: string) {
    this.#name = name;
    this.#child = child;
    this.folder = folder;
    const recording = newRecording('log', `${name}-${child.pid}`);
    child.stdout?.on('data', (chunk: Buffer) => recording.append(chunk));
    child.stderr?.on('data', (chunk: Buffer) => {
      recording.append(chunk);
      this.#errors += chunk.toString();
    });
    if (child.stdout === null) throw new Error(`the output of the ${name} is not piped`);
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

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error(`the ${this.#name} did not start`);
    return this.#child.pid;
  }

  /** Resolves to the first line that matches, written already or yet to come. Rejects if the process ends before. */
  async logged(matches: (line: LogLine) => boolean): Promise<LogLine> {
    for (;;) {
      const line = this.log.find(matches);
      if (line !== undefined) return line;
      if (this.#ended) throw new Error(`the ${this.#name} ended ${this.#lastWords()}`);
      await once(this.#child, 'line');
    }
  }

  /** Resolves when a matching line comes that is not there yet. */
  loggedNext(matches: (line: LogLine) => boolean): Promise<LogLine> {
    const before = this.log.length;
    return this.logged((line) => this.log.indexOf(line) >= before && matches(line));
  }

  /** As when whoever collects the logs is gone: every further line that it writes fails. */
  closeOutput(): void {
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  /** Only if it was started with clocks that can be moved. Resolves when both show what they are to show. */
  async moveClocks(offsets: ClockOffsets): Promise<void> {
    const moved = once(this.#child, 'message');
    this.#child.send(offsets);
    await moved;
  }

  /** Only if it was started to count. */
  async counts(): Promise<Counts> {
    const counted = once(this.#child, 'message');
    this.#child.send('count');
    const [counts] = await counted;
    return counts as Counts;
  }

  signal(signal: NodeJS.Signals): void {
    // What was frozen and thawed still has to be ended.
    if (signal !== 'SIGSTOP' && signal !== 'SIGCONT') this.#toldToEnd = true;
    this.#child.kill(signal);
  }

  /** Records what it shows to anyone, ends it if it still runs, and rejects unless it ended well. */
  async stop(): Promise<void> {
    try {
      if (!this.#ended && !this.#toldToEnd) {
        for (const [kind, url] of this.shown()) newRecording(kind, `${this.#name}-${this.pid}`).append(await (await fetch(url)).text());
        this.signal('SIGTERM');
      }
      const { code, signal } = await this.exited;
      if (code !== 0) throw new Error(`the ${this.#name} ended with ${code ?? signal} ${this.#lastWords()}`);
    } finally {
      this.#child.kill('SIGKILL');
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** Where it shows something to anyone. */
  protected abstract shown(): readonly (readonly [kind: RecordingKind, url: string])[];

  #lastWords(): string {
    return `after this: ${JSON.stringify(this.log, undefined, 1)}${this.#errors}`;
  }
}
