import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { createInterface } from 'node:readline';
import { memoryKilobytes } from './process-usage.ts';

const bundle = join(import.meta.dirname, '../../dist/operator.mjs');

/** The operator as it is shipped, in a process of its own. */
export class BenchedOperator implements AsyncDisposable {
  readonly startedMs = performance.now();
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  readonly #listening: Promise<string>;

  constructor(kubeconfig: string, namespace: string, nodeFlags: readonly string[]) {
    if (!existsSync(bundle)) throw new Error('dist/operator.mjs is missing: npm run build');
    const args = ['--namespace', namespace, '--instance', 'bench', '--health-port', '0', '--health-host', '127.0.0.1'];
    this.#child = spawn(execPath, [...nodeFlags, bundle, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { KUBECONFIG: kubeconfig },
    });
    this.#closed = once(this.#child, 'close');
    const { stdout } = this.#child;
    if (stdout === null) throw new Error('the output of the operator is not piped');
    this.#listening = new Promise((resolve, reject) => {
      // Every line is read, else the operator would wait for us.
      createInterface(stdout).on('line', (line) => {
        const { msg, health } = JSON.parse(line) as { msg?: string; health?: number };
        if (msg === 'Listening') resolve(`http://127.0.0.1:${health}/metrics`);
      });
      void this.#closed.then(() => reject(new Error('the operator ended')));
    });
    // Whoever asks for the metrics hears of it.
    this.#listening.catch(() => undefined);
  }

  async metrics(): Promise<string> {
    return (await fetch(await this.#listening)).text();
  }

  /** Of the process now, and the most that it ever was. */
  get residentMegabytes(): { now: number; peak: number } {
    const { pid } = this.#child;
    if (pid === undefined) throw new Error('the operator did not start');
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return { now: memoryKilobytes(pid).rss / 1024, peak: Number(/^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]) / 1024 };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM');
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await this.#closed;
    clearTimeout(late);
  }
}
