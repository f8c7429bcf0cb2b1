import type { Clock } from '../../crds/clock.ts';

interface Timer {
  readonly dueMs: number;
  readonly callback: () => void;
}

/** Time that moves only when a test says so. The two clocks start far apart, so that mixing them up shows. */
export class FakeClock implements Clock {
  #monotonicMs = 5_000;
  #wallMs = Date.UTC(2026, 0, 1);
  readonly #timers = new Set<Timer>();

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  wallMs(): number {
    return this.#wallMs;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { dueMs: this.#monotonicMs + Math.max(0, delayMs), callback };
    this.#timers.add(timer);
    return () => {
      this.#timers.delete(timer);
    };
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  /** Time passes: both clocks move, timers run at their time and in their order, and what they set off settles before the next one. */
  async advance(byMs: number): Promise<void> {
    const endMs = this.#monotonicMs + byMs;
    await settled();
    for (let timer = this.#nextTimer(endMs); timer !== undefined; timer = this.#nextTimer(endMs)) {
      this.#move(Math.max(0, timer.dueMs - this.#monotonicMs));
      this.#timers.delete(timer);
      timer.callback();
      await settled();
    }
    this.#move(endMs - this.#monotonicMs);
  }

  /** Someone sets the wall clock, or the machine sleeps: the monotonic clock and the timers stand still. */
  jumpWall(byMs: number): void {
    this.#wallMs += byMs;
  }

  #move(byMs: number): void {
    this.#monotonicMs += byMs;
    this.#wallMs += byMs;
  }

  /** The earliest timer due by `endMs`; of those due together the one that was set first. */
  #nextTimer(endMs: number): Timer | undefined {
    let next: Timer | undefined;
    for (const timer of this.#timers) {
      if (timer.dueMs <= endMs && (next === undefined || timer.dueMs < next.dueMs)) next = timer;
    }
    return next;
  }
}

/** Resolves once every promise that can settle without time passing has done so. */
export function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
