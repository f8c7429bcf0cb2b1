import type { Clock } from '../../crds/clock.ts';

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
  cancel: () => void;
}

/** The machine's time, with sockets and all, save that a test can make it jump: hours pass in no time, laptops sleep, clocks are set. */
export class JumpingClock implements Clock {
  #monotonicAheadMs = 0;
  #wallAheadMs = 0;
  readonly #timers = new Set<Timer>();

  monotonicMs(): number {
    return performance.now() + this.#monotonicAheadMs;
  }

  wallMs(): number {
    return Date.now() + this.#wallAheadMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer: Timer = { dueMs: this.monotonicMs() + delayMs, callback, cancel: () => {} };
    this.#timers.add(timer);
    this.#start(timer);
    return () => this.#drop(timer);
  }

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Time passes: both clocks go on, and the timers that are due by then fire, in their order. */
  pass(ms: number): void {
    this.#monotonicAheadMs += ms;
    this.#wallAheadMs += ms;
    for (const timer of [...this.#timers].toSorted((a, b) => a.dueMs - b.dueMs)) {
      timer.cancel();
      if (timer.dueMs <= this.monotonicMs()) this.#fire(timer);
      else this.#start(timer);
    }
  }

  /** Someone sets the wall clock; or, as the monotonic clock and the timers stand still meanwhile, the machine sleeps. */
  setWall(byMs: number): void {
    this.#wallAheadMs += byMs;
  }

  #start(timer: Timer): void {
    const running = setTimeout(() => this.#fire(timer), Math.max(0, timer.dueMs - this.monotonicMs()));
    running.unref();
    timer.cancel = () => clearTimeout(running);
  }

  #fire(timer: Timer): void {
    if (this.#timers.delete(timer)) timer.callback();
  }

  #drop(timer: Timer): void {
    timer.cancel();
    this.#timers.delete(timer);
  }
}
