import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { env, execPath } from 'node:process';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { newRecording } from './recordings.ts';
import type { Exit } from './shipped-process.ts';

const bundle = join(import.meta.dirname, '../../dist/tokenward.mjs');

export interface TokenwardOptions {
  readonly nodeArgs?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** For standard input. */
  readonly input?: string;
}

export interface Ended extends Exit {
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command of the command line, as it is shipped, to its end. */
export async function runTokenward(args: readonly string[], options: TokenwardOptions = {}): Promise<Ended> {
  const child = spawnTokenward(args, options);
  child.stdin?.end(options.input ?? '');
  if (child.stdout === null || child.stderr === null) throw new Error('the output is not piped');
  const [stdout, stderr, [code, signal]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { stdout, stderr, code, signal };
}

/** `tokenward run …` on free ports, in a process of its own. */
export class ServingTokenward implements AsyncDisposable {
  readonly stdout: string[] = [];
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  #ended = false;

  constructor(args: readonly string[], options: TokenwardOptions = {}) {
    this.#child = spawnTokenward(['run', '--proxy-port', '0', '--admin-port', '0', ...args], options);
    this.#child.stderr?.resume();
    if (this.#child.stdout === null) throw new Error('the output is not piped');
    createInterface(this.#child.stdout).on('line', (line) => {
      this.stdout.push(line);
      this.#child.emit('line');
    });
    this.exited = once(this.#child, 'close').then(([code, signal]) => {
      this.#ended = true;
      this.#child.emit('line');
      return { code, signal };
    });
  }

  /** Resolves to the first match after line `from`, printed already or yet to come. Rejects if the process ends before. */
  async printed(pattern: RegExp, from = 0): Promise<RegExpExecArray> {
    for (;;) {
      for (const line of this.stdout.slice(from)) {
        const match = pattern.exec(line);
        if (match !== null) return match;
      }
      if (this.#ended) throw new Error(`tokenward ended without printing ${pattern}:\n${this.stdout.join('\n')}`);
      await once(this.#child, 'line');
    }
  }

  /** The base URL of an alias, without a slash at its end. */
  async urlOf(alias: string): Promise<string> {
    const [, url = ''] = await this.printed(new RegExp(`^ +${alias} +(http://127\\.0\\.0\\.1:\\d+/${alias})/ -> `));
    return url;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#ended) this.signal('SIGKILL');
    await this.exited;
  }
}

function spawnTokenward(args: readonly string[], options: TokenwardOptions): ChildProcess {
  const child = spawn(execPath, [...(options.nodeArgs ?? []), bundle, ...args], {
    stdio: ['pipe', 'pipe', 'pipe'],
    cwd: options.cwd,
    env: { ...env, ...options.env },
  });
  const recording = newRecording('log', `tokenward-${child.pid}`);
  child.stdout.on('data', (chunk: Buffer) => recording.append(chunk));
  child.stderr.on('data', (chunk: Buffer) => recording.append(chunk));
  return child;
}
