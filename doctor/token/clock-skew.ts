import type { TokenResponse } from '../../sidecar/token/read-token-answer.ts';
import { httpDateMs } from '../../sidecar/token/http-date.ts';

/** Assertions live for a minute, and most servers forgive less than that. */
const toleratedMs = 30_000;

/** How far the answer's Date (RFC 9110 section 6.6.1) is ahead of our clock, to ten seconds, if that is too far. It says no more than the second. */
export function notableSkewMs({ headers }: TokenResponse, sentWallMs: number, tookMs: number): number | undefined {
  const date = headers['date'];
  const theirsMs = httpDateMs(typeof date === 'string' ? date : date?.[0]);
  if (theirsMs === undefined) return undefined;
  const earliest = theirsMs - (sentWallMs + tookMs);
  const latest = theirsMs + 1000 - sentWallMs;
  if (earliest > toleratedMs) return rounded(earliest);
  return latest < -toleratedMs ? rounded(latest) : undefined;
}

const rounded = (ms: number): number => Math.round(ms / 10_000) * 10_000;
