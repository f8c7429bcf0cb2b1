import { ClientError } from './client-error.ts';
import { tokenBytes, valueBytes } from './field-bytes.ts';

const tab = 0x09;
const lf = 0x0a;
const cr = 0x0d;
const space = 0x20;
const colon = 0x3a;

/** Of an answer's head, its status line included, and again of its trailers. */
export const longestHeadBytes = 16 * 1024;

/**
 * Reads the lines of a header section (RFC 9112 section 5): strictly, for what another implementation may read differently makes two
 * answers of one. No bare CR or LF, no folded line, no space before a colon, no control character.
 */
export class FieldReader {
  /** A flat list: name, value, name, value. */
  fields: string[] = [];
  /** The section has ended. */
  complete = false;
  #left = longestHeadBytes;
  /** Where names and values begin and end, four for each line. */
  readonly #marks: number[] = [];

  /** `taken`: bytes that count towards the limit already. */
  begin(taken: number): void {
    this.fields = [];
    this.complete = false;
    this.#left = longestHeadBytes - taken;
  }

  /** Of the section, as far as it has been read, and what was taken before. */
  get size(): number {
    return longestHeadBytes - this.#left;
  }

  /** Reads whole lines of `bytes` between `from` and `end`, and says where the first begins that is not whole. */
  read(bytes: Buffer, from: number, end: number): number {
    const limit = from + this.#left;
    const stop = end < limit ? end : limit;
    const at = this.#scan(bytes, from, stop);
    if (!this.complete && stop === limit) throw tooLarge();
    this.#left -= at - from;
    this.#keep(bytes, from, at);
    return at;
  }

  #scan(bytes: Buffer, from: number, stop: number): number {
    const marks = this.#marks;
    marks.length = 0;
    for (let line = from; ;) {
      let at = line;
      if (at < stop && bytes[at] === cr) {
        if (at + 1 === stop) return line;
        if (bytes[at + 1] !== lf) throw malformed('a bare CR');
        this.complete = true;
        return at + 2;
      }
      while (at < stop && tokenBytes[bytes[at] as number] === 1) at++;
      if (at === stop) return line;
      if (bytes[at] !== colon || at === line) throw malformed('a line without a name');
      const nameEnd = at++;
      while (at < stop && (bytes[at] === space || bytes[at] === tab)) at++;
      const valueBegin = at;
      while (at < stop && valueBytes[bytes[at] as number] === 1) at++;
      if (at === stop) return line;
      if (bytes[at] !== cr) throw malformed('a control character');
      if (at + 1 === stop) return line;
      if (bytes[at + 1] !== lf) throw malformed('a bare CR');
      let valueEnd = at;
      while (valueEnd > valueBegin && (bytes[valueEnd - 1] === space || bytes[valueEnd - 1] === tab)) valueEnd--;
      marks.push(line, nameEnd, valueBegin, valueEnd);
      line = at + 2;
    }
  }

  /** One string of all lines, of which names and values are slices: one call out of JavaScript instead of one for each. */
  #keep(bytes: Buffer, from: number, to: number): void {
    const marks = this.#marks;
    if (marks.length === 0) return;
    const text = bytes.toString('latin1', from, to);
    for (let i = 0; i < marks.length; i += 4) {
      this.fields.push(
        text.slice((marks[i] as number) - from, (marks[i + 1] as number) - from),
        text.slice((marks[i + 2] as number) - from, (marks[i + 3] as number) - from),
      );
    }
  }
}

export function malformed(what: string): ClientError {
  return new ClientError('ANSWER_MALFORMED', `The answer is not HTTP/1.1: ${what}`);
}

export function tooLarge(): ClientError {
  return new ClientError('ANSWER_HEADERS_TOO_LARGE', `The answer's headers are larger than ${longestHeadBytes} bytes`);
}
