import type { AnswerHead } from './answer-reader.ts';
import type { QueuedCall } from './connection-pool.ts';
import type { DestinationPool, PoolRequest } from './destinations.ts';
import { GatheredBytes } from './gathered-bytes.ts';
import type { HttpConnection } from './http-connection.ts';

export interface WholeAnswer {
  readonly status: number;
  /** By lower-case names. */
  readonly headers: Readonly<Record<string, string | string[]>>;
  readonly body: Buffer;
}

export interface AskOptions {
  /** So many bytes of the answer's body are read: then its connection ends. */
  readonly longest: number;
  readonly signal: AbortSignal;
  /** Told when the answer's headers are there. With it, what has come by then or later counts, however the rest of the body ends. */
  readonly begun?: () => void;
}

/** Sends one request and reads its answer whole. Rejects once the signal is aborted. */
export function ask(pool: DestinationPool, request: PoolRequest, options: AskOptions): Promise<WholeAnswer> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    const call = new Question(options, resolve, reject);
    if (signal.aborted) return call.giveUp();
    signal.addEventListener('abort', () => call.giveUp(), { once: true });
    pool.dispatch(request, call);
  });
}

class Question implements QueuedCall {
  isWanted = true;
  readonly #longest: number;
  readonly #begun: (() => void) | undefined;
  readonly #resolve: (answer: WholeAnswer) => void;
  readonly #reject: (error: Error) => void;
  readonly #bytes = new GatheredBytes();
  #left: number;
  #connection: HttpConnection | undefined;
  #head: AnswerHead | undefined;

  constructor({ longest, begun }: AskOptions, resolve: (answer: WholeAnswer) => void, reject: (error: Error) => void) {
    this.#longest = longest;
    this.#left = longest;
    this.#begun = begun;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  giveUp(): void {
    this.#end();
    this.#fail(new Error('aborted'));
  }

  requestStarted(connection: HttpConnection): boolean {
    if (this.isWanted) this.#connection = connection;
    return this.isWanted;
  }

  answerBegun(): void {}

  answerInformed(): void {}

  answerStarted(head: AnswerHead): void {
    this.#head = head;
    this.#begun?.();
  }

  answerData(chunk: Buffer): void {
    // The client reads on into the same memory.
    this.#bytes.add(Buffer.from(chunk));
    this.#left -= chunk.length;
    if (this.#left > 0) return;
    this.#end();
    this.#succeed();
  }

  answerPassed(): boolean {
    return true;
  }

  answerEnded(): void {
    this.#connection = undefined;
    this.#succeed();
  }

  callFailed(error: Error): void {
    this.#connection = undefined;
    this.#fail(error);
  }

  #fail(error: Error): void {
    if (this.#begun !== undefined && this.#head !== undefined) this.#succeed();
    else this.#reject(error);
  }

  #end(): void {
    this.isWanted = false;
    this.#connection?.abort(this);
    this.#connection = undefined;
  }

  #succeed(): void {
    if (this.#head === undefined) return;
    const { status, rawHeaders } = this.#head;
    this.#resolve({ status, headers: byName(rawHeaders), body: this.#bytes.whole().subarray(0, this.#longest) });
  }
}

function byName(raw: readonly string[]): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = Object.create(null) as Record<string, string | string[]>;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] as string).toLowerCase();
    const value = raw[i + 1] as string;
    const before = headers[name];
    headers[name] = before === undefined ? value : [...(Array.isArray(before) ? before : [before]), value];
  }
  return headers;
}
