import type { Clock } from '../../crds/clock.ts';
import type { Freshness, Token } from './token.ts';
import { hardLeadFraction, hardLeadMs, softLeadJitter } from './token-limits.ts';

/**
 * The larger of what the two clocks say: the monotonic one stops while the machine sleeps, the wall clock may be set back. At
 * worst, a wall clock that was set forward ages a token before its time.
 */
export function ageMs(token: Token, clock: Clock): number {
  return Math.max(clock.monotonicMs() - token.obtainedMonotonicMs, clock.wallMs() - token.obtainedWallMs);
}

export function isExpired(token: Token, clock: Clock): boolean {
  return !(ageMs(token, clock) < token.lifetimeMs);
}

/** Called for each proxied request: allocates nothing. */
export function freshnessOf(token: Token, refreshBeforeMs: number, clock: Clock): Freshness {
  const leftMs = token.lifetimeMs - ageMs(token, clock);
  if (!(leftMs > 0)) return 'none';
  if (leftMs <= Math.min(hardLeadMs, token.lifetimeMs * hardLeadFraction)) return 'expiring';
  const softLeadMs = Math.min(refreshBeforeMs, token.lifetimeMs / 2) * (1 + softLeadJitter * token.jitter);
  return leftMs <= softLeadMs ? 'stale' : 'fresh';
}
