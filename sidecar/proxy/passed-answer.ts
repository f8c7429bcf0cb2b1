import type { ServerResponse } from 'node:http';
import { headerPairs, responseHeaders } from './response-headers.ts';
import type { Route } from './route.ts';
import type { AnswerHead } from '../net/answer-reader.ts';

/** The API's answer on its way to the caller. */
export class PassedAnswer {
  readonly #response: ServerResponse;
  readonly #route: Route;
  /** By which the caller knows the proxy. */
  readonly #host: string;
  #bodyBegun = false;
  #headFlushed = false;

  constructor(response: ServerResponse, route: Route, host: string) {
    this.#response = response;
    this.#route = route;
    this.#host = host;
  }

  /** An answer before the answer (RFC 9110 section 15.2). */
  inform({ status, rawHeaders }: AnswerHead): void {
    if (this.#response.req.httpVersion === '1.0') return;
    // Not there in older Nodes; a caller must do without informational answers anyway.
    this.#response.writeInformation?.(status, this.#headers(rawHeaders));
  }

  begin({ status, statusText, rawHeaders }: AnswerHead): void {
    this.#response.writeHead(status, statusText, this.#headers(rawHeaders));
  }

  /**
   * Writes what there is: the headers together with the first of the body, if it has come, for that is one system call less. Says whether
   * nothing of it is left on this side.
   */
  flush(): boolean {
    const response = this.#response;
    if (!response.headersSent) return true;
    if (this.#bodyBegun) response.socket?.uncork();
    else if (!this.#headFlushed && !response.closed) {
      this.#headFlushed = true;
      response.flushHeaders();
    }
    return response.writableLength === 0;
  }

  /** The caller has more before it than it should; `drain` will say when it has not. */
  get isFull(): boolean {
    return this.#response.writableLength >= this.#response.writableHighWaterMark;
  }

  write(chunk: Buffer): void {
    this.#bodyBegun = true;
    this.#response.write(chunk);
  }

  end(rawTrailers: readonly string[]): void {
    this.#bodyBegun = true;
    if (rawTrailers.length > 0) this.#response.addTrailers(headerPairs(this.#headers(rawTrailers)));
    this.#response.end();
  }

  #headers(raw: readonly string[]): string[] {
    const { baseUrl, basePath, alias } = this.#route;
    return responseHeaders(raw, { baseUrl, basePath, alias, host: this.#host });
  }
}
