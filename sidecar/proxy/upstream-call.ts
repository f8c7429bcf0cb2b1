import type { Dispatcher } from 'undici';
import { isBrokenConnection } from '../net/connection-problem.ts';
import type { ConnectionAware, CountedClient } from '../net/counted-client.ts';
import type { RawHeaders } from '../net/passed-request.ts';
import type { Deadlines, Expiring } from './deadlines.ts';
import { isIdempotent } from './is-idempotent.ts';

/** The beginning of the API's answer, its headers as they came. */
export interface AnswerHead {
  readonly status: number;
  /** Empty if it is in letters that cannot be passed on: the client reads it as UTF-8. */
  readonly statusText: string;
  readonly rawHeaders: readonly Buffer[];
}

/** Who wants the answer; told in this order, `callFailed` at any point and last. */
export interface CallOwner {
  requestStarted(): void;
  informed(head: AnswerHead): void;
  answerStarted(head: AnswerHead): void;
  answerData(chunk: Buffer): void;
  answerEnded(rawTrailers: readonly Buffer[]): void;
  callFailed(error: Error): void;
}

/** So much of an unwanted answer is read to keep its connection; a longer one costs it. */
const discardLimit = 64 * 1024;
/** And for so long. */
const discardTimeoutMs = 10_000;

/** What Node does not write in a reason phrase. */
const unprintable = /[^\t\x20-\x7e\x80-\xff]/;

/** One request to the API: undici's handler, without promises and streams. It can lose its owner at any time and then ends by itself. */
export class UpstreamCall implements Dispatcher.DispatchHandler, ConnectionAware, Expiring {
  /** For the rest of an unwanted answer. */
  deadline = Infinity;
  connection: CountedClient | undefined;
  /** The request has begun to go out: until then an idle connection that it waits for may break. */
  started = false;
  /** It went out on a connection that had served before. */
  reused = false;
  /** A byte of the answer has come. */
  answered = false;
  #owner: CallOwner | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #discarded = 0;
  #deadlines: Deadlines | undefined;
  #over = false;

  constructor(owner: CallOwner) {
    this.#owner = owner;
  }

  /** Whether it may be sent again after this error: nothing is done twice that must not be. */
  isRepeatable(error: Error, method: string | undefined): boolean {
    if (!this.started && isBrokenConnection(error)) return true;
    return this.reused && !this.answered && isIdempotent(method);
  }

  pause(): void {
    this.#controller?.pause();
  }

  resume(): void {
    this.#controller?.resume();
  }

  /** Nobody wants the answer any more and the request must stop. */
  abort(): void {
    this.#owner = undefined;
    this.#controller?.abort(new Error('The call is no longer wanted'));
  }

  /** Nobody wants the answer, but the connection is of further use. */
  discard(deadlines: Deadlines): void {
    this.#owner = undefined;
    if (this.#over) return;
    this.#deadlines = deadlines;
    this.deadline = deadlines.in(discardTimeoutMs);
    deadlines.add(this);
    this.resume();
  }

  expire(): void {
    this.abort();
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    this.started = true;
    if (this.connection !== undefined) this.reused = this.connection.requests++ > 0;
    if (this.#owner === undefined) controller.abort(new Error('The call is no longer wanted'));
    else this.#owner.requestStarted();
  }

  onResponseStarted(): void {
    this.answered = true;
  }

  onResponseStart(_controller: Dispatcher.DispatchController, status: number, headers: unknown, statusText = ''): void {
    const head = { status, statusText: unprintable.test(statusText) ? '' : statusText, rawHeaders: (headers as RawHeaders).raw };
    if (status < 200) this.#owner?.informed(head);
    else this.#owner?.answerStarted(head);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#owner !== undefined) return this.#owner.answerData(chunk);
    this.#discarded += chunk.length;
    if (this.#discarded > discardLimit) controller.abort(new Error('The rest of the answer is not wanted'));
  }

  onResponseEnd(controller: Dispatcher.DispatchController): void {
    this.#end();
    this.#owner?.answerEnded((controller.rawTrailers ?? []) as Buffer[]);
  }

  onResponseError(_controller: Dispatcher.DispatchController | null, error: Error): void {
    this.#end();
    this.#owner?.callFailed(error);
  }

  #end(): void {
    this.#over = true;
    this.#deadlines?.delete(this);
  }
}
