import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';

/** What boot.sh runs, in the order in which it starts them. Without nodes only the first two. */
export type Program =
  | 'etcd'
  | 'kube-apiserver'
  | 'containerd'
  | 'kube-controller-manager'
  | 'kube-scheduler'
  | 'kubelet'
  | 'kube-proxy'
  | 'coredns';

export interface BootOptions {
  readonly mode: 'api' | 'node';
  /** As {@link writeControlPlaneFiles} has prepared it. */
  readonly folder: string;
  readonly programs: string;
  readonly port: number;
}

/** The shell that runs boot.sh: a Kubernetes that ends with it. */
export class BootedShell {
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;
  readonly #complaints: Promise<string>;
  readonly #answers: AsyncIterator<string>;
  #lastAnswer: Promise<void>;

  constructor({ mode, folder, programs, port }: BootOptions) {
    const shell = ['bash', join(import.meta.dirname, 'boot.sh'), mode, folder, programs, String(port)];
    const namespaces = ['unshare', '--net', '--mount', '--pid', '--fork', '--mount-proc', '--kill-child'];
    const [command = '', ...args] = mode === 'node' ? [...namespaces, ...shell] : shell;
    // Detached: Ctrl-C ends what a person runs in the cluster, not the cluster.
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true });
    const { stdout, stderr } = this.#child;
    if (stdout === null || stderr === null) throw new Error('the output of the shell is not piped');
    this.#exited = once(this.#child, 'exit');
    this.#complaints = text(stderr);
    this.#answers = createInterface(stdout)[Symbol.asyncIterator]();
    this.#lastAnswer = this.#answer('ready');
  }

  /** Resolves when everything runs, and rejects with what was said if something does not. */
  get ready(): Promise<void> {
    return this.#lastAnswer;
  }

  /** The first process in the namespaces, as seen from outside. */
  async pid(): Promise<number> {
    const { pid } = this.#child;
    return Number(await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8'));
  }

  /** After KILL and TERM the program has ended when this resolves. */
  signal(program: Program, signal: 'KILL' | 'TERM' | 'STOP' | 'CONT'): Promise<void> {
    return this.#command(`signal ${program} ${signal}`);
  }

  start(program: Program): Promise<void> {
    return this.#command(`start ${program}`);
  }

  async stop(): Promise<void> {
    this.#child.stdin?.end();
    const late = setTimeout(() => this.#child.kill('SIGKILL'), 10_000);
    await this.#exited;
    clearTimeout(late);
  }

  #command(line: string): Promise<void> {
    this.#lastAnswer = this.#lastAnswer.then(() => {
      this.#child.stdin?.write(`${line}\n`);
      return this.#answer('done');
    });
    return this.#lastAnswer;
  }

  async #answer(expected: string): Promise<void> {
    const { value } = await this.#answers.next();
    if (value !== expected) throw new Error(`the cluster ended: ${(await this.#complaints).trim()}`);
  }
}
