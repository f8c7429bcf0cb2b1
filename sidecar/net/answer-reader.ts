import { answerFraming } from './answer-framing.ts';
import { ClientError } from './client-error.ts';
import { FieldReader, longestHeadBytes, malformed, tooLarge } from './field-reader.ts';
import { valueBytes } from './field-bytes.ts';

/** The beginning of an answer. */
export interface AnswerHead {
  readonly status: number;
  /** Each of its characters is a byte of what came, as in the headers. */
  readonly statusText: string;
  /** A flat list, in order and spelling as it came. */
  readonly rawHeaders: readonly string[];
}

/** Is told of an answer in this order: any number of informational heads, the head, chunks, the end. */
export interface AnswerSink {
  /** Its first byte is there. */
  answerBegun(): void;
  answerInformed(head: AnswerHead): void;
  answerStarted(head: AnswerHead): void;
  /** The chunk is part of what was read, and may be overwritten with the next. */
  answerData(chunk: Buffer): void;
  answerEnded(rawTrailers: readonly string[]): void;
}

const lf = 0x0a;
const cr = 0x0d;
const space = 0x20;
const semicolon = 0x3b;
const zero = 0x30;

const protocol = 'HTTP/1.';
/** Of the hexadecimal size of a chunk: more could not be counted. */
const mostSizeDigits = 13;
/** A chunk's extensions, which are dropped. */
const longestExtension = 4096;
/** Of all informational heads before an answer: they are passed on even if nobody reads them. */
const longestInformationBytes = 64 * 1024;

/** Where in an answer the next byte belongs. */
type Place =
  | 'before'
  | 'status line'
  | 'fields'
  | 'counted'
  | 'rest'
  | 'size'
  | 'extension'
  | 'size LF'
  | 'chunk'
  | 'chunk CR'
  | 'chunk LF'
  | 'trailers'
  | 'over';

/** Reads one answer after the other from the bytes of a connection (RFC 9112), however they are cut into chunks. */
export class AnswerReader {
  /** By what this answer said; the default for those that say nothing. */
  keepAliveMs: number | undefined;
  /** The connection may be used again after this answer. */
  keepAlive = false;
  readonly #sink: AnswerSink;
  readonly #fields = new FieldReader();
  #place: Place = 'over';
  #method = '';
  #status = 0;
  #statusText = '';
  #isHttp10 = false;
  /** The beginning of a line whose end has not come. */
  #partial: Buffer | undefined;
  /** Of the body, or of this chunk. */
  #left = 0;
  /** Digits of a size, or bytes of extensions. */
  #counted = 0;
  /** Bytes of informational heads. */
  #informed = 0;

  constructor(sink: AnswerSink) {
    this.#sink = sink;
  }

  /** Of a request with this method. */
  begin(method: string): void {
    this.#method = method;
    this.#place = 'before';
    this.#partial = undefined;
    this.#informed = 0;
  }

  get over(): boolean {
    return this.#place === 'over';
  }

  /** Nothing more of this answer is told. */
  stop(): void {
    this.#place = 'over';
    this.keepAlive = false;
  }

  /** The connection has ended in order: so has an answer without a length. */
  finish(): void {
    if (this.#place !== 'rest') throw new ClientError('CONNECTION_CLOSED', 'The connection was closed before the answer was whole');
    this.#end([]);
  }

  /** Says how many of the bytes are not part of this answer. */
  read(chunk: Buffer): number {
    const bytes = this.#partial === undefined ? chunk : Buffer.concat([this.#partial, chunk]);
    this.#partial = undefined;
    const end = bytes.length;
    let at = 0;
    while (at < end && !this.over) {
      const next = this.#step(bytes, at, end);
      if (next === at && this.#isInLine()) {
        // What was read may be overwritten.
        this.#partial = Buffer.from(bytes.subarray(at));
        return 0;
      }
      at = next;
    }
    return end - at;
  }

  #isInLine(): boolean {
    return this.#place === 'status line' || this.#place === 'fields' || this.#place === 'trailers';
  }

