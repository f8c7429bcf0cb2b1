import { EventEmitter, once } from 'node:events';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { readHead, readRequest, type WireRequest } from './read-requests.ts';

export interface RecordedRequest extends WireRequest {
  readonly connection: Connection;
  /** Milliseconds of the monotonic clock when its last byte was there. */
  readonly completeMs: number;
}

/** One connection that a client made. */
export interface Connection {
  /** Counted from 0. */
  readonly index: number;
  readonly socket: Socket;
  /** Every byte that came in, of incomplete requests too. */
  readonly received: Buffer;
  /** Resolves when it is closed, by whichever side. */
  readonly closed: Promise<void>;
  write(bytes: string | Uint8Array): void;
  /** Writes, and closes in an orderly way. */
  end(bytes?: string | Uint8Array): void;
  /** Breaks it off: the client sees a reset. */
  reset(): void;
}

type Bytes = string | Uint8Array;

/** Raw bytes to send, or a function that says them or does something else with the connection. */
export type Script = Bytes | ((request: RecordedRequest, connection: Connection) => Bytes | void | Promise<Bytes | void>);

export interface RecordingServerOptions {
  /** Served over TLS with these. */
  readonly tls?: TlsOptions;
  /** Called as soon as a request's head is there, before its body. */
  readonly onHead?: (head: Omit<WireRequest, 'raw' | 'body'>, connection: Connection) => void;
}

/**
 * A server below HTTP: keeps the exact bytes of every request, and answers with the exact bytes that a test scripts. Scripts are used
 * in order, one a request; the last one serves all further requests.
 */
export class RecordingServer implements AsyncDisposable {
  readonly requests: RecordedRequest[] = [];
  readonly connections: Connection[] = [];
  /** What a script threw; `close` throws it again. */
  readonly #problems: unknown[] = [];
  readonly #events = new EventEmitter().setMaxListeners(0);
  readonly #scripts: readonly Script[];
  readonly #options: RecordingServerOptions;
  readonly #server;

  constructor(scripts: readonly Script[], options: RecordingServerOptions) {
    this.#scripts = scripts;
    this.#options = options;
    const accept = (socket: Socket): void => this.#accept(socket);
    this.#server = options.tls ? createTlsServer(options.tls, accept) : createTcpServer(accept);
  }

  async listen(port: number): Promise<void> {
    this.#server.listen(port, '127.0.0.1');
    await once(this.#server, 'listening');
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the server listens on no TCP port');
    return address.port;
  }

  /** With scheme, host and port, without a slash at its end. */
  get url(): string {
    return `${this.#options.tls ? 'https' : 'http'}://127.0.0.1:${this.port}`;
  }

  /** The one request that there was. */
  get request(): RecordedRequest {
    const [request, ...others] = this.requests;
    if (!request || others.length > 0) throw new Error(`there were ${this.requests.length} requests, not one`);
    return request;
  }

  /** Resolves when so many requests, counted from the start, have come in complete. */
  async received(count: number): Promise<void> {
    while (this.requests.length < count) await once(this.#events, 'request');
  }

  /** Resolves when so many connections, counted from the start, have been made. */
  async connected(count: number): Promise<void> {
    while (this.connections.length < count) await once(this.#events, 'connection');
  }

  /** Breaks off what is still open. Rejects if a script threw. */
  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const { socket } of this.connections) socket.destroy();
    await closed;
    if (this.#problems.length > 0) throw new AggregateError(this.#problems, 'a script failed');
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #accept(socket: Socket): void {
    const connection = new RecordedConnection(this.connections.length, socket);
    this.connections.push(connection);
    this.#events.emit('connection');
    let pending = Buffer.alloc(0);
    let headSeen = false;
    socket.on('data', (chunk: Buffer) => {
      connection.chunks.push(chunk);
      pending = Buffer.concat([pending, chunk]);
      for (;;) {
        const head = headSeen ? undefined : readHead(pending);
        if (head) {
          headSeen = true;
          this.#options.onHead?.(head, connection);
        }
        const request = readRequest(pending);
        if (!request) break;
        pending = pending.subarray(request.raw.length);
        headSeen = false;
        this.#answer({ ...request, connection, completeMs: performance.now() }).catch((error: unknown) => this.#problems.push(error));
      }
    });
  }

  async #answer(request: RecordedRequest): Promise<void> {
    this.requests.push(request);
    const script = this.#scripts[this.requests.length - 1] ?? this.#scripts.at(-1) ?? '';
    this.#events.emit('request');
    const bytes = typeof script === 'function' ? await script(request, request.connection) : script;
    if (bytes !== undefined) request.connection.write(bytes);
  }
}

class RecordedConnection implements Connection {
  readonly index: number;
  readonly socket: Socket;
  readonly closed: Promise<void>;
  readonly chunks: Buffer[] = [];

  constructor(index: number, socket: Socket) {
    this.index = index;
    this.socket = socket;
    // A client that breaks off is part of the game.
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.once('close', () => resolve());
    });
  }

  get received(): Buffer {
    return Buffer.concat(this.chunks);
  }

  write(bytes: Bytes): void {
    if (this.socket.writable) this.socket.write(bytes);
  }

  end(bytes: Bytes = ''): void {
    this.socket.end(bytes);
  }

  reset(): void {
    this.socket.resetAndDestroy();
  }
}

/** Starts a `RecordingServer` on a free port of 127.0.0.1. */
export async function startRecordingServer(
  scripts: Script | readonly Script[],
  options: RecordingServerOptions & { readonly port?: number } = {},
): Promise<RecordingServer> {
  const server = new RecordingServer(isList(scripts) ? scripts : [scripts], options);
  await server.listen(options.port ?? 0);
  return server;
}

function isList(scripts: Script | readonly Script[]): scripts is readonly Script[] {
  return Array.isArray(scripts);
}
