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

  /** Nobody reads or writes it any more: it is taken again. */
  giveBack(bytes: Buffer): void {
    if (bytes.length !== largeBytes) return;
    if (this.#spare.length < mostSpare) this.#spare.push(bytes);
    else this.#out--;
  }

  /** Somebody may read it still: it is left to the garbage collector. */
  drop(bytes: Buffer): void {
    if (bytes.length === largeBytes) this.#out--;
  }
}

/**
 * Where a socket's bytes are read to, again and again: a new buffer for each read would cost more than the read. Memory that was read to
 * is read to again only after `released`, which is said while the answer runs, or in the same breath as its end; unless it is said, what
 * was read stays as it is. For each read: `next`, `filled`, then perhaps `released` or `answerOver` or both, in this order.
 */
export class ReadBuffer {
  readonly #large: LargeBuffers;
  #bytes: Buffer = Buffer.allocUnsafeSlow(smallBytes);
  /** The last read's bytes may be needed still. */
  #isNeeded = false;
  /** Large ones of this answer: the bytes of earlier reads may be needed still. Smaller ones are left to whoever needs them. */
  readonly #kept: Buffer[] = [];
  #isFull = false;
  #isOver = false;

  constructor(large: LargeBuffers) {
    this.#large = large;
  }

  /** For the next read. */
  next(): Buffer {
    const before = this.#bytes;
    if (this.#isNeeded) {
      if (this.#isOver) this.#large.drop(before);
      else if (before.length === largeBytes) this.#kept.push(before);
      // Whoever does not take what there is does not need more of it at once.
      this.#bytes = Buffer.allocUnsafeSlow(smallBytes);
    } else if (this.#isOver && before.length > smallBytes) {
      this.#large.giveBack(before);
      this.#bytes = Buffer.allocUnsafeSlow(smallBytes);
    } else if (this.#isFull && before.length < largeBytes) {
      this.#bytes = this.#large.take() ?? (before.length < mediumBytes ? Buffer.allocUnsafeSlow(mediumBytes) : before);
    }
    this.#isNeeded = false;
    this.#isFull = false;
    this.#isOver = false;
    return this.#bytes;
  }

  /** The bytes of the last read, of this length. */
  filled(length: number): Buffer {
    this.#isNeeded = true;
    this.#isFull = length === this.#bytes.length;
    return this.#bytes.subarray(0, length);
  }

  /** Nothing that was read until now is needed any longer. Only whoever was given this answer may say so, and not after its end. */
  released(): void {
    this.#isNeeded = false;
    for (const bytes of this.#kept) this.#large.giveBack(bytes);
    this.#kept.length = 0;
  }

  /** Nobody will say when what is left of the answer is no longer needed: that the next one's is not says nothing of it. */
  answerOver(): void {
    this.#isOver = true;
    this.#dropKept();
  }

  /** The connection is over. */
  close(): void {
    this.#dropKept();
    this.#large.drop(this.#bytes);
  }

  #dropKept(): void {
    for (const bytes of this.#kept) this.#large.drop(bytes);
    this.#kept.length = 0;
  }
}
