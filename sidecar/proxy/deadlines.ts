import type { Clock } from '../../crds/clock.ts';

/** Something that must not wait for ever. */
export interface Expiring {
  /** On the scale of `Deadlines.in`; `Infinity` for none at the moment. */
  deadline: number;
  expire(): void;
}

const sweepMs = 250;

/** One timer for all that waits: moving a deadline is an assignment, and none fires early. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #waiting = new Set<Expiring>();
  #nowMs = 0;
  #running = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(item: Expiring): void {
    this.#waiting.add(item);
    if (!this.#running) this.#wait();
  }

  delete(item: Expiring): void {
    this.#waiting.delete(item);
  }

  /** The deadline that is `delayMs` from now, or up to a quarter of a second later. */
  in(delayMs: number): number {
    return (this.#running ? this.#nowMs : this.#clock.monotonicMs()) + sweepMs + delayMs;
  }

  #wait(): void {
    this.#running = true;
    this.#nowMs = this.#clock.monotonicMs();
    this.#clock.after(sweepMs, () => {
      this.#running = false;
      const now = this.#clock.monotonicMs();
      for (const item of this.#waiting) if (item.deadline <= now) item.expire();
      if (this.#waiting.size > 0) this.#wait();
    });
  }
}