  #step(bytes: Buffer, at: number, end: number): number {
    if (this.#place === 'before') {
      this.#place = 'status line';
      if (bytes[at] === 0x48) this.#sink.answerBegun();
    }
    switch (this.#place) {
      case 'status line':
        return this.#readStatusLine(bytes, at, end);
      case 'fields':
        return this.#readFields(bytes, at, end);
      case 'counted':
      case 'chunk':
      case 'rest':
        return this.#readBody(bytes, at, end);
      case 'trailers':
        return this.#readTrailers(bytes, at, end);
      case 'size':
      case 'extension':
      case 'size LF':
      case 'chunk CR':
      case 'chunk LF':
        return this.#readChunkLine(bytes, at, end);
      case 'over':
        return at;
      default:
        return this.#place satisfies never;
    }
  }

  /** RFC 9112 section 4. Each byte is judged as soon as it is there: what is no HTTP may never end a line. */
  #readStatusLine(bytes: Buffer, from: number, end: number): number {
    const limit = from + longestHeadBytes;
    const stop = Math.min(end, limit);
    for (let i = 0; i < 12; i++) {
      if (from + i === stop) return from;
      const byte = bytes[from + i] as number;
      if (i < 7 ? byte !== protocol.charCodeAt(i) : !fitsStatusLine(i, byte)) throw malformed('its status line');
    }
    let at = from + 12;
    if (at < stop && bytes[at] !== cr && bytes[at] !== space) throw malformed('its status line');
    while (at < stop && valueBytes[bytes[at] as number] === 1) at++;
    if (at < stop && bytes[at] !== cr) throw malformed('its status line');
    if (at + 1 >= stop) {
      if (stop === limit) throw tooLarge();
      return from;
    }
    if (bytes[at + 1] !== lf) throw malformed('its status line');
    this.#isHttp10 = bytes[from + 7] === zero;
    this.#status = (bytes[from + 9] as number) * 100 + (bytes[from + 10] as number) * 10 + (bytes[from + 11] as number) - zero * 111;
    this.#statusText = at > from + 13 ? bytes.toString('latin1', from + 13, at) : '';
    this.#place = 'fields';
    this.#fields.begin(at + 2 - from);
    return at + 2;
  }

  #readFields(bytes: Buffer, from: number, end: number): number {
    const at = this.#fields.read(bytes, from, end);
    if (this.#fields.complete) this.#headRead();
    return at;
  }

  #headRead(): void {
    const rawHeaders = this.#fields.fields;
    const head: AnswerHead = { status: this.#status, statusText: this.#statusText, rawHeaders };
    if (this.#status < 200) {
      // Nothing is sent that asks for either (RFC 9110 sections 10.1.1 and 7.8).
      if (this.#status <= 101) throw malformed('it says to go on, or to change the protocol, unasked');
      this.#informed += this.#fields.size;
      if (this.#informed > longestInformationBytes) throw tooLarge();
      this.#place = 'status line';
      return this.#sink.answerInformed(head);
    }
    const { body, keepAlive, keepAliveMs } = answerFraming(this.#method, this.#status, this.#isHttp10, rawHeaders);
    this.keepAlive = keepAlive;
    this.keepAliveMs = keepAliveMs;
    this.#place = typeof body === 'number' ? 'counted' : body === 'chunks' ? 'size' : 'rest';
    this.#left = typeof body === 'number' ? body : body === 'rest' ? Infinity : 0;
    this.#counted = 0;
    this.#sink.answerStarted(head);
    if (body === 'none' && !this.over) this.#end([]);
  }

  #readBody(bytes: Buffer, at: number, end: number): number {
    const next = Math.min(end, at + this.#left);
    this.#left -= next - at;
    if (this.#left === 0 && this.#place === 'chunk') this.#place = 'chunk CR';
    const place = this.#place;
    this.#sink.answerData(at === 0 && next === bytes.length ? bytes : bytes.subarray(at, next));
    if (place === 'counted' && this.#left === 0 && !this.over) this.#end([]);
    return next;
  }

  /** What frames chunks (RFC 9112 section 7.1), byte by byte. */
  #readChunkLine(bytes: Buffer, from: number, end: number): number {
    let at = from;
    while (at < end) {
      const byte = bytes[at++] as number;
      if (this.#place === 'size') this.#readSize(byte);
      else if (this.#place === 'extension') this.#readExtension(byte);
      else if (this.#place === 'chunk CR') {
        if (byte !== cr) throw malformed('a chunk is longer than it says');
        this.#place = 'chunk LF';
      } else if (byte !== lf) throw malformed('a bare CR');
      else if (this.#place === 'chunk LF') {
        this.#place = 'size';
        this.#counted = 0;
      } else {
        this.#place = this.#left > 0 ? 'chunk' : 'trailers';
        if (this.#left === 0) this.#fields.begin(0);
        return at;
      }
    }
    return at;
  }

  #readSize(byte: number): void {
    const digit = hexadecimal(byte);
    if (digit !== -1) {
      if (++this.#counted > mostSizeDigits) throw malformed('the size of a chunk');
      this.#left = this.#left * 16 + digit;
      return;
    }
    if (this.#counted === 0 || (byte !== cr && byte !== semicolon)) throw malformed('the size of a chunk');
    this.#place = byte === cr ? 'size LF' : 'extension';
    this.#counted = 0;
  }

  #readExtension(byte: number): void {
    if (byte === cr) this.#place = 'size LF';
    else if (valueBytes[byte] !== 1 || ++this.#counted > longestExtension) throw malformed('the extension of a chunk');
  }

  #readTrailers(bytes: Buffer, from: number, end: number): number {
    const at = this.#fields.read(bytes, from, end);
    if (this.#fields.complete) this.#end(this.#fields.fields);
    return at;
  }

  #end(rawTrailers: readonly string[]): void {
    this.#place = 'over';
    this.#sink.answerEnded(rawTrailers);
  }
}

/** The version's minor number, a space, and a status code of three digits. */
function fitsStatusLine(index: number, byte: number): boolean {
  if (index === 7) return byte === zero || byte === zero + 1;
  if (index === 8) return byte === space;
  return byte >= (index === 9 ? zero + 1 : zero) && byte <= zero + 9;
}

function hexadecimal(byte: number): number {
  if (byte >= zero && byte <= zero + 9) return byte - zero;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}
