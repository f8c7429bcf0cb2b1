import { afterEach, beforeEach, expect, test } from 'vitest';
import { settled } from '../../test/support/fake-clock.ts';
import { SourceStage } from '../../test/support/source-stage.ts';

const minute = 60_000;
const fiveMinutes = 5 * minute;

let stage: SourceStage;

beforeEach(() => {
  stage = new SourceStage();
});

afterEach(() => stage.strike());

test.each([0, -1000, Number.NaN])(
  'a lifetime of %d ms: the waiting callers share the token, and the next ones wait for another',
  async (lifetimeMs) => {
    const callers = [stage.call(), stage.call()];
    await settled();
    stage.endpoint.issue(lifetimeMs);
    await settled();
    expect(callers.map((caller) => caller.outcome)).toEqual(['t1', 't1']);
    expect(stage.source.token).toBeUndefined();
    const next = stage.call();
    await settled();
    expect(next.outcome).toBeUndefined();
    await stage.clock.advance(1000);
    stage.endpoint.issue(lifetimeMs);
    await settled();
    expect(next.outcome).toBe('t2');
  },
);

test.each([0, 1, 5, 900])('tokens of %d ms cost one token request a second, however many callers there are', async (lifetimeMs) => {
  for (let elapsedMs = 0; elapsedMs < 20_000; elapsedMs += 50) {
    stage.call();
    stage.call();
    await settled();
    if (stage.endpoint.held > 0) stage.endpoint.issue(lifetimeMs);
    await stage.clock.advance(50);
  }
  // At once, and at the end of each of the 20 seconds.
  expect(stage.endpoint.requests).toBe(21);
});

test('a token of 5 s is fetched about every other second and no more', async () => {
  for (let elapsedMs = 0; elapsedMs < minute; elapsedMs += 50) {
    stage.call();
    await settled();
    if (stage.endpoint.held > 0) stage.endpoint.issue(5000);
    await stage.clock.advance(50);
  }
  expect(stage.endpoint.requests).toBeGreaterThanOrEqual(60 / 5);
  expect(stage.endpoint.requests).toBeLessThanOrEqual(60 / 2);
});

test('a token without a lifetime takes the place of none that is still valid', async () => {
  await stage.obtained(15 * minute);
  await stage.clock.advance(10 * minute);
  stage.source.refresh();
  await settled();
  stage.endpoint.issue(0);
  await settled();
  expect(stage.source.token?.value.reveal()).toBe('t1');
});

test.each([1e15, Number.POSITIVE_INFINITY])('a lifetime of %d ms is bounded', async (lifetimeMs) => {
  await stage.obtained(lifetimeMs);
  expect(stage.source.token?.lifetimeMs).toBe(24 * 24 * 60 * minute);
});

test('a life begins when its token request is sent', async () => {
  const caller = stage.call();
  await stage.clock.advance(9000);
  stage.endpoint.issue(10_000);
  await settled();
  expect(caller.outcome).toBe('t1');
  await stage.clock.advance(1000);
  expect(stage.source.freshness(fiveMinutes)).toBe('none');
});

test('a token that has expired on its way is not used: the endpoint is asked again', async () => {
  const caller = stage.call();
  await settled();
  stage.clock.jumpWall(60 * minute);
  stage.endpoint.issue(10 * minute);
  await stage.clock.advance(300);
  expect(caller.outcome).toBeUndefined();
  stage.endpoint.issue(10 * minute);
  await settled();
  expect(caller.outcome).toBe('t2');
  expect(stage.observed).toEqual(['attempted token_malformed 0', 'attempted ok 0', 'obtained for 600000']);
});
