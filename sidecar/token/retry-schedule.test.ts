import { expect, test } from 'vitest';
import type { RetryAdvice } from './attempt.ts';
import { backoffMs, countFailure, noFailures, retryDelayMs } from './retry-schedule.ts';

/** As near to 1 as it takes for the bases to show after rounding. */
const longest = (): number => 1 - 1e-9;
const shortest = (): number => 0;

function delays(advice: RetryAdvice, random = longest): (number | undefined)[] {
  return [0, 1, 2, 3].map((retriesDone) => {
    const delayMs = retryDelayMs(advice, retriesDone, random);
    return delayMs === undefined ? undefined : Math.round(delayMs);
  });
}

function backoffs(advices: RetryAdvice[], random = longest): number[] {
  let counts = noFailures;
  return advices.map((advice) => {
    counts = countFailure(counts, advice);
    return Math.round(backoffMs(counts, advice, random));
  });
}

test('a broken connection is tried three more times, at 300, 600 and 1200 ms', () => {
  expect(delays('soon')).toEqual([300, 600, 1200, undefined]);
});

test('a server in trouble is tried three more times, at 1, 3 and 9 s', () => {
  expect(delays('later')).toEqual([1000, 3000, 9000, undefined]);
});

test('a refusal is not tried again', () => {
  expect(delays('never')).toEqual([undefined, undefined, undefined, undefined]);
});

test('a delay has full jitter', () => {
  expect(delays('later', shortest)).toEqual([0, 0, 0, undefined]);
  expect(delays('soon', () => 0.5)).toEqual([150, 300, 600, undefined]);
});

test('a Retry-After is waited out and never cut short by jitter', () => {
  expect(delays({ afterMs: 7000 }, shortest)).toEqual([7000, 7000, 7000, undefined]);
  expect(delays({ afterMs: 7000 })).toEqual([7300, 7600, 8200, undefined]);
});

test('a Retry-After of nothing or less is a broken connection', () => {
  expect(delays({ afterMs: -5 })).toEqual([300, 600, 1200, undefined]);
});

test('a Retry-After above 20 s ends the flight', () => {
  expect(delays({ afterMs: 20_000 }, shortest)).toEqual([20_000, 20_000, 20_000, undefined]);
  expect(delays({ afterMs: 20_001 }, shortest)).toEqual([undefined, undefined, undefined, undefined]);
});

test('refusals are remembered for 5 s, doubling to 5 min', () => {
  expect(backoffs(Array.from({ length: 8 }, () => 'never'))).toEqual([5000, 10_000, 20_000, 40_000, 80_000, 160_000, 300_000, 300_000]);
});

test('outages are remembered for 1 s, doubling to 30 s', () => {
  expect(backoffs(['soon', 'later', 'soon', 'later', 'soon', 'soon', 'soon'])).toEqual([1000, 2000, 4000, 8000, 16_000, 30_000, 30_000]);
});

test('jitter takes at most half of a backoff', () => {
  expect(backoffs(['never', 'never'], shortest)).toEqual([2500, 5000]);
});

test('an outage between two refusals does not speed up the next try of a wrong secret', () => {
  expect(backoffs(['never', 'soon', 'never', 'soon', 'never'])).toEqual([5000, 1000, 10_000, 2000, 20_000]);
});

test('a thousand failures in a row overflow nothing', () => {
  expect(backoffs(Array.from({ length: 2000 }, () => 'never')).at(-1)).toBe(300_000);
});

test('a Retry-After outlasts the backoff, up to 10 min', () => {
  expect(backoffs([{ afterMs: 60_000 }])).toEqual([60_000]);
  expect(backoffs([{ afterMs: 86_400_000 }])).toEqual([600_000]);
  expect(backoffs([{ afterMs: 0 }])).toEqual([1000]);
});
