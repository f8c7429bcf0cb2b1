import { once } from 'node:events';
import * as http from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Failure } from '../failure.ts';
import { handleRequest, type ProxyContext } from './handle-request.ts';
import { problem } from './problem.ts';

const limits: http.ServerOptions = {
  /** What it lets pass goes out unchecked, whatever Node's own options say. */
  insecureHTTPParser: false,
  /** Of all headers together, the request line included. */
  maxHeaderSize: 16 * 1024,
  /** For the headers; a caller that dawdles is checked every five seconds. */
  headersTimeout: 30_000,
  connectionsCheckingInterval: 5_000,
  /** A total, and uploads of hours work: bodies have an idle timeout instead. */
  requestTimeout: 0,
  /** The workload closes its idle connections, not the proxy: whoever closes first makes the other's next request fail. */
  keepAliveTimeout: 3_600_000,
};

const maxConnections = 8192;

/** The workload's side: one listener per loopback address, `[::1]` where there is one. */
export class ProxyServer {
  readonly #context: ProxyContext;
  readonly #servers: http.Server[] = [];
  /** The last request of each connection. */
  readonly #latest = new WeakMap<Socket, http.IncomingMessage>();

  constructor(context: ProxyContext) {
    this.#context = context;
  }

  /** Resolves to the port, the same on both addresses; 0 takes a free one. */
  async listen(port: number): Promise<number> {
    const taken = await this.#listen('127.0.0.1', port);
    await this.#listen('::1', taken).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EADDRNOTAVAIL' && error.code !== 'EAFNOSUPPORT') throw error;
    });
    return taken;
  }

  /** Takes no more connections and closes those that are idle now; resolves when the last has gone. */
  async close(): Promise<void> {
    await Promise.all(
      this.#servers.map(
        (server) =>
          new Promise<void>((resolve) => {
            server.close(() => resolve());
          }),
      ),
    );
  }

  closeIdleConnections(): void {
    for (const server of this.#servers) server.closeIdleConnections();
  }

  closeAllConnections(): void {
    for (const server of this.#servers) server.closeAllConnections();
  }

  async #listen(host: string, port: number): Promise<number> {
    const server = http.createServer({ ...limits, requireHostHeader: false, optimizeEmptyRequests: true }, this.#handle);
    server.maxConnections = maxConnections;
    server.on('checkContinue', this.#handle);
    // Node would answer 417 by itself; RFC 9110 section 10.1.1 lets a server pass over what it does not know.
    server.on('checkExpectation', this.#handle);
    server.on('connect', (_request, socket) => this.#answerRaw(socket as Socket, connectRefused));
    server.on('clientError', (error: NodeJS.ErrnoException, socket) => this.#answerRaw(socket as Socket, clientFailure(error)));
    server.listen(port, host);
    await once(server, 'listening');
    this.#servers.push(server);
    return (server.address() as AddressInfo).port;
  }

  readonly #handle = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    this.#latest.set(request.socket, request);
    handleRequest(this.#context, request, response);
  };

  /** Not in the middle of another answer, nor for a request that has had one: the caller would take it for that of its next. */
  #mayAnswer(socket: Socket): boolean {
    if (socket.bytesWritten === 0) return true;
    if (this.#latest.get(socket)?.complete === false) return false;
    for (const exchange of this.#context.live) if (exchange.socket === socket) return false;
    return true;
  }

  /** For what never became a request: an answer is written past the parser, and the connection ends. */
  #answerRaw(socket: Socket, failure: Failure | undefined): void {
    if (failure === undefined || !socket.writable || !this.#mayAnswer(socket)) return void socket.destroy();
    this.#context.metrics.refused(failure, undefined);
    this.#context.failures.write(failure, undefined, {});
    const { status, headers, body } = problem(failure);
    const lines = headers.map((text, i) => (i % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');
    socket.end(`HTTP/1.1 ${status} ${http.STATUS_CODES[status] ?? ''}\r\n${lines}Connection: close\r\n\r\n${body}`);
  }
}

const connectRefused: Failure = {
  code: 'invalid_path',
  detail: 'CONNECT is for forward proxies.',
  hint: 'Call http://127.0.0.1:14080/<alias>/<path> instead of setting HTTP_PROXY to this address.',
};

/** Undefined if the caller has gone and there is nobody to answer. */
function clientFailure({ code = '' }: NodeJS.ErrnoException): Failure | undefined {
  if (code === 'HPE_HEADER_OVERFLOW') return { code: 'headers_too_large', detail: 'The headers are larger than 16 KiB.' };
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { code: 'request_timeout', detail: 'The headers did not arrive in time.' };
  if (code.startsWith('HPE_')) return { code: 'malformed_request', detail: `The request is not valid HTTP/1.1: ${code}.` };
  return undefined;
}
