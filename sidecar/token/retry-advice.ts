import type { RetryAdvice } from './attempt.ts';
import { httpDateMs } from './http-date.ts';
import { longestRetryAfterMs } from './token-limits.ts';

interface RetryHeaders {
  readonly retryAfter: string | undefined;
  readonly date: string | undefined;
}

/** When a token request that was answered with this status may be repeated. Retry-After: RFC 9110 section 10.2.3. */
export function retryAdvice(status: number, { retryAfter, date }: RetryHeaders, wallMs: number): RetryAdvice {
  switch (status) {
    case 408:
    case 502:
    case 504:
      return 'soon';
    case 429:
    case 500:
    case 503: {
      const waitMs = retryAfter === undefined ? undefined : retryAfterMs(retryAfter, httpDateMs(date) ?? wallMs);
      return waitMs === undefined ? 'later' : { afterMs: Math.min(Math.max(waitMs, 0), longestRetryAfterMs) };
    }
    default:
      return status > 504 ? 'later' : 'never';
  }
}

/** A date counts from the endpoint's own clock where it shows it. */
function retryAfterMs(retryAfter: string, nowMs: number): number | undefined {
  if (/^\d+$/.test(retryAfter)) return Number(retryAfter) * 1000;
  const at = httpDateMs(retryAfter);
  return at === undefined ? undefined : at - nowMs;
}
