import type { Clock } from '../crds/clock.ts';
import type { Activity } from './proxy/deadlines.ts';

/** So long nothing must have been in flight: giving memory back takes some hundredths of a second, which no call should wait for. */
const quietMs = 250;
const spacingMs = 5 * 60_000;

/** What the start took, or a burst of calls, is given back as soon as it is quiet; of a node's many sidecars most are quiet. */
export class MemoryRelease implements Activity {
  readonly #clock: Clock;
  readonly #release: () => void;
  #earliestMs = Number.NEGATIVE_INFINITY;
  #cancel = (): void => {};

  constructor(clock: Clock, release: () => void) {
    this.#clock = clock;
    this.#release = release;
  }

  /** Nothing is in flight. */
  quiet(): void {
    this.busy();
    this.#cancel = this.#clock.after(Math.max(quietMs, this.#earliestMs - this.#clock.monotonicMs()), () => {
      this.#earliestMs = this.#clock.monotonicMs() + spacingMs;
      this.#release();
    });
  }

  /** Something is, or this is over. */
  busy(): void {
    this.#cancel();
  }
}
