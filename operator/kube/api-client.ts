import * as http from 'node:http';
import * as https from 'node:https';
import type { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../../crds/clock.ts';
import { fieldManager } from '../naming.ts';
import { ApiError, ConnectionError, type Status } from './api-error.ts';
import type { ApiObject } from './api-object.ts';
import { CallLimit } from './call-limit.ts';
import { splitLines } from './split-lines.ts';

/** Longer than the API server lets a request wait in its queues. */
const defaultTimeoutMs = 30_000;
/** Requests beyond that wait their turn; watches do not count. */
const connections = 16;
/** The API server keeps an idle connection for 90 s; one that is closed first by us cannot break under a request. */
const idleConnectionMs = 60_000;
/** With this a connection whose other end is gone without a word is found out by the kernel in about half a minute. */
const probeAfterMs = 15_000;
const largestAnswerBytes = 256 * 1024 * 1024;

export type Query = Readonly<Record<string, string | number | boolean | undefined>>;

export interface ApiRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** From the root: `/api/v1/namespaces/hr/secrets`. */
  readonly path: string;
  readonly query?: Query;
  /** Goes out as JSON. */
  readonly body?: unknown;
  readonly contentType?: string;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface WatchRequest {
  readonly path: string;
  readonly query: Query;
  /** So long a silence ends the watch with `silent`. */
  readonly silenceMs: number;
  readonly signal: AbortSignal;
}

/** As it comes from the server: an unknown type is possible, and of a bookmark's object only the metadata is there. */
export interface WatchEvent<T> {
  readonly type: string;
  readonly object: T;
}

export interface ApiClientOptions {
  readonly clock: Clock;
  readonly userAgent: string;
}

/** A `KubeConfig`, or what is needed of it. */
export type ApiAccess = Pick<KubeConfig, 'getCurrentCluster' | 'applyToHTTPSOptions'>;

/** Where and how a request goes: headers and TLS material, read anew for each, so that a rotated token or certificate is taken up. */
interface Target {
  readonly url: URL;
  readonly options: https.RequestOptions;
  readonly headers: http.OutgoingHttpHeaders;
}

/**
 * The Kubernetes API over HTTP/1.1 connections that are kept. Every call has a time limit. Rejects with `ApiError` for an answer that is no
 * success, with `ConnectionError` for none, and with the signal's reason if that was aborted.
 */
export class ApiClient {
  readonly #access: ApiAccess;
  readonly #clock: Clock;
  readonly #userAgent: string;
  readonly #server: string;
  readonly #transport: typeof http | typeof https;
  readonly #requestAgent: http.Agent;
  readonly #watchAgent: http.Agent;

  /** Throws if the configuration names no cluster. */
  constructor(access: ApiAccess, { clock, userAgent }: ApiClientOptions) {
    const cluster = access.getCurrentCluster();
    if (cluster === null) throw new Error('The configuration names no cluster');
    this.#access = access;
    this.#clock = clock;
    this.#userAgent = userAgent;
    this.#server = cluster.server.replace(/\/+$/, '');
    this.#transport = this.#server.startsWith('https:') ? https : http;
    const options = { keepAlive: true, timeout: idleConnectionMs };
    this.#requestAgent = new this.#transport.Agent({ ...options, maxSockets: connections });
    this.#watchAgent = new this.#transport.Agent(options);
  }

  async request<T>(call: ApiRequest): Promise<T> {
    const limit = new CallLimit(this.#clock, call.signal);
    const { method, path, timeoutMs = defaultTimeoutMs } = call;
    limit.allow(timeoutMs, 'timeout', `No answer to ${method} ${path} within ${timeoutMs / 1000} s`);
    try {
      const response = await this.#sendAgainIfStale(call, limit);
      const text = await readText(response);
      if (!isSuccess(response)) throw answeredError(response, text, mayRepeatSecret(call));
      return parseJson(text) as T;
    } catch (error) {
      throw translated(error, limit.signal);
    } finally {
      limit.end();
    }
  }

  /** Server-side apply as this operator's field manager; takes over fields that another manager owns. */
  apply<T>({ path, object, signal }: { path: string; object: ApiObject; signal?: AbortSignal }): Promise<T> {
    return this.request<T>({
      method: 'PATCH',
      path,
      query: { fieldManager, force: true },
      body: object,
      contentType: 'application/apply-patch+yaml',
      ...(signal && { signal }),
    });
  }

  /** Ends without an error when the server ends the watch in order. An `ERROR` event is handed on like any other. */
  async *watch<T>({ path, query, silenceMs, signal }: WatchRequest): AsyncGenerator<WatchEvent<T>, void, void> {
    const limit = new CallLimit(this.#clock, signal);
    limit.allow(defaultTimeoutMs, 'timeout', `No answer to the watch of ${path} within ${defaultTimeoutMs / 1000} s`);
    const heard = (): void => limit.allow(silenceMs, 'silent', `The watch of ${path} was silent for ${silenceMs / 1000} s`);
    let response: http.IncomingMessage | undefined;
    try {
      response = await this.#send({ method: 'GET', path, query: { ...query, watch: true } }, limit, this.#watchAgent);
      if (!isSuccess(response)) throw answeredError(response, await readText(response), false);
      heard();
      for await (const line of splitLines(eachPiece(response, heard))) {
        if (line.trim() !== '') yield parseJson(line) as WatchEvent<T>;
      }
    } catch (error) {
      throw translated(error, limit.signal);
    } finally {
      limit.end();
      response?.destroy();
    }
  }

  /** Closes the connections; calls under way fail. */
  close(): void {
    this.#requestAgent.destroy();
    this.#watchAgent.destroy();
  }

  /** A kept connection that the server was just closing is no reason to fail, if asking twice does no harm. */
  async #sendAgainIfStale(call: ApiRequest, limit: CallLimit): Promise<http.IncomingMessage> {
    try {
      return await this.#send(call, limit, this.#requestAgent);
    } catch (error) {
      if (call.method === 'POST' || !(error instanceof StaleConnection) || limit.signal.aborted) throw error;
      return await this.#send(call, limit, this.#requestAgent);
    }
  }

  async #send(call: ApiRequest, limit: CallLimit, agent: http.Agent): Promise<http.IncomingMessage> {
    const { url, options, headers } = await this.#target(call, limit);
    const body = call.body === undefined ? undefined : Buffer.from(JSON.stringify(call.body));
    return new Promise((resolve, reject) => {
      const request = this.#transport.request(url, {
        // Only with a proxy is the agent the library's own; it keeps no connections.
        agent,
        ...options,
        method: call.method,
        headers: {
          ...headers,
          accept: 'application/json',
          'user-agent': this.#userAgent,
          ...(body && { 'content-type': call.contentType ?? 'application/json', 'content-length': body.length }),
        },
        signal: limit.signal,
      });
      request.on('socket', (socket) => socket.setKeepAlive(true, probeAfterMs));
      request.on('error', (error) =>
        reject(request.reusedSocket && brokenCodes.has(codeOf(error) ?? '') ? new StaleConnection(error) : error),
      );
      request.on('response', resolve);
      request.end(body);
    });
  }

  async #target({ path, query = {} }: ApiRequest, limit: CallLimit): Promise<Target> {
    const url = new URL(`${this.#server}${path}`);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const options: https.RequestOptions = { headers: {} };
    try {
      await limit.within(this.#access.applyToHTTPSOptions(options));
    } catch (error) {
      if (limit.signal.aborted) throw error;
      // The message may hold what a credential plugin printed.
      throw new ConnectionError(
        'no_credentials',
        `The credentials for the API server cannot be read (${codeOf(error) ?? 'plugin failed'})`,
      );
    }
    if (this.#access.getCurrentCluster()?.proxyUrl === undefined) delete options.agent;
    // They are still the object that was passed in.
    return { url, options, headers: options.headers as http.OutgoingHttpHeaders };
  }
}

