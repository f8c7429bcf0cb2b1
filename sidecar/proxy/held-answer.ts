import { brotliDecompressSync, constants, gunzipSync, inflateSync } from 'node:zlib';
import type { Failure } from '../failure.ts';
import type { AnswerHead } from '../net/answer-reader.ts';

/** How long an answer is kept back to see whether it refuses the token. */
export const doubtMs = 2_000;
/** So much of an answer is looked at to see whether it refuses the token. */
const examinedBytes = 4096;
/** What that much may become when it is decompressed. */
const longestExamined = 1024 * 1024;

/** SuccessFactors says by this that it does not know the token (any more), under one status or another. */
const refusalCode = 'LGN0022';

/** The beginning of an answer that is kept back: the call may be worth another try with a fresh token. */
export class HeldAnswer {
  readonly head: AnswerHead;
  readonly chunks: Buffer[] = [];
  /** There once the answer has ended. */
  trailers: readonly string[] | undefined;
  failure: Failure | undefined;
  #judge: ((held: HeldAnswer) => void) | undefined;
  #size = 0;

  /** `judge`: only its body can tell whether it refuses the token; called once, as soon as there is enough of it. */
  constructor(head: AnswerHead, judge?: (held: HeldAnswer) => void) {
    this.head = head;
    this.#judge = judge;
  }

  add(chunk: Buffer): void {
    // The client reads on into the same memory.
    this.chunks.push(Buffer.from(chunk));
    this.#size += chunk.length;
    if (this.#size >= examinedBytes) this.decide();
  }

  end(rawTrailers: readonly string[]): void {
    this.trailers = rawTrailers;
    this.decide();
  }

  fail(failure: Failure): void {
    this.failure = failure;
    this.decide();
  }

  /** By what there is now. */
  decide(): void {
    const judge = this.#judge;
    this.#judge = undefined;
    judge?.(this);
  }

  get refusesToken(): boolean {
    const bytes = Buffer.concat(this.chunks);
    return decoded(bytes.subarray(0, examinedBytes), this.#coding()).includes(refusalCode);
  }

  #coding(): string {
    const { rawHeaders } = this.head;
    const at = rawHeaders.findIndex((name, i) => i % 2 === 0 && name.toLowerCase() === 'content-encoding');
    return at === -1
      ? 'identity'
      : String(rawHeaders[at + 1])
          .trim()
          .toLowerCase();
  }
}

type Decode = (bytes: Buffer) => Buffer;

/** They take a beginning for the whole. */
const decoders: Readonly<Record<string, Decode>> = {
  identity: (bytes) => bytes,
  gzip: (bytes) => gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: longestExamined }),
  deflate: (bytes) => inflateSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: longestExamined }),
  br: (bytes) => brotliDecompressSync(bytes, { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength: longestExamined }),
};

/** Empty if it cannot be read: such an answer is then passed on as any other. */
function decoded(bytes: Buffer, coding: string): Buffer {
  const decode = Object.hasOwn(decoders, coding) ? decoders[coding] : undefined;
  try {
    return decode?.(bytes) ?? Buffer.alloc(0);
  } catch {
    return Buffer.alloc(0);
  }
}
