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

test('a refused token is dropped and one token request brings another for all of a thousand callers', async () => {
  const refused = await stage.obtained(15 * minute);
  const callers = Array.from({ length: 1000 }, () => stage.watch(stage.source.replace(refused)));
  expect(stage.source.token).toBeUndefined();
  await settled();
  expect(stage.endpoint.requests).toBe(2);
  stage.endpoint.issue(15 * minute);
  await settled();
  expect(new Set(callers.map((caller) => caller.outcome))).toEqual(new Set(['t2']));
  expect(stage.endpoint.requests).toBe(2);
});

test('a late refusal of an old token gets the new one, which stays', async () => {
  const refused = await stage.obtained(15 * minute);
  stage.watch(stage.source.replace(refused));
  stage.endpoint.issue(15 * minute);
  await settled();
  const late = stage.watch(stage.source.replace(refused));
  await settled();
  expect(late.outcome).toBe('t2');
  expect(stage.source.token?.value.reveal()).toBe('t2');
  expect(stage.endpoint.requests).toBe(2);
});

test('requests that come while the refused token is replaced wait for the new one', async () => {
  stage.watch(stage.source.replace(await stage.obtained(15 * minute)));
  const caller = stage.watch(stage.source.obtain(fiveMinutes));
  await stage.clock.advance(5000);
  expect(caller.outcome).toBeUndefined();
  stage.endpoint.issue(15 * minute);
  await settled();
  expect(caller.outcome).toBe('t2');
});

test('a token may be replaced at once, however young it is', async () => {
  stage.watch(stage.source.replace(await stage.obtained(15 * minute)));
  expect(stage.endpoint.requestedAtMs).toEqual([stage.clock.monotonicMs(), stage.clock.monotonicMs()]);
});

test('a background refresh that is under way is the one token request', async () => {
  const refused = await stage.obtained(15 * minute);
  await stage.clock.advance(10 * minute);
  stage.source.refresh();
  const caller = stage.watch(stage.source.replace(refused));
  await settled();
  expect(stage.endpoint.requests).toBe(2);
  stage.endpoint.issue(15 * minute);
  await settled();
  expect(caller.outcome).toBe('t2');
});

test('a refusal during the backoff makes no token request, gets the remembered failure and leaves the token to the others', async () => {
  const refused = await stage.obtained(15 * minute);
  await stage.clock.advance(10 * minute);
  stage.source.refresh();
  stage.endpoint.fail('never');
  await settled();
  const caller = stage.watch(stage.source.replace(refused));
  await settled();
  expect(caller.outcome).toBe('token_rejected');
  expect(stage.endpoint.requests).toBe(2);
  expect(stage.source.token).toBe(refused);
});

test('a refused token comes back if no other can be had, and serves those who waited meanwhile', async () => {
  const refused = await stage.obtained(15 * minute);
  const replacing = stage.watch(stage.source.replace(refused));
  const obtaining = stage.watch(stage.source.obtain(fiveMinutes));
  stage.endpoint.fail('never');
  await settled();
  expect(replacing.outcome).toBe('token_rejected');
  expect(obtaining.outcome).toBe('t1');
  expect(stage.source.token).toBe(refused);
});

test('a refused token that has expired meanwhile does not come back', async () => {
  const refused = await stage.obtained(15 * minute);
  await stage.clock.advance(15 * minute - 1);
  const replacing = stage.watch(stage.source.replace(refused));
  const obtaining = stage.watch(stage.source.obtain(fiveMinutes));
  await stage.clock.advance(1);
  stage.endpoint.fail('never');
  await settled();
  expect(replacing.outcome).toBe('token_rejected');
  expect(obtaining.outcome).toBe('token_rejected');
  expect(stage.source.token).toBeUndefined();
});

test('a refused token does not come back after another one that nobody may keep', async () => {
  const refused = await stage.obtained(15 * minute);
  const replacing = stage.watch(stage.source.replace(refused));
  stage.endpoint.issue(0);
  await settled();
  expect(replacing.outcome).toBe('t2');
  expect(stage.source.token).toBeUndefined();
});

test('refusals of tokens that live for nothing cost one token request a second', async () => {
  const refused = async (): Promise<void> => {
    const outcome = await stage.source.obtain(fiveMinutes);
    if (outcome.ok) await stage.source.replace(outcome.token);
  };
  stage.watch(stage.source.obtain(fiveMinutes));
  await settled();
  let name = stage.endpoint.issue(0);
  for (let elapsedMs = 0; elapsedMs < 10_000; elapsedMs += 100) {
    void refused();
    await stage.clock.advance(100);
    if (stage.endpoint.held > 0) name = stage.endpoint.issue(0);
  }
  expect(name).toBe('t11');
  expect(stage.endpoint.requests).toBe(11);
});

test('a caller who goes away while its token is replaced is let go', async () => {
  const refused = await stage.obtained(15 * minute);
  const gone = new AbortController();
  const leaving = stage.watch(stage.source.replace(refused, gone.signal));
  gone.abort();
  await settled();
  expect(leaving.outcome).toBe('token_unavailable');
});

test('the endpoint is told that the API refused the last token, at every retry, and then no more', async () => {
  const refused = await stage.obtained(15 * minute);
  const caller = stage.watch(stage.source.replace(refused));
  await settled();
  stage.endpoint.fail('soon');
  await stage.clock.advance(300);
  stage.endpoint.issue(15 * minute);
  await settled();
  expect(caller.outcome).toBe('t2');
  await stage.clock.advance(10 * minute);
  stage.source.refresh();
  await settled();
  expect(stage.endpoint.refused).toEqual([false, true, true, false]);
  stage.endpoint.issue(15 * minute);
  await settled();
});

test('an endpoint that was not told, and gives out the refused token again, is told and asked once more', async () => {
  const refused = await stage.obtained(15 * minute);
  await stage.clock.advance(10 * minute);
  stage.source.refresh();
  await settled();
  const caller = stage.watch(stage.source.replace(refused));
  stage.endpoint.issueAgain(5 * minute);
  await settled();
  expect(caller.outcome).toBeUndefined();
  expect(stage.endpoint.refused).toEqual([false, false, true]);
  stage.endpoint.issue(15 * minute);
  await settled();
  expect(caller.outcome).toBe('t2');
});

test('an endpoint that was told, and gives out the refused token all the same, is not asked again', async () => {
  const refused = await stage.obtained(15 * minute);
  const caller = stage.watch(stage.source.replace(refused));
  await settled();
  stage.endpoint.issueAgain(10 * minute);
  await settled();
  expect(caller.outcome).toBe('t1');
  expect(stage.endpoint.requests).toBe(2);
});
