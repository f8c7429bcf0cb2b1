import { expect, it } from 'vitest';
import { retryAdvice } from './retry-advice.ts';

const wallMs = Date.UTC(2026, 0, 1);
const none = { retryAfter: undefined, date: undefined };

it.each([
  [200, 'never'],
  [400, 'never'],
  [401, 'never'],
  [403, 'never'],
  [404, 'never'],
  [408, 'soon'],
  [429, 'later'],
  [500, 'later'],
  [501, 'never'],
  [502, 'soon'],
  [503, 'later'],
  [504, 'soon'],
  [522, 'later'],
])('a status %i is asked again %s', (status, advice) => {
  expect(retryAdvice(status, none, wallMs)).toBe(advice);
});

it.each([
  ['7', 7_000],
  ['0', 0],
  ['Thu, 01 Jan 2026 00:00:07 GMT', 7_000],
  ['Wed, 31 Dec 2025 23:00:00 GMT', 0],
  ['99999999999999999999', 600_000],
])('429 and 503 with Retry-After %s: in %i ms, by our clock if the answer has no Date', (retryAfter, afterMs) => {
  for (const status of [429, 503]) expect(retryAdvice(status, { retryAfter, date: undefined }, wallMs)).toEqual({ afterMs });
});

it('a date counts from the time of the answer, whatever our clock says', () => {
  const headers = { retryAfter: 'Thu, 01 Jan 2026 05:00:07 GMT', date: 'Thu, 01 Jan 2026 05:00:00 GMT' };
  expect(retryAdvice(429, headers, wallMs)).toEqual({ afterMs: 7_000 });
});

it.each(['soon', '-5', '1.5', '2026-01-01'])('a Retry-After of %s says nothing', (retryAfter) => {
  expect(retryAdvice(429, { retryAfter, date: undefined }, wallMs)).toBe('later');
});

it('what is refused stays refused, with Retry-After or without', () => {
  expect(retryAdvice(401, { retryAfter: '1', date: undefined }, wallMs)).toBe('never');
});
