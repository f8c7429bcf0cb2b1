/** The work of one term. */
export interface Term {
  /** Rejects only if it is stopped before its first look is complete. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** What only the leader does, from the moment it leads to the moment it does not: one term after the other, never two at once. */
export class Leadership<T extends Term> {
  readonly #createTerm: () => T;
  #term: T | undefined;
  #settled: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(createTerm: () => T) {
    this.#createTerm = createTerm;
  }

  get term(): T | undefined {
    return this.#term;
  }

  change(leading: boolean): void {
    this.#settled = this.#settled.then(() => (leading && !this.#ended ? this.#begin() : this.#finish()));
  }

  /** Resolves when nothing is under way; no term begins any more. */
  async end(): Promise<void> {
    this.#ended = true;
    this.change(false);
    await this.#settled;
  }

  #begin(): void {
    if (this.#term !== undefined) return;
    this.#term = this.#createTerm();
    this.#term.start().catch(() => {});
  }

  async #finish(): Promise<void> {
    await this.#term?.stop();
    this.#term = undefined;
  }
}
