import type { IncomingMessage } from 'node:http';
import type { BodySink } from '../net/http-connection.ts';
import { giveBack } from '../net/give-back.ts';
import type { StreamedBody } from '../net/outgoing-request.ts';

/**
 * A caller's body on its way up, with backpressure. When the API answers early or goes away it stops, and that must not cut the caller off
 * before it has its answer: what is left is read and dropped.
 */
export class Upload implements StreamedBody {
  readonly #request: IncomingMessage;
  readonly #limit: number;
  readonly #onProgress: () => void;
  #sink: BodySink | undefined;
  #recorded: Buffer[] | undefined = [];
  #size = 0;
  #ended = false;

  /** `limit`: so many bytes are kept for a replay; `onProgress` is called with each chunk and at the end. */
  constructor(request: IncomingMessage, limit: number, onProgress: () => void) {
    this.#request = request;
    this.#limit = limit;
    this.#onProgress = onProgress;
    request.pause();
    request.on('data', this.#take);
    request.on('end', this.#end);
  }

  /** All has been read from the caller. */
  get complete(): boolean {
    return this.#ended;
  }

  /** The caller has nothing to say at the moment because the API does not read. */
  get blocked(): boolean {
    return this.#request.isPaused();
  }

  /** The whole body, if it has ended and was small enough to keep. */
  recorded(): readonly Buffer[] | undefined {
    return this.#ended ? this.#recorded : undefined;
  }

  flow(to: BodySink): void {
    this.#sink = to;
    this.#request.resume();
  }

  drained(): void {
    if (this.#request.isPaused()) this.#request.resume();
  }

  stop(): void {
    this.#sink = undefined;
    this.#request.off('data', this.#take);
    this.#request.off('end', this.#end);
    this.#request.resume();
  }

  readonly #take = (chunk: Buffer): void => {
    this.#size += chunk.length;
    if (this.#size > this.#limit) this.#recorded = undefined;
    else this.#recorded?.push(chunk);
    if (this.#sink?.write(chunk) === false) this.#request.pause();
    else if (this.#recorded === undefined && this.#sink?.flushed === true) giveBack(chunk);
    this.#onProgress();
  };

  readonly #end = (): void => {
    this.#ended = true;
    this.#sink?.end();
    this.#onProgress();
  };
}
