import { type FailureCode, failures } from '../failure.ts';

/** Upper bounds of the duration histogram's buckets, in seconds. */
export const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60] as const;

const noDurations = [...durationBuckets, Infinity].map(() => 0);

/**
 * What one alias counts on every request: plain numbers, put into the metrics library's terms only when somebody asks. The library's own
 * counters look their labels up at each increment.
 */
export class AliasMetrics {
  readonly answers = new Map<number, number>();
  readonly errors = new Map<FailureCode, number>();
  /** One per bucket, and one above the last; not cumulative. Empty until there is one: most of a thousand aliases may never be called. */
  readonly durations: number[] = [];
  durationSumSeconds = 0;
  hits = 0;
  stale = 0;
  misses = 0;
  replays = 0;
  authorizationsDropped = 0;

  answered(status: number, durationSeconds: number): void {
    this.#count(status);
    this.durationSumSeconds += durationSeconds;
    if (this.durations.length === 0) this.durations.push(...noDurations);
    let bucket = 0;
    while (bucket < durationBuckets.length && durationSeconds > (durationBuckets[bucket] as number)) bucket++;
    this.durations[bucket] = (this.durations[bucket] as number) + 1;
  }

  failed(code: FailureCode): void {
    this.errors.set(code, (this.errors.get(code) ?? 0) + 1);
  }

  /** Answered here and at once, without going out: no duration worth a histogram. */
  refused(code: FailureCode): void {
    this.failed(code);
    this.#count(failures[code].status);
  }

  #count(status: number): void {
    this.answers.set(status, (this.answers.get(status) ?? 0) + 1);
  }
}
