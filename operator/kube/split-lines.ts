import { ConnectionError } from './api-error.ts';

/** An object in etcd has at most 1.5 MB by default, and a little more as JSON. */
const longestLineLength = 16 * 1024 * 1024;

/**
 * The lines of a stream, however it is cut into pieces. Rejects with `unreadable` if the last one has no end: it was cut off, and half a line
 * must not pass for a whole one.
 */
export async function* splitLines(pieces: AsyncIterable<string>): AsyncGenerator<string> {
  let parts: string[] = [];
  let length = 0;
  for await (const piece of pieces) {
    let start = 0;
    for (let end = piece.indexOf('\n'); end >= 0; end = piece.indexOf('\n', start)) {
      parts.push(piece.slice(start, end));
      yield parts.join('');
      parts = [];
      length = 0;
      start = end + 1;
    }
    if (start < piece.length) {
      parts.push(piece.slice(start));
      length += piece.length - start;
    }
    if (length > longestLineLength) throw new ConnectionError('unreadable', 'A line of the watch is longer than any object');
  }
  if (parts.join('').trim() !== '') throw new ConnectionError('unreadable', 'The watch ended in the middle of a line');
}
