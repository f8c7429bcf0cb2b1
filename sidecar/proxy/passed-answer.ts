import type { ServerResponse } from 'node:http';
import type { Flushable, HeadFlusher } from './head-flusher.ts';
import { headerPairs, responseHeaders } from './response-headers.ts';
import type { Route } from './route.ts';
import type { AnswerHead } from './upstream-call.ts';

/** The API's answer on its way to the caller. */
export class PassedAnswer implements Flushable {
  readonly #response: ServerResponse;
  readonly #route: Route;
  /** By which the caller knows the proxy. */
  readonly #host: string;
  #bodyBegun = false;

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

  begin({ status, statusText, rawHeaders }: AnswerHead, flusher: HeadFlusher): void {
    this.#response.writeHead(status, statusText, this.#headers(rawHeaders));
    flusher.add(this);
  }

  flushHead(): void {
    if (!this.#bodyBegun && !this.#response.closed) this.#response.flushHeaders();
  }

  /** Says whether more may follow at once. */
  write(chunk: Buffer): boolean {
    this.#bodyBegun = true;
    return this.#response.write(chunk);
  }

  end(rawTrailers: readonly Buffer[]): void {
    this.#bodyBegun = true;
    if (rawTrailers.length > 0) this.#response.addTrailers(headerPairs(this.#headers(rawTrailers)));
    this.#response.end();
  }

  #headers(raw: readonly Buffer[]): string[] {
    const { baseUrl, basePath, alias } = this.#route;
    return responseHeaders(raw, { baseUrl, basePath, alias, host: this.#host });
  }
}
