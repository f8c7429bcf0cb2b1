import { type Clock, pause } from '../../crds/clock.ts';
import type { DashboardSource, Overview } from './overview.ts';

/** What there is to show. */
export interface Snapshot {
  /** Absent: nothing has been read yet. */
  readonly overview?: Overview;
  /** Why the newest reading brought nothing; the overview is then an earlier one. */
  readonly error?: string;
}

/** So long a page waits for a reading, if there is an earlier one to show, and if there is not. */
const patienceMs = { shown: 700, nothing: 5000 };

/** Reads the source no more often than is worth while, and never twice at once, however many pages look. */
export class OverviewCache {
  readonly #source: DashboardSource;
  readonly #clock: Clock;
  readonly #freshMs: number;
  #snapshot: Snapshot = {};
  #readAtMs = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(source: DashboardSource, clock: Clock, freshMs: number) {
    this.#source = source;
    this.#clock = clock;
    this.#freshMs = freshMs;
  }

  async current(): Promise<Snapshot> {
    if (this.#clock.monotonicMs() - this.#readAtMs >= this.#freshMs) {
      this.#reading ??= this.#read();
      await this.#atMost(this.#snapshot.overview === undefined ? patienceMs.nothing : patienceMs.shown, this.#reading);
    }
    return this.#snapshot;
  }

  async #read(): Promise<void> {
    try {
      this.#snapshot = { overview: await this.#source.read() };
    } catch (error) {
      this.#snapshot = { ...this.#snapshot, error: error instanceof Error ? error.message : String(error) };
    }
    this.#readAtMs = this.#clock.monotonicMs();
    this.#reading = undefined;
  }

  async #atMost(ms: number, reading: Promise<void>): Promise<void> {
    const ended = new AbortController();
    await Promise.race([reading, pause(this.#clock, ms, ended.signal)]);
    ended.abort();
  }
}
