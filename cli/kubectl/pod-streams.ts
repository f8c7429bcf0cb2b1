import { Duplex } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import type { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { WebSocketHandler } from '@kubernetes/client-node/dist/web-socket-handler.js';
import type { Clock } from '../../crds/clock.ts';

export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

export interface Execution {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ExecuteOptions {
  readonly signal: AbortSignal;
  readonly onLine?: (line: string) => void;
}

/** Ways into a pod. Both reject with a `PodStreamError`. */
export interface PodStreams {
  /** A connection to a port on the pod's own loopback, as `kubectl port-forward` makes it. */
  openPort(pod: PodName, port: number): Promise<Duplex>;
  /** Runs a command in a container to its end, as `kubectl exec` does. `onLine` is told of each line of standard output when it is there. */
  execute(pod: PodName, container: string, command: readonly string[], options: ExecuteOptions): Promise<Execution>;
}

/** `forbidden`: the user has no right to it. Messages are for people and may be printed. */
export class PodStreamError extends Error {
  readonly code: 'forbidden' | 'gone' | 'failed';

  constructor(code: PodStreamError['code'], message: string) {
    super(message);
    this.name = 'PodStreamError';
    this.code = code;
  }
}

/** What is used of the library's WebSocket. */
interface Socket {
  readonly readyState: number;
  readonly OPEN: number;
  send(data: Buffer, done: (error?: Error) => void): void;
  close(): void;
  addEventListener(type: 'close', listener: () => void): void;
}

const connectMs = 5000;
const mostOutputBytes = 8 * 1024 * 1024;

/** By WebSockets to the API server, with the user's credentials. */
export function podStreams(kubeConfig: KubeConfig, clock: Clock): PodStreams {
  const handler = new WebSocketHandler(kubeConfig);
  return {
    openPort: async ({ namespace, name }, port) => {
      const path = `/api/v1/namespaces/${namespace}/pods/${name}/portforward?ports=${port}`;
      const stream = new ForwardedPort(port);
      stream.use(await connect(handler, clock, path, 'portforward', (channel, data) => stream.deliver(channel, data)));
      return stream;
    },
    execute: async ({ namespace, name }, container, command, { signal, onLine }) => {
      const query = new URLSearchParams({ container, stdout: 'true', stderr: 'true', stdin: 'false', tty: 'false' });
      for (const word of command) query.append('command', word);
      const run = new RemoteCommand(onLine);
      const path = `/api/v1/namespaces/${namespace}/pods/${name}/exec?${query.toString()}`;
      return run.end(await connect(handler, clock, path, 'exec', (channel, data) => run.deliver(channel, data)), signal);
    },
  };
}

/** Rejects if the API server refuses, or does not answer in time. `deliver` says whether more is wanted; if not, the connection is closed. */
async function connect(
  handler: WebSocketHandler,
  clock: Clock,
  path: string,
  subresource: string,
  deliver: (channel: number, data: Buffer) => boolean,
): Promise<Socket> {
  const connecting: Promise<Socket> = handler.connect(path, null, deliver);
  const late = Promise.withResolvers<undefined>();
  const cancel = clock.after(connectMs, () => late.resolve(undefined));
  try {
    const socket = await Promise.race([connecting, late.promise]);
    if (socket !== undefined) return socket;
  } catch (error) {
    throw refusal(error, subresource);
  } finally {
    cancel();
  }
  void closeWhenOpen(connecting);
  throw new PodStreamError('failed', `the API server did not open the connection within ${connectMs / 1000} s`);
}

async function closeWhenOpen(connecting: Promise<Socket>): Promise<void> {
  try {
    (await connecting).close();
  } catch {
    // It has been given up already.
  }
}

/** What the WebSocket library tells of an answer that is no upgrade is the status alone. */
function refusal(error: unknown, subresource: string): PodStreamError {
  const message = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : String(error);
  const status = /response: (\d{3})$/.exec(message)?.[1];
  if (status === '403' || status === '401') {
    return new PodStreamError('forbidden', `it takes the right to get and create pods/${subresource}, which you do not have here`);
  }
  if (status === '404') return new PodStreamError('gone', 'the pod is gone');
  return new PodStreamError('failed', status === undefined ? message : `the API server answered ${status}`);
}

/** Channel 0 carries the data and 1 what went wrong; on both the first two bytes are the port. */
class ForwardedPort extends Duplex {
  readonly #port: number;
  readonly #named = new Set<number>();
  #socket: Socket | undefined;

  constructor(port: number) {
    super();
    this.#port = port;
    // What goes wrong may be told before anybody can listen; it is in `errored` then.
    this.on('error', () => {});
  }

  use(socket: Socket): void {
    this.#socket = socket;
    socket.addEventListener('close', () => this.push(null));
    if (socket.readyState > socket.OPEN) this.push(null);
  }

  deliver(channel: number, data: Buffer): boolean {
    const rest = this.#named.has(channel) ? data : data.subarray(2);
    this.#named.add(channel);
    if (rest.length > 0 && channel === 0) this.push(rest);
    const failed = rest.length > 0 && channel === 1;
    if (failed) this.destroy(new PodStreamError('failed', `nothing answers on port ${this.#port} of the pod`));
    return !failed;
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: (error?: Error | null) => void): void {
    this.#socket?.send(Buffer.concat([Buffer.from([0]), chunk]), (error) => done(error));
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#socket?.close();
    done(error);
  }
}

interface ExecStatus {
  readonly status?: string;
  readonly message?: string;
  readonly details?: { readonly causes?: readonly { readonly reason?: string; readonly message?: string }[] };
}

function readStatus(text: string): ExecStatus {
  try {
    return JSON.parse(text) as ExecStatus;
  } catch {
    return { message: 'the API server ended the command with something that is not JSON' };
  }
}

/** Channels 1 and 2 are its outputs, 3 says how it ended: a metav1.Status. */
class RemoteCommand {
  readonly #outputs: Readonly<Record<number, Buffer[]>> = { 1: [], 2: [] };
  readonly #onLine: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  /** Of the line that is not complete yet. */
  #begun = '';
  #bytes = 0;
  #status: ExecStatus | undefined;
  #failed: PodStreamError | undefined;

  constructor(onLine: (line: string) => void = () => {}) {
    this.#onLine = onLine;
  }

  deliver(channel: number, data: Buffer): boolean {
    this.#bytes += data.length;
    if (channel === 3) this.#status = readStatus(data.toString('utf8'));
    else if (this.#bytes > mostOutputBytes) this.#failed = new PodStreamError('failed', 'the command wrote more than can be read');
    else this.#outputs[channel]?.push(data);
    if (channel === 1) this.#tellLines(this.#decoder.write(data));
    return this.#status === undefined && this.#failed === undefined;
  }

  #tellLines(text: string): void {
    const lines = `${this.#begun}${text}`.split('\n');
    this.#begun = lines.pop() ?? '';
    for (const line of lines) this.#onLine(line);
  }

  async end(socket: Socket, signal: AbortSignal): Promise<Execution> {
    const closed = Promise.withResolvers<void>();
    const abort = (): void => {
      this.#failed = new PodStreamError('failed', 'the command did not end in time');
      socket.close();
      // The other end may be slow to agree.
      closed.resolve();
    };
    socket.addEventListener('close', () => closed.resolve());
    signal.addEventListener('abort', abort);
    if (signal.aborted) abort();
    else if (socket.readyState > socket.OPEN) closed.resolve();
    await closed.promise;
    signal.removeEventListener('abort', abort);
    if (this.#failed !== undefined) throw this.#failed;
    return { exitCode: this.#exitCode(), stdout: this.#text(1), stderr: this.#text(2) };
  }

  #text(channel: number): string {
    return Buffer.concat(this.#outputs[channel] ?? []).toString('utf8');
  }

  #exitCode(): number {
    const { status, message = 'the connection broke', details } = this.#status ?? {};
    if (status === 'Success') return 0;
    const code = details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
    if (code === undefined) throw new PodStreamError('failed', message);
    return Number(code);
  }
}
