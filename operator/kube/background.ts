/** Work that goes on by itself from `start` to `stop`. */
export abstract class Background {
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  /** Aborted by `stop`. */
  protected readonly signal = this.#stopping.signal;

  /** However often it is called, the work is begun once. */
  start(): void {
    this.#running ??= this.run();
  }

  /** When this resolves nothing is under way any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Goes on until it is done or `signal` is aborted. Never rejects. */
  protected abstract run(): Promise<void>;
}
