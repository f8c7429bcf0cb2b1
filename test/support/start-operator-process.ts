import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { createInterface } from 'node:readline';
import type { ClockOffsets } from './clock-preload.ts';
import { kubeConfigFor } from './fake-api-server.ts';
import { newRecording } from './recordings.ts';
import type { Exit, LogLine } from './start-sidecar-process.ts';

const bundle = join(import.meta.dirname, '../../dist/operator.mjs');

/** The operator as it is shipped, in a process of its own. */
export class OperatorProcess implements AsyncDisposable {
  readonly log: LogLine[] = [];
  readonly exited: Promise<Exit>;
  healthUrl = '';
  webhookUrl = '';
  readonly #child: ChildProcess;
  readonly #folder: string;
  #ended = false;

  constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    const recording = newRecording('log', `operator-${child.pid}`);
    child.stdout?.on('data', (chunk: Buffer) => recording.append(chunk));
    child.stderr?.on('data', (chunk: Buffer) => recording.append(chunk));
    if (child.stdout === null) throw new Error('the output of the operator is not piped');
    createInterface(child.stdout).on('line', (line) => {
      this.log.push(JSON.parse(line) as LogLine);
      child.emit('line');
    });
    this.exited = once(child, 'close').then(([code, signal]) => {
      this.#ended = true;
      child.emit('line');
      return { code, signal };
    });
  }

  /** Resolves to the first line that matches, written already or yet to come. Rejects if the process ends before. */
  async logged(matches: (line: LogLine) => boolean): Promise<LogLine> {
    for (;;) {
      const line = this.log.find(matches);
      if (line !== undefined) return line;
      if (this.#ended) throw new Error(`the operator ended; its log: ${JSON.stringify(this.log, undefined, 1)}`);
      await once(this.#child, 'line');
    }
  }

  /** From now on nobody reads what it writes. */
  closeOutput(): void {
    this.#child.stdout?.destroy();
    this.#child.stderr?.destroy();
  }

  /** Only if it was started with clocks of its own. Resolves when both show what they are to show. */
  async moveClocks(offsets: ClockOffsets): Promise<void> {
    const moved = once(this.#child, 'message');
    this.#child.send(offsets);
    await moved;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async metrics(): Promise<string> {
    return (await fetch(`${this.healthUrl}/metrics`)).text();
  }

  /** Records what it shows to anyone, ends it if it still runs, and rejects unless it ended well. */
  async stop(): Promise<void> {
    try {
      if (!this.#ended) {
        newRecording('metrics', `operator-${this.#child.pid}`).append(await this.metrics());
        this.signal('SIGTERM');
      }
      const { code, signal } = await this.exited;
      if (code !== 0) throw new Error(`the operator ended with ${code ?? signal}; its log: ${JSON.stringify(this.log, undefined, 1)}`);
    } finally {
      this.#child.kill('SIGKILL');
      rmSync(this.#folder, { recursive: true, force: true });
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }
}

/** Resolves when it listens. */
export async function startOperatorProcess(apiUrl: string, args: readonly string[] = []): Promise<OperatorProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'tokenward-operator-'));
  const kubeConfig = join(folder, 'config');
  writeFileSync(kubeConfig, kubeConfigFor(apiUrl).exportConfig());
  const own = ['--namespace', 'tokenward', '--instance', 'operator-0', '--health-port', '0', '--health-host', '127.0.0.1'];
  const child = spawn(execPath, [bundle, ...own, ...args], { stdio: ['ignore', 'pipe', 'pipe'], env: { KUBECONFIG: kubeConfig } });
  const operator = new OperatorProcess(child, folder);
  const listening = await operator.logged(({ msg }) => msg === 'Listening');
  operator.healthUrl = `http://127.0.0.1:${String(listening['health'])}`;
  operator.webhookUrl = `https://127.0.0.1:${String(listening['webhook'])}`;
  return operator;
}
