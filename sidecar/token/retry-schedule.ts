import type { Random } from '../../crds/clock.ts';
import type { RetryAdvice } from './attempt.ts';
import {
  laterRetry,
  longestRetryAfterInFlightMs,
  longestRetryAfterMs,
  outageBackoff,
  rejectedBackoff,
  retriesPerFlight,
  soonRetry,
} from './token-limits.ts';

/**
 * How long a flight waits before its next attempt; undefined if it is over. Full jitter: anything between nothing and the
 * base. A Retry-After is waited out in full, and the jitter comes on top.
 */
export function retryDelayMs(advice: RetryAdvice, retriesDone: number, random: Random): number | undefined {
  if (advice === 'never' || retriesDone >= retriesPerFlight) return undefined;
  const { firstMs, factor } = advice === 'later' ? laterRetry : soonRetry;
  const jitterMs = random() * firstMs * factor ** retriesDone;
  if (typeof advice === 'string') return jitterMs;
  return advice.afterMs <= longestRetryAfterInFlightMs ? Math.max(0, advice.afterMs) + jitterMs : undefined;
}

/** Failed flights since the last token. Each kind grows on its own: outages in between must not speed up a wrong secret. */
export interface FailureCounts {
  readonly rejected: number;
  readonly outages: number;
}

export const noFailures: FailureCounts = { rejected: 0, outages: 0 };

export function countFailure(counts: FailureCounts, advice: RetryAdvice): FailureCounts {
  return advice === 'never' ? { ...counts, rejected: counts.rejected + 1 } : { ...counts, outages: counts.outages + 1 };
}

/**
 * How long no flight starts after one that failed with `advice`, itself counted. Between half and all of the base: with
 * full jitter a wrong secret could be tried again at once. A Retry-After is kept to, within bounds.
 */
export function backoffMs(counts: FailureCounts, advice: RetryAdvice, random: Random): number {
  const { firstMs, factor, longestMs } = advice === 'never' ? rejectedBackoff : outageBackoff;
  const failed = advice === 'never' ? counts.rejected : counts.outages;
  const baseMs = Math.min(longestMs, firstMs * factor ** (failed - 1));
  const jitteredMs = baseMs * (0.5 + random() / 2);
  return typeof advice === 'string' ? jitteredMs : Math.max(jitteredMs, Math.min(advice.afterMs, longestRetryAfterMs));
}
