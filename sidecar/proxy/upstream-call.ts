import type { AnswerHead } from '../net/answer-reader.ts';
import { isBrokenConnection } from '../net/connection-problem.ts';
import type { QueuedCall } from '../net/connection-pool.ts';
import type { HttpConnection } from '../net/http-connection.ts';
import type { Deadlines, Expiring } from './deadlines.ts';
import { isIdempotent } from './is-idempotent.ts';

/** Who wants the answer; told in this order, `callFailed` at any point and last. */
export interface CallOwner {
  requestStarted(): void;
  informed(head: AnswerHead): void;
  answerStarted(head: AnswerHead): void;
  /** It may be overwritten once `answerPassed` has said so. */
  answerData(chunk: Buffer): void;
  answerEnded(rawTrailers: readonly string[]): void;
  /** All that was read at once has been told. Says whether its chunks are no longer needed. */
  answerPassed(): boolean;
  callFailed(error: Error): void;
}

/** So much of an unwanted answer is read to keep its connection; a longer one costs it. */
const discardLimit = 64 * 1024;
/** And for so long. */
const discardTimeoutMs = 10_000;

/** One request to the API, without promises and streams. It can lose its owner at any time and then ends by itself. */
export class UpstreamCall implements QueuedCall, Expiring {
  /** For the rest of an unwanted answer. */
  deadline = Infinity;
  /** The request has begun to go out: until then an idle connection that it waits for may break. */
  started = false;
  /** A byte of the answer has come. */
  answered = false;
  /** All of the request has left this side. */
  sent = false;
  /** It went out on a connection that had served before. */
  #reused = false;
  #owner: CallOwner | undefined;
  #connection: HttpConnection | undefined;
  #discarded = 0;
  #deadlines: Deadlines | undefined;
  #over = false;

  constructor(owner: CallOwner) {
    this.#owner = owner;
  }

  get isWanted(): boolean {
    return this.#owner !== undefined;
  }

  /** Whether it may be sent again after this error: nothing is done twice that must not be. */
  isRepeatable(error: Error, method: string | undefined): boolean {
    if (!this.started && isBrokenConnection(error)) return true;
    return this.#reused && !this.answered && isIdempotent(method);
  }

  pause(): void {
    this.#connection?.pause();
  }

  resume(): void {
    this.#connection?.resume();
  }

  /** The caller has taken all that there was. */
  passed(): void {
    this.#connection?.passed(this);
  }

  /** Nobody wants the answer any more and the request must stop. */
  abort(): void {
    this.#owner = undefined;
    this.#connection?.abort(this);
    this.#end();
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

  requestStarted(connection: HttpConnection, reused: boolean): boolean {
    this.#connection = connection;
    this.started = true;
    this.#reused = reused;
    this.#owner?.requestStarted();
    return this.isWanted;
  }

  answerBegun(): void {
    this.answered = true;
  }

  answerInformed(head: AnswerHead): void {
    this.#owner?.informed(head);
  }

  answerStarted(head: AnswerHead): void {
    this.#owner?.answerStarted(head);
  }

  answerData(chunk: Buffer): void {
    if (this.#owner !== undefined) return this.#owner.answerData(chunk);
    this.#discarded += chunk.length;
    if (this.#discarded > discardLimit) this.abort();
  }

  answerEnded(rawTrailers: readonly string[]): void {
    this.sent = this.#connection?.flushed === true;
    this.#end();
    this.#owner?.answerEnded(rawTrailers);
  }

  answerPassed(): boolean {
    return this.#owner?.answerPassed() ?? true;
  }

  callFailed(error: Error): void {
    this.#end();
    this.#owner?.callFailed(error);
  }

  /** The connection is another's now, or gone. */
  #end(): void {
    this.#over = true;
    this.#connection = undefined;
    this.#deadlines?.delete(this);
  }
}
