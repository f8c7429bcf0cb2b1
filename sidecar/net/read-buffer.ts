/** Most answers fit; memory that nothing is written to is not taken from the machine. */
const smallBytes = 16 * 1024;
/** As much as is read at once. */
const largeBytes = 64 * 1024;

/**
 * Where a socket's bytes are read to, again and again: a new buffer for each read would cost more than the read. What is not passed on by
 * the end of a read keeps its buffer, and the next read gets another.
 */
export class ReadBuffer {
  #bytes = Buffer.allocUnsafeSlow(smallBytes);
  #filled = false;
  #kept = false;

  /** Of the last read; `length` says whether there was more than fits. */
  noteLength(length: number): void {
    if (length === this.#bytes.length) this.#filled = true;
  }

  /** Something of it has still to be written: it stays as it is. */
  keep(): void {
    this.#kept = true;
  }

  /** For the next read. */
  next(isIdle: boolean): Buffer {
    const size = isIdle ? smallBytes : this.#filled ? largeBytes : this.#bytes.length;
    if (this.#kept || size !== this.#bytes.length) this.#bytes = Buffer.allocUnsafeSlow(size);
    this.#kept = false;
    this.#filled = false;
    return this.#bytes;
  }
}
