import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';

/**
 * A caller's body on its way up, with backpressure. It is a stream of its own, because the client that sends it destroys it when the API
 * answers early or goes away, and that must not cut the caller off before it has its answer: what is left is read and dropped.
 */
export class Upload extends Readable {
  readonly #request: IncomingMessage;
  readonly #limit: number;
  readonly #onProgress: () => void;
  #recorded: Buffer[] | undefined = [];
  #size = 0;
  #ended = false;

  /** `limit`: so many bytes are kept for a replay; `onProgress` is called with each chunk and at the end. */
  constructor(request: IncomingMessage, limit: number, onProgress: () => void) {
    super({ highWaterMark: 64 * 1024 });
    this.#request = request;
    this.#limit = limit;
    this.#onProgress = onProgress;
    request.on('data', this.#take);
    request.on('end', this.#end);
    request.pause();
    // Whoever destroyed it knows why; without a listener the process would end.
    this.on('error', () => {});
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
  recorded(): Buffer | undefined {
    return this.#ended && this.#recorded !== undefined ? Buffer.concat(this.#recorded) : undefined;
  }

  override _read(): void {
    this.#request.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#request.off('data', this.#take);
    this.#request.off('end', this.#end);
    this.#request.resume();
    callback(error);
  }

  readonly #take = (chunk: Buffer): void => {
    this.#size += chunk.length;
    if (this.#size > this.#limit) this.#recorded = undefined;
    else this.#recorded?.push(chunk);
    if (!this.push(chunk)) this.#request.pause();
    this.#onProgress();
  };

  readonly #end = (): void => {
    this.#ended = true;
    this.push(null);
    this.#onProgress();
  };
}
