import { expect, test } from 'vitest';
import { Sensitive } from '../../crds/sensitive.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { ageMs, freshnessOf, isExpired } from './token-age.ts';
import type { Token } from './token.ts';

function obtained(clock: FakeClock, lifetimeSeconds: number, jitter = 0): Token {
  return {
    value: new Sensitive('t1'),
    obtainedMonotonicMs: clock.monotonicMs(),
    obtainedWallMs: clock.wallMs(),
    lifetimeMs: lifetimeSeconds * 1000,
    jitter,
  };
}

/** The last whole seconds of a token's life at which it still is fresh, stale and expiring; 0 where it never is. */
async function limitsInSeconds(lifetimeSeconds: number, refreshBeforeSeconds: number, jitter = 0): Promise<Record<string, number>> {
  const clock = new FakeClock();
  const token = obtained(clock, lifetimeSeconds, jitter);
  const limits: Record<string, number> = { fresh: 0, stale: 0, expiring: 0, none: 0 };
  for (let second = 0; second <= lifetimeSeconds; second += 1) {
    limits[freshnessOf(token, refreshBeforeSeconds * 1000, clock)] = second;
    await clock.advance(1000);
  }
  return limits;
}

test('a token of an hour is refreshed in its last five minutes and waited for in its last 30 s', async () => {
  expect(await limitsInSeconds(3600, 300)).toEqual({ fresh: 3299, stale: 3569, expiring: 3599, none: 3600 });
});

test('a token of 15 minutes is refreshed after ten', async () => {
  expect(await limitsInSeconds(900, 300)).toEqual({ fresh: 599, stale: 869, expiring: 899, none: 900 });
});

test('a token of two minutes is refreshed after half its life and waited for in its last tenth', async () => {
  expect(await limitsInSeconds(120, 300)).toEqual({ fresh: 59, stale: 107, expiring: 119, none: 120 });
});

test('jitter brings the refresh forward by at most a tenth of its lead, and leaves the other limits alone', async () => {
  expect(await limitsInSeconds(900, 300, 0.9999)).toEqual({ fresh: 570, stale: 869, expiring: 899, none: 900 });
});

test('without any lead a token is never stale, but still waited for at its end', async () => {
  expect(await limitsInSeconds(900, 0)).toEqual({ fresh: 869, stale: 0, expiring: 899, none: 900 });
});

test('a token without a lifetime is none from the start', () => {
  const clock = new FakeClock();
  for (const lifetimeSeconds of [0, -1, Number.NaN]) {
    expect(freshnessOf(obtained(clock, lifetimeSeconds), 300_000, clock)).toBe('none');
    expect(isExpired(obtained(clock, lifetimeSeconds), clock)).toBe(true);
  }
});

test('a token ages while the machine sleeps and its monotonic clock stands still', () => {
  const clock = new FakeClock();
  const token = obtained(clock, 600);
  clock.jumpWall(600_000);
  expect(freshnessOf(token, 300_000, clock)).toBe('none');
  expect(isExpired(token, clock)).toBe(true);
});

test('a wall clock that is set back makes no token younger', async () => {
  const clock = new FakeClock();
  const token = obtained(clock, 600);
  clock.jumpWall(-3_600_000);
  await clock.advance(599_999);
  expect(ageMs(token, clock)).toBe(599_999);
  expect(freshnessOf(token, 300_000, clock)).toBe('expiring');
  await clock.advance(1);
  expect(freshnessOf(token, 300_000, clock)).toBe('none');
});
