/** So many chunks are made one: each costs hundreds of bytes beside its own. */
const joined = 256;

/** Bytes that come in chunks, however small, kept for little more than they are. */
export class GatheredBytes {
  readonly #chunks: Buffer[] = [];
  #last: Buffer[] = [];

  add(chunk: Buffer): void {
    this.#last.push(chunk);
    if (this.#last.length < joined) return;
    this.#chunks.push(Buffer.concat(this.#last));
    this.#last = [];
  }

  whole(): Buffer {
    const chunks = [...this.#chunks, ...this.#last];
    const [only] = chunks;
    return chunks.length === 1 && only !== undefined ? only : Buffer.concat(chunks);
  }
}
