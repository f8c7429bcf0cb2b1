import { afterEach, assert, beforeEach, expect, test } from 'vitest';
import { FakeClock, settled } from '../../test/support/fake-clock.ts';
import { HeldEndpoint } from '../../test/support/held-endpoint.ts';
import { TokenSource, type TokenOutcome } from './token-source.ts';
import type { Token } from './token.ts';

const minute = 60_000;
const fiveMinutes = 5 * minute;

let clock: FakeClock;
let endpoint: HeldEndpoint;
let source: TokenSource;

beforeEach(() => {
  clock = new FakeClock();
  endpoint = new HeldEndpoint(clock);
  source = new TokenSource(endpoint.requestToken, {
    clock,
    random: () => 1 - 1e-9,
    observer: { attempted: () => {}, obtained: () => {}, failed: () => {} },
  });
});

afterEach(async () => {
  source.close();
  await settled();
  assert.equal(clock.pendingTimers, 0);
  assert.isAtMost(endpoint.mostAtOnce, 1);
});

interface Caller {
  outcome?: string;
}

/** `outcome` is absent while the caller waits. */
function watch(promise: Promise<TokenOutcome>): Caller {
  const caller: Caller = {};
  const wait = async (): Promise<void> => {
    const outcome = await promise;
    caller.outcome = outcome.ok ? outcome.token.value.reveal() : outcome.failure.code;
  };
  void wait();
  return caller;
}

function cached(): Token {
  if (source.token === undefined) throw new Error('nothing is cached');
  return source.token;
}

async function obtained(): Promise<Token> {
  watch(source.obtain(fiveMinutes));
  await settled();
  endpoint.issue(15 * minute);
  await settled();
  return cached();
}

test('a refused token is dropped and one token request brings another for all of a thousand callers', async () => {
  const refused = await obtained();
  const callers = Array.from({ length: 1000 }, () => watch(source.replace(refused)));
  expect(source.token).toBeUndefined();
  await settled();
  expect(endpoint.requests).toBe(2);
  endpoint.issue(15 * minute);
  await settled();
  expect(new Set(callers.map((caller) => caller.outcome))).toEqual(new Set(['t2']));
  expect(endpoint.requests).toBe(2);
});

test('a late refusal of an old token gets the new one, which stays', async () => {
  const refused = await obtained();
  watch(source.replace(refused));
  endpoint.issue(15 * minute);
  await settled();
  const late = watch(source.replace(refused));
  await settled();
  expect(late.outcome).toBe('t2');
  expect(cached().value.reveal()).toBe('t2');
  expect(endpoint.requests).toBe(2);
});

test('requests that come while the refused token is replaced wait for the new one', async () => {
  watch(source.replace(await obtained()));
  const caller = watch(source.obtain(fiveMinutes));
  await clock.advance(5000);
  expect(caller.outcome).toBeUndefined();
  endpoint.issue(15 * minute);
  await settled();
  expect(caller.outcome).toBe('t2');
});

test('a token may be replaced at once, however young it is', async () => {
  watch(source.replace(await obtained()));
  expect(endpoint.requestedAtMs).toEqual([clock.monotonicMs(), clock.monotonicMs()]);
});

test('a background refresh that is under way is the one token request', async () => {
  const refused = await obtained();
  await clock.advance(10 * minute);
  source.refresh();
  const caller = watch(source.replace(refused));
  await settled();
  expect(endpoint.requests).toBe(2);
  endpoint.issue(15 * minute);
  await settled();
  expect(caller.outcome).toBe('t2');
});

test('a refusal during the backoff makes no token request, gets the remembered failure and leaves the token to the others', async () => {
  const refused = await obtained();
  await clock.advance(10 * minute);
  source.refresh();
  endpoint.fail('never');
  await settled();
  const caller = watch(source.replace(refused));
  await settled();
  expect(caller.outcome).toBe('token_rejected');
  expect(endpoint.requests).toBe(2);
  expect(cached()).toBe(refused);
});

test('a refused token comes back if no other can be had, and serves those who waited meanwhile', async () => {
  const refused = await obtained();
  const replacing = watch(source.replace(refused));
  const obtaining = watch(source.obtain(fiveMinutes));
  endpoint.fail('never');
  await settled();
  expect(replacing.outcome).toBe('token_rejected');
  expect(obtaining.outcome).toBe('t1');
  expect(cached()).toBe(refused);
});

test('a refused token that has expired meanwhile does not come back', async () => {
  const refused = await obtained();
  await clock.advance(15 * minute - 1);
  const replacing = watch(source.replace(refused));
  const obtaining = watch(source.obtain(fiveMinutes));
  await clock.advance(1);
  endpoint.fail('never');
  await settled();
  expect(replacing.outcome).toBe('token_rejected');
  expect(obtaining.outcome).toBe('token_rejected');
  expect(source.token).toBeUndefined();
});

test('a refused token does not come back after another one that nobody may keep', async () => {
  const refused = await obtained();
  const replacing = watch(source.replace(refused));
  endpoint.issue(0);
  await settled();
  expect(replacing.outcome).toBe('t2');
  expect(source.token).toBeUndefined();
});

test('refusals of tokens that live for nothing cost one token request a second', async () => {
  const refused = async (): Promise<void> => {
    const outcome = await source.obtain(fiveMinutes);
    if (outcome.ok) await source.replace(outcome.token);
  };
  watch(source.obtain(fiveMinutes));
  await settled();
  let name = endpoint.issue(0);
  for (let elapsedMs = 0; elapsedMs < 10_000; elapsedMs += 100) {
    void refused();
    await clock.advance(100);
    if (endpoint.held > 0) name = endpoint.issue(0);
  }
  expect(name).toBe('t11');
  expect(endpoint.requests).toBe(11);
});

test('a caller who goes away while its token is replaced is let go', async () => {
  const refused = await obtained();
  const gone = new AbortController();
  const leaving = watch(source.replace(refused, gone.signal));
  gone.abort();
  await settled();
  expect(leaving.outcome).toBe('token_unavailable');
});
