import type { Dispatcher } from 'undici';
import { Request } from './undici-client.ts';

/** Headers of a request that are known to be valid, none of which concerns the connection or the framing. */
export interface PassedHeaders {
  /** A flat list. */
  readonly list: string[];
  /** Undefined for the origin's. */
  readonly host: string | undefined;
  /** Of a body whose length the client cannot know; undefined for chunks. */
  readonly contentLength: number | undefined;
}

/** What a handler gets for an answer's headers: name, value, name, value. */
export interface RawHeaders {
  readonly raw: readonly Buffer[];
}

/** What is dispatched: `passed` takes the place of `headers`. */
export interface PassedOptions extends Dispatcher.DispatchOptions {
  readonly passed?: PassedHeaders;
}

/**
 * undici's request for what a proxy passes on: it checks no header that has been checked where it came from (the server's parser, the
 * route, the token's reader), and parses none of the answer's, which are passed on as they came.
 */
export class PassedRequest extends Request {
  constructor(origin: string, options: PassedOptions, { list, host, contentLength }: PassedHeaders, handler: Dispatcher.DispatchHandler) {
    super(origin, options, handler);
    this.headers = list;
    if (host !== undefined) this.host = host;
    if (contentLength !== undefined) this.contentLength = contentLength;
  }

  /** The handler gets them as they came: undici parses an array, and hands on anything else. */
  override onResponseStart(statusCode: number, raw: Buffer[], resume: () => void, statusText: string): boolean {
    const headers: RawHeaders = { raw };
    return super.onResponseStart(statusCode, headers, resume, statusText);
  }
}

const nobody: Dispatcher.DispatchHandler = {
  onRequestStart: () => {},
  onResponseStart: () => {},
  onResponseData: () => {},
  onResponseEnd: () => {},
  onResponseError: () => {},
};

/**
 * Takes apart and checks headers that a configuration sets, as undici would at each request: a flat list. Throws if one is not valid, or
 * concerns the connection.
 */
export function checkHeaders(headers: readonly string[]): { readonly list: readonly string[]; readonly host: string | undefined } {
  const { headers: list, host } = new Request('http://localhost', { path: '/', method: 'GET', headers: [...headers] }, nobody);
  return { list, host: host ?? undefined };
}
