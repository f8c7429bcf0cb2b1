import { createCipheriv, createHash } from 'node:crypto';

/** Yields so many bytes that never repeat and are the same each time: a piece lost, doubled or out of its place changes the hash. */
export function* pseudoRandomBytes(length: number): Generator<Buffer> {
  const cipher = createCipheriv('aes-128-ctr', Buffer.alloc(16), Buffer.alloc(16));
  const zeros = Buffer.alloc(64 * 1024);
  for (let left = length; left > 0; left -= zeros.length) yield cipher.update(zeros.subarray(0, left));
}

export interface Digest {
  readonly length: number;
  readonly sha1: string;
}

/** Of bytes as they come; nothing is kept. */
export async function digestOf(bytes: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Digest> {
  const hash = createHash('sha1');
  let length = 0;
  for await (const chunk of bytes) {
    hash.update(chunk);
    length += chunk.length;
  }
  return { length, sha1: hash.digest('hex') };
}
