import type { Clock } from '../../crds/clock.ts';

/** Something that must not wait for ever. */
export interface Expiring {
  /** On the scale of `Deadlines.in`; `Infinity` for none at the moment. */
  deadline: number;
  expire(): void;
}

/** Whoever is removed from it while it is iterated must not hide another one. */
type Live = Iterable<Expiring> & { readonly size: number };

/** Told whether anything is waited for. */
export interface Activity {
  busy(): void;
  quiet(): void;
}

const sweepMs = 250;

/** One timer for all that waits: moving a deadline is an assignment, and none fires early. */
export class Deadlines {
  readonly #clock: Clock;
  readonly #live: Live;
  readonly #activity: Activity | undefined;
  /** Few, and rarely any. */
  readonly #others = new Set<Expiring>();
  #nowMs = 0;
  #running = false;

  /** Of all that is live the deadlines are kept, once `watch` has been called for it. */
  constructor(clock: Clock, live: Live, activity?: Activity) {
    this.#clock = clock;
    this.#live = live;
    this.#activity = activity;
  }

  /** For each that becomes live. */
  watch(): void {
    if (this.#running) return;
    this.#activity?.busy();
    this.#wait();
  }

  /** What is not among the live. */
  add(item: Expiring): void {
    this.#others.add(item);
    this.watch();
  }

  delete(item: Expiring): void {
    this.#others.delete(item);
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
      for (const item of this.#live) if (item.deadline <= now) item.expire();
      for (const item of this.#others) if (item.deadline <= now) item.expire();
      if (this.#live.size + this.#others.size > 0) this.#wait();
      else this.#activity?.quiet();
    });
  }
}
