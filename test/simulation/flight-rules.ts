import type { RetryAdvice } from '../../sidecar/token/attempt.ts';

/** One token request as the endpoint saw it. */
export interface SeenAttempt {
  readonly startMs: number;
  readonly endMs: number;
  readonly advice: RetryAdvice | 'none, a token';
}

/** Timers may differ from sums in the last bits. */
const grain = 0.001;

const after = {
  soon: { firstMs: 300, factor: 2 },
  later: { firstMs: 1000, factor: 3 },
};

/**
 * Reads the whole log of an endpoint and tells where it was asked sooner or more often than the rules allow. Written from the rules, with numbers of
 * its own: four attempts make a flight; a second lies between the starts of two flights, unless the API refused a token at
 * that moment; after a failure at least half of the backoff passes, whatever happens.
 */
export function flightViolations(attempts: readonly SeenAttempt[], evictedAtMs: readonly number[]): string[] {
  const violations: string[] = [];
  const starts: number[] = [];
  let retries = 0;
  let previous: SeenAttempt | undefined;
  let quietUntilMs = Number.NEGATIVE_INFINITY;
  let counts = { rejected: 0, outages: 0 };
  for (const attempt of attempts) {
    const { startMs, endMs, advice } = attempt;
    const at = `the request at ${startMs}`;
    if (previous !== undefined && startMs < previous.endMs) violations.push(`${at} overlaps the one before`);
    if (previous !== undefined && retries > 0) {
      violations.push(...retryViolations(at, startMs - previous.endMs, previous.advice, retries - 1));
    } else {
      const spaced = startMs >= (starts.at(-1) ?? Number.NEGATIVE_INFINITY) + 1000 - grain;
      if (!spaced && !evictedAtMs.includes(startMs)) violations.push(`${at} begins a flight within a second of the one before`);
      if (startMs < quietUntilMs - grain) violations.push(`${at} begins a flight ${quietUntilMs - startMs} ms too early after a failure`);
      starts.push(startMs);
    }
    previous = attempt;
    if (advice === 'none, a token') {
      retries = 0;
      counts = { rejected: 0, outages: 0 };
      quietUntilMs = Number.NEGATIVE_INFINITY;
    } else if (advice === 'never' || retries === 3 || (typeof advice === 'object' && advice.afterMs > 20_000)) {
      retries = 0;
      if (advice === 'never') counts.rejected += 1;
      else counts.outages += 1;
      quietUntilMs = endMs + shortestBackoffMs(advice, counts);
    } else {
      retries += 1;
    }
  }
  for (const startMs of starts) {
    const inMinute = (atMs: number): boolean => atMs >= startMs && atMs < startMs + 60_000;
    const allowed = 61 + evictedAtMs.filter(inMinute).length;
    if (starts.filter(inMinute).length > allowed) violations.push(`more than ${allowed} flights begin in the minute from ${startMs}`);
  }
  return violations;
}

function retryViolations(at: string, waitedMs: number, advice: SeenAttempt['advice'], retry: number): string[] {
  const { firstMs, factor } = advice === 'later' ? after.later : after.soon;
  const leastMs = typeof advice === 'object' ? Math.max(0, advice.afterMs) : 0;
  if (waitedMs < leastMs - grain) return [`${at} comes ${leastMs - waitedMs} ms before the endpoint's Retry-After`];
  if (waitedMs > leastMs + firstMs * factor ** retry + grain) return [`${at} is retried too late, after ${waitedMs} ms`];
  return [];
}

function shortestBackoffMs(advice: RetryAdvice, { rejected, outages }: { rejected: number; outages: number }): number {
  const backoffMs =
    advice === 'never' ? Math.min(300_000, 5000 * 2 ** (rejected - 1)) / 2 : Math.min(30_000, 1000 * 2 ** (outages - 1)) / 2;
  return typeof advice === 'object' ? Math.max(backoffMs, Math.min(600_000, advice.afterMs)) : backoffMs;
}
