import type { AnswerHead } from '../../sidecar/net/answer-reader.ts';
import type { QueuedCall } from '../../sidecar/net/connection-pool.ts';
import type { DestinationPool, PoolRequest } from '../../sidecar/net/destinations.ts';
import type { HttpConnection } from '../../sidecar/net/http-connection.ts';
import { noBody } from '../../sidecar/net/outgoing-request.ts';

export interface ReadAnswer {
  readonly head: AnswerHead;
  readonly informed: readonly AnswerHead[];
  readonly body: Buffer;
  readonly trailers: readonly string[];
}

/** How a call takes its answer. */
export interface Taking {
  /**
   * `copied`: each chunk at once, so that its memory may be used again. `kept`: chunks as they are, until the end. `slow`: kept, and
   * with a pause after each read, as for a caller that does not read.
   */
  readonly chunks?: 'copied' | 'kept' | 'slow';
  /** It gives up after so many bytes of the answer; 0 for as soon as it has begun to go out. */
  readonly abortAfter?: number | undefined;
}

/** One call of the HTTP client, as a promise. */
export class ClientCallRecord implements QueuedCall {
  isWanted = true;
  /** Whether the request went out on a connection that had served before. */
  reused: boolean | undefined;
  readonly #taking: Taking;
  readonly #outcome = Promise.withResolvers<ReadAnswer | 'aborted'>();
  readonly #informed: AnswerHead[] = [];
  readonly #chunks: Buffer[] = [];
  #length = 0;
  #head: AnswerHead | undefined;
  #connection: HttpConnection | undefined;

  constructor(taking: Taking = {}) {
    this.#taking = taking;
  }

  get outcome(): Promise<ReadAnswer | 'aborted'> {
    return this.#outcome.promise;
  }

  abort(): void {
    this.isWanted = false;
    this.#connection?.abort(this);
    this.#connection = undefined;
    this.#outcome.resolve('aborted');
  }

  requestStarted(connection: HttpConnection, reused: boolean): boolean {
    this.#connection = connection;
    this.reused = reused;
    if (this.#taking.abortAfter === 0) setImmediate(() => this.abort());
    return this.isWanted;
  }

  answerBegun(): void {}

  answerInformed(head: AnswerHead): void {
    this.#informed.push(head);
  }

  answerStarted(head: AnswerHead): void {
    this.#head = head;
  }

  answerData(chunk: Buffer): void {
    this.#chunks.push((this.#taking.chunks ?? 'copied') === 'copied' ? Buffer.from(chunk) : chunk);
    this.#length += chunk.length;
    if (this.#taking.abortAfter !== undefined && this.#length > this.#taking.abortAfter) return this.abort();
    if (this.#taking.chunks !== 'slow') return;
    this.#connection?.pause();
    setImmediate(() => this.#connection?.resume());
  }

  answerPassed(): boolean {
    return (this.#taking.chunks ?? 'copied') === 'copied';
  }

  answerEnded(trailers: readonly string[]): void {
    this.#connection = undefined;
    if (this.#head === undefined) return this.#outcome.reject(new Error('an answer without a head'));
    this.#outcome.resolve({ head: this.#head, informed: this.#informed, body: Buffer.concat(this.#chunks), trailers });
  }

  callFailed(error: Error): void {
    this.#connection = undefined;
    if (this.isWanted) this.#outcome.reject(error);
  }
}

export const get = (path: string, more: Partial<PoolRequest> = {}): PoolRequest => ({
  ...noBody,
  method: 'GET',
  path,
  host: undefined,
  headers: [],
  ...more,
});

/** Sends one request and reads its answer. */
export async function send(
  pool: DestinationPool,
  request: PoolRequest,
  taking?: Taking,
): Promise<ReadAnswer & { readonly reused: boolean | undefined }> {
  const call = new ClientCallRecord(taking);
  pool.dispatch(request, call);
  const outcome = await call.outcome;
  if (outcome === 'aborted') throw new Error('the call was aborted');
  return { ...outcome, reused: call.reused };
}
