import type { IncomingMessage } from 'node:http';
import { giveBack } from '../net/give-back.ts';
import { noBody, type OutgoingBody } from '../net/outgoing-request.ts';
import type { CallerBody } from './caller-body.ts';
import type { RequestHead } from './scan-head.ts';
import { Upload } from './upload.ts';

/** Bodies up to this size can be sent twice: after a 401, or when a reused connection breaks. */
const replayLimit = 64 * 1024;
/** In one write; more are made one. */
const mostParts = 16;

/** A caller's body. A small one is read whole first: it can then be sent again, and goes out in one write. Any other is streamed. */
export class RequestBody implements CallerBody {
  readonly kind: CallerBody['kind'];
  readonly #contentLength: number | undefined;
  readonly #request: IncomingMessage;
  readonly #onProgress: () => void;
  #whole: readonly Buffer[] | undefined;
  #upload: Upload | undefined;

  /** `onProgress` is called whenever the caller has sent something. */
  constructor(request: IncomingMessage, { contentLength, chunked }: RequestHead, onProgress: () => void) {
    this.#request = request;
    this.#onProgress = onProgress;
    const empty = !chunked && (contentLength === undefined || contentLength === '0');
    this.kind = empty ? 'none' : !chunked && Number(contentLength) <= replayLimit ? 'whole' : 'stream';
    this.#contentLength = contentLength === undefined ? undefined : Number(contentLength);
  }

  read(done: () => void): void {
    const chunks: Buffer[] = [];
    this.#request.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      this.#onProgress();
    });
    this.#request.on('end', () => {
      this.#whole = chunks.length > mostParts ? [Buffer.concat(chunks)] : chunks;
      done();
    });
  }

  content(): OutgoingBody {
    if (this.kind === 'none') return noBody;
    if (this.kind === 'whole') return { ...noBody, body: this.#whole ?? [] };
    if (this.#upload !== undefined) return { ...noBody, body: this.#upload.recorded() ?? [] };
    this.#upload = new Upload(this.#request, replayLimit, this.#onProgress);
    return { body: [], stream: this.#upload, contentLength: this.#contentLength };
  }

  get replayable(): boolean {
    return this.kind !== 'stream' || this.#upload?.recorded() !== undefined;
  }

  get complete(): boolean {
    return this.kind === 'none' || this.#whole !== undefined || this.#upload?.complete === true;
  }

  get callerIsSlow(): boolean {
    return !this.complete && this.#upload?.blocked !== true;
  }

  done(): void {
    for (const part of this.#whole ?? []) giveBack(part);
    this.#whole = [];
    this.destroy();
  }

  destroy(): void {
    this.#upload?.stop();
  }
}
