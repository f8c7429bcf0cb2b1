import { afterEach, beforeEach, expect, test } from 'vitest';
import { settled } from '../../test/support/fake-clock.ts';
import { SourceStage } from '../../test/support/source-stage.ts';

const minute = 60_000;

let stage: SourceStage;

beforeEach(() => {
  stage = new SourceStage();
});

afterEach(() => stage.strike());

test('503, 503, 200: about 1 s, about 3 s, a token', async () => {
  const caller = stage.call();
  await settled();
  stage.endpoint.fail('later');
  await stage.clock.advance(1000);
  stage.endpoint.fail('later');
  await stage.clock.advance(3000);
  stage.endpoint.issue(minute);
  await settled();
  expect(caller.outcome).toBe('t1');
  expect(Math.round(caller.tookMs ?? 0)).toBe(4000);
  expect(stage.endpoint.requests).toBe(3);
});

test('four attempts make a flight, and its failure is told with the next try', async () => {
  stage.call();
  await settled();
  stage.endpoint.fail('soon');
  await stage.clock.advance(300);
  stage.endpoint.fail('soon');
  await stage.clock.advance(600);
  stage.endpoint.fail('soon');
  await stage.clock.advance(1200);
  stage.endpoint.fail('soon');
  await stage.clock.advance(999);
  expect(stage.endpoint.requests).toBe(4);
  expect(stage.observed.at(-1)).toBe('failed token_unavailable, next in 1000');
  expect(stage.observed.filter((line) => line.startsWith('attempted'))).toHaveLength(4);
});

test('a refusal in the middle ends the flight', async () => {
  const caller = stage.call();
  await settled();
  stage.endpoint.fail('soon');
  await stage.clock.advance(300);
  await stage.rejected();
  expect(caller.outcome).toBe('token_rejected');
  expect(stage.observed.at(-1)).toBe('failed token_rejected, next in 5000');
  await stage.clock.advance(minute);
  expect(stage.endpoint.requests).toBe(2);
});

test('a Retry-After of 7 s is waited for within the flight', async () => {
  const caller = stage.call();
  await settled();
  stage.endpoint.fail({ afterMs: 7000 });
  await stage.clock.advance(6999);
  expect(stage.endpoint.requests).toBe(1);
  await stage.clock.advance(301);
  expect(stage.endpoint.requests).toBe(2);
  stage.endpoint.issue(minute);
  await settled();
  expect(caller.outcome).toBe('t1');
});

test('a long Retry-After ends the flight and is remembered, for at most 10 min', async () => {
  const caller = stage.call();
  await settled();
  stage.endpoint.fail({ afterMs: 86_400_000 });
  await settled();
  expect(caller.full).toMatchObject({ ok: false, failure: { code: 'token_unavailable', retryAfterSeconds: 600 } });
  await stage.clock.advance(599_999);
  stage.call();
  await settled();
  expect(stage.endpoint.requests).toBe(1);
  await stage.clock.advance(1);
  stage.call();
  await settled();
  expect(stage.endpoint.requests).toBe(2);
});

test.each([
  ['rejects', () => Promise.reject(new TypeError('holds s3cr3t'))],
  [
    'throws',
    () => {
      throw new TypeError('holds s3cr3t');
    },
  ],
])('a token request that %s, which none should, is an outage whose message is kept back', async (_how, requestToken) => {
  stage = new SourceStage(requestToken);
  const caller = stage.call();
  await stage.clock.advance(30_000);
  expect(caller.full).toMatchObject({ ok: false, failure: { code: 'token_unavailable', log: { error: 'TypeError' } } });
  expect(JSON.stringify(caller.full)).not.toContain('s3cr3t');
});
