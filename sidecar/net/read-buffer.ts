/** Most answers fit; memory that nothing is written to is not taken from the machine. */
const smallBytes = 16 * 1024;
const mediumBytes = 64 * 1024;
/** The more is read and written at once, the fewer system calls there are, and the seldomer the caller's process is woken. */
const largeBytes = 256 * 1024;
/** So many of the large ones at a time. */
const mostLarge = 32;
/** Of which so many are kept for later. */
const mostSpare = 4;

/** Large buffers for all connections together. */
export class LargeBuffers {
  readonly #spare: Buffer[] = [];
  #out = 0;

  /** Undefined if there are enough. */
  take(): Buffer | undefined {
    const spare = this.#spare.pop();
    if (spare !== undefined) return spare;
    if (this.#out === mostLarge) return undefined;
    this.#out++;
    return Buffer.allocUnsafeSlow(largeBytes);
  }

  giveBack(bytes: Buffer): void {
    if (bytes.length !== largeBytes) return;
    if (this.#spare.length < mostSpare) this.#spare.push(bytes);
    else this.#out--;
  }

  /** It is left to the garbage collector. */
  drop(bytes: Buffer): void {
    if (bytes.length === largeBytes) this.#out--;
  }
}

/**
 * Where a socket's bytes are read to, again and again: a new buffer for each read would cost more than the read. What is not passed on by
 * the end of a read stays as it is, and the next read gets another.
 */
export class ReadBuffer {
  readonly #large: LargeBuffers;
  #bytes: Buffer = Buffer.allocUnsafeSlow(smallBytes);
  /** Large ones: what has not been passed on is in them. */
  readonly #kept: Buffer[] = [];
  #isKept = false;
  #isFull = false;

  constructor(large: LargeBuffers) {
    this.#large = large;
  }

  /** The bytes of the last read, of this length. */
  filled(length: number): Buffer {
    this.#isFull = length === this.#bytes.length;
    return this.#bytes.subarray(0, length);
  }

  /** `all`: whether nothing that was read until now is needed any longer. */
  passed(all: boolean): void {
    if (all) {
      for (const bytes of this.#kept) this.#large.giveBack(bytes);
      this.#kept.length = 0;
    } else if (!this.#isKept) {
      this.#isKept = true;
      // The others are left to whoever still needs them.
      if (this.#bytes.length === largeBytes) this.#kept.push(this.#bytes);
    }
  }

  /** For the next read. */
  next(isIdle: boolean): Buffer {
    const before = this.#bytes;
    // Whoever does not take what there is does not need more of it at once.
    if (this.#isKept) this.#bytes = Buffer.allocUnsafeSlow(smallBytes);
    else if (isIdle && before.length > smallBytes) {
      this.#large.giveBack(before);
      this.#bytes = Buffer.allocUnsafeSlow(smallBytes);
    } else if (this.#isFull && before.length < largeBytes) {
      this.#bytes = this.#large.take() ?? (before.length < mediumBytes ? Buffer.allocUnsafeSlow(mediumBytes) : before);
    }
    this.#isKept = false;
    this.#isFull = false;
    return this.#bytes;
  }

  /** An answer is over. Nobody will say when what is left of it is no longer needed: that the next one's is not says nothing of it. */
  leave(): void {
    for (const bytes of this.#kept) this.#large.drop(bytes);
    this.#kept.length = 0;
  }

  /** The connection is over. */
  close(): void {
    this.leave();
    if (!this.#isKept) this.#large.drop(this.#bytes);
  }
}