const brokenCodes: ReadonlySet<string> = new Set(['ECONNRESET', 'EPIPE']);

class StaleConnection extends Error {
  readonly code = 'ECONNRESET';

  constructor(cause: Error) {
    super('A kept connection was closed', { cause });
  }
}

async function* eachPiece(response: http.IncomingMessage, heard: () => void): AsyncGenerator<string> {
  response.setEncoding('utf8');
  for await (const piece of response as AsyncIterable<string>) {
    heard();
    yield piece;
  }
}

async function readText(response: http.IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of response as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > largestAnswerBytes) throw new ConnectionError('unreadable', 'The answer is too large');
    pieces.push(piece);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's message would repeat the text.
    throw new ConnectionError('unreadable', 'The API server answered something that is not JSON');
  }
}

function isSuccess({ statusCode = 0 }: http.IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300;
}

/** When the server refuses what is written to a Secret, its message may quote it. */
function mayRepeatSecret({ body, path }: ApiRequest): boolean {
  return body !== undefined && /\/secrets(\/|$)/.test(path);
}

function answeredError({ statusCode = 0, headers }: http.IncomingMessage, text: string, withhold: boolean): ApiError {
  const header = Number(headers['retry-after']);
  const retryAfterSeconds = headers['retry-after'] !== undefined && Number.isFinite(header) ? header : undefined;
  let status: Status = {};
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed === 'object' && parsed !== null && 'kind' in parsed && parsed.kind === 'Status') status = parsed as Status;
  } catch {
    // Something in between answered.
  }
  if (!withhold) return new ApiError(statusCode, status, retryAfterSeconds);
  const { message: _, ...rest } = status;
  return new ApiError(statusCode, rest, retryAfterSeconds);
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function translated(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted) return signal.reason;
  if (error instanceof ApiError || error instanceof ConnectionError) return error;
  return new ConnectionError(codeOf(error) ?? 'unexpected', error instanceof Error ? error.message : 'The connection failed');
}
