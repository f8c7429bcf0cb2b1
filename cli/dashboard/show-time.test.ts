import { expect, it } from 'vitest';
import { duration, fromNow, pointInTime } from './show-time.ts';

const now = Date.UTC(2026, 0, 2, 3, 4, 5);

it.each([
  [0, 'now'],
  [999, 'now'],
  [1000, 'in 1 s'],
  [-59_000, '59 s ago'],
  [119_000, 'in 119 s'],
  [120_000, 'in 2 min'],
  [-5_400_000, '90 min ago'],
  [7_200_000, 'in 2 h'],
  [-172_800_000, '2 d ago'],
])('%d ms from now is "%s"', (ms, text) => {
  expect(String(fromNow(now + ms, now))).toContain(`>${text}</time>`);
});

it('says the time itself to machines, and in the title', () => {
  expect(String(fromNow(now, now))).toBe('<time datetime="2026-01-02T03:04:05.000Z" title="2026-01-02 03:04:05 UTC">now</time>');
  expect(String(pointInTime(now))).toBe('<time datetime="2026-01-02T03:04:05.000Z">2026-01-02 03:04:05 UTC</time>');
});

it.each([Number.NaN, Infinity, 1e300, -1e300])('takes what is no time: %d', (atMs) => {
  expect(String(fromNow(atMs, now)) + String(pointInTime(atMs))).toBe('at a time that cannot be told'.repeat(2));
});

it('says how long something took', () => {
  expect([0, 999, 1400].map(duration)).toEqual(['0 ms', '999 ms', '1.4 s']);
});
