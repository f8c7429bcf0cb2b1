/** An answer whose headers may still be on this side. */
export interface Flushable {
  /** Sends the headers if nothing else has sent them by now. */
  flushHead(): void;
}

/**
 * Headers go out together with the first of the body, for that is one system call less; where no body has come by the
 * end of this turn of the event loop (an event stream, say) they go out alone.
 */
export class HeadFlusher {
  #waiting: Flushable[] = [];

  add(answer: Flushable): void {
    if (this.#waiting.push(answer) === 1) setImmediate(this.#flush);
  }

  readonly #flush = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const answer of waiting) answer.flushHead();
  };
}
