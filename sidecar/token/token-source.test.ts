import { getEventListeners } from 'node:events';
import { afterEach, assert, beforeEach, describe, expect, test } from 'vitest';
import { FakeClock, settled } from '../../test/support/fake-clock.ts';
import { HeldEndpoint } from '../../test/support/held-endpoint.ts';
import { TokenSource, type TokenOutcome } from './token-source.ts';

const fiveMinutes = 300_000;
const minute = 60_000;
const flightSpacing = 1000;

let clock: FakeClock;
let endpoint: HeldEndpoint;
let source: TokenSource;
let observed: string[];

function open(requestToken = endpoint.requestToken, random = () => 1 - 1e-9): TokenSource {
  return new TokenSource(requestToken, {
    clock,
    random,
    observer: {
      attempted: (failure, durationMs) => observed.push(`attempted ${failure?.code ?? 'ok'} ${Math.round(durationMs)}`),
      obtained: (expiresAtWallMs) => observed.push(`obtained for ${expiresAtWallMs - clock.wallMs()}`),
      failed: (failure, nextTryInMs) => observed.push(`failed ${failure.code}, next in ${Math.round(nextTryInMs)}`),
    },
  });
}

beforeEach(() => {
  clock = new FakeClock();
  endpoint = new HeldEndpoint(clock);
  observed = [];
  source = open();
});

afterEach(async () => {
  source.close();
  await settled();
  assert.equal(clock.pendingTimers, 0);
  assert.isAtMost(endpoint.mostAtOnce, 1);
});

function show(outcome: TokenOutcome): string {
  return outcome.ok ? outcome.token.value.reveal() : outcome.failure.code;
}

interface Caller {
  outcome?: string;
  full?: TokenOutcome;
  tookMs?: number;
}

/** One request of an alias; the members are absent while it waits. */
function call(signal?: AbortSignal): Caller {
  const caller: Caller = {};
  const wait = async (): Promise<void> => {
    const startedMs = clock.monotonicMs();
    caller.full = await source.obtain(fiveMinutes, signal);
    caller.outcome = show(caller.full);
    caller.tookMs = clock.monotonicMs() - startedMs;
  };
  void wait();
  return caller;
}

/** A token, and a second on the clock, so that the next flight may start. */
async function obtained(lifetimeMs: number): Promise<string> {
  const caller = call();
  await clock.advance(flightSpacing);
  endpoint.issue(lifetimeMs);
  await settled();
  return caller.outcome ?? 'still waiting';
}

/** One flight that fails at its first attempt. */
async function rejected(): Promise<void> {
  endpoint.fail('never');
  await settled();
}

describe('without a token', () => {
  test('a hundred callers share one token request', async () => {
    const callers = Array.from({ length: 100 }, () => call());
    await settled();
    expect(endpoint.requests).toBe(1);
    endpoint.issue(minute);
    await settled();
    expect(new Set(callers.map((caller) => caller.outcome))).toEqual(new Set(['t1']));
    expect(endpoint.requests).toBe(1);
    expect(clock.pendingTimers).toBe(0);
  });

  test('all callers share a failure, and those who come during the backoff get it at once', async () => {
    const callers = [call(), call()];
    await settled();
    await rejected();
    expect(callers.map((caller) => caller.outcome)).toEqual(['token_rejected', 'token_rejected']);
    await clock.advance(3000);
    const late = call();
    await settled();
    expect(late.full).toEqual({ ok: false, failure: { code: 'token_rejected', detail: 'It failed.', retryAfterSeconds: 2 } });
    expect(endpoint.requests).toBe(1);
  });

  test('the first caller after the backoff makes the next token request', async () => {
    call();
    await settled();
    await rejected();
    await clock.advance(5000);
    expect(endpoint.requests).toBe(1);
    const caller = call();
    await settled();
    expect(endpoint.requests).toBe(2);
    endpoint.issue(minute);
    await settled();
    expect(caller.outcome).toBe('t1');
  });

  test('a token ends the memory of failures', async () => {
    call();
    await settled();
    await rejected();
    await clock.advance(5000);
    call();
    await settled();
    endpoint.issue(2000);
    await settled();
    expect(source.state.status).toBe('valid');
    await clock.advance(2000);
    call();
    await settled();
    await rejected();
    expect(observed.filter((line) => line.startsWith('failed'))).toEqual([
      'failed token_rejected, next in 5000',
      'failed token_rejected, next in 5000',
    ]);
  });

  test('a caller waits 30 s at most and is told what went wrong last', async () => {
    const caller = call();
    await settled();
    endpoint.fail('later', 'token_unavailable', 'The endpoint answered 503.');
    await clock.advance(29_999);
    expect(caller.outcome).toBeUndefined();
    await clock.advance(1);
    expect(caller.full).toEqual({
      ok: false,
      failure: { code: 'token_timeout', detail: 'No token within 30 s. The last attempt: The endpoint answered 503.' },
    });
  });

  test('a caller whom the endpoint never answered is told so', async () => {
    const caller = call();
    await clock.advance(30_000);
    expect(caller.full).toEqual({
      ok: false,
      failure: { code: 'token_timeout', detail: 'No token within 30 s. The token endpoint has not answered yet.' },
    });
  });

  test('a caller who goes away is let go, and the token still serves the others and the next ones', async () => {
    const gone = new AbortController();
    const leaving = call(gone.signal);
    const staying = call();
    await settled();
    gone.abort();
    await settled();
    expect(leaving.outcome).toBe('token_unavailable');
    endpoint.issue(minute);
    await settled();
    expect(staying.outcome).toBe('t1');
    expect(getEventListeners(gone.signal, 'abort')).toEqual([]);
  });

  test('a caller who is gone already costs no token request', async () => {
    const caller = call(AbortSignal.abort());
    await settled();
    expect(caller.outcome).toBe('token_unavailable');
    expect(endpoint.requests).toBe(0);
  });

  test('a served caller leaves no listener on its signal', async () => {
    const present = new AbortController();
    call(present.signal);
    await settled();
    endpoint.issue(minute);
    await settled();
    expect(getEventListeners(present.signal, 'abort')).toEqual([]);
  });
});

describe('retries', () => {
  /** Lets a flight fail as told and answers the times between its attempts. */
  async function attemptTimes(...advices: Parameters<HeldEndpoint['fail']>[0][]): Promise<number[]> {
    call();
    await settled();
    for (const advice of advices) {
      endpoint.fail(advice);
      await clock.advance(21_000);
    }
    return endpoint.requestedAtMs.slice(1).map((atMs, index) => Math.round(atMs - (endpoint.requestedAtMs[index] ?? 0)));
  }

  test('503, 503, 200: about 1 s, about 3 s, a token', async () => {
    const caller = call();
    await settled();
    endpoint.fail('later');
    await clock.advance(1000);
    endpoint.fail('later');
    await clock.advance(3000);
    endpoint.issue(minute);
    await settled();
    expect(caller.outcome).toBe('t1');
    expect(Math.round(caller.tookMs ?? 0)).toBe(4000);
    expect(endpoint.requests).toBe(3);
  });

  test('four attempts make a flight, and its failure is told with the next try', async () => {
    call();
    await settled();
    endpoint.fail('soon');
    await clock.advance(300);
    endpoint.fail('soon');
    await clock.advance(600);
    endpoint.fail('soon');
    await clock.advance(1200);
    endpoint.fail('soon');
    await clock.advance(999);
    expect(endpoint.requests).toBe(4);
    expect(observed.at(-1)).toBe('failed token_unavailable, next in 1000');
    expect(observed.filter((line) => line.startsWith('attempted'))).toHaveLength(4);
  });

  test('a refusal in the middle ends the flight', async () => {
    expect(await attemptTimes('soon', 'never')).toHaveLength(1);
    expect(observed.at(-1)).toBe('failed token_rejected, next in 5000');
  });

  test('a Retry-After of 7 s is waited for within the flight', async () => {
    const caller = call();
    await settled();
    endpoint.fail({ afterMs: 7000 });
    await clock.advance(6999);
    expect(endpoint.requests).toBe(1);
    await clock.advance(301);
    expect(endpoint.requests).toBe(2);
    endpoint.issue(minute);
    await settled();
    expect(caller.outcome).toBe('t1');
  });

  test('a long Retry-After ends the flight and is remembered, for at most 10 min', async () => {
    const caller = call();
    await settled();
    endpoint.fail({ afterMs: 86_400_000 });
    await settled();
    expect(caller.full).toMatchObject({ ok: false, failure: { code: 'token_unavailable', retryAfterSeconds: 600 } });
    await clock.advance(599_999);
    call();
    await settled();
    expect(endpoint.requests).toBe(1);
    await clock.advance(1);
    call();
    await settled();
    expect(endpoint.requests).toBe(2);
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
    source = open(requestToken);
    const caller = call();
    await clock.advance(30_000);
    expect(caller.full).toMatchObject({ ok: false, failure: { code: 'token_unavailable', log: { error: 'TypeError' } } });
    expect(JSON.stringify(caller.full)).not.toContain('s3cr3t');
  });
});

describe('with a token', () => {
  test('a fresh one is answered without a token request', async () => {
    expect(await obtained(15 * minute)).toBe('t1');
    await clock.advance(9 * minute);
    expect(source.freshness(fiveMinutes)).toBe('fresh');
    expect(source.token?.value.reveal()).toBe('t1');
    const caller = call();
    await settled();
    expect(caller.outcome).toBe('t1');
    expect(endpoint.requests).toBe(1);
  });

  test('a stale one is answered at once while one refresh runs', async () => {
    await obtained(15 * minute);
    await clock.advance(10 * minute);
    const callers = [call(), call()];
    source.refresh();
    await settled();
    expect(callers.map((caller) => caller.outcome)).toEqual(['t1', 't1']);
    expect(endpoint.requests).toBe(2);
    endpoint.issue(15 * minute);
    await settled();
    expect(source.token?.value.reveal()).toBe('t2');
    expect(source.freshness(fiveMinutes)).toBe('fresh');
  });

  test('an expiring one waits for the fresh one', async () => {
    await obtained(15 * minute);
    await clock.advance(15 * minute - 20_000);
    expect(source.freshness(fiveMinutes)).toBe('expiring');
    const caller = call();
    await clock.advance(800);
    expect(caller.outcome).toBeUndefined();
    endpoint.issue(15 * minute);
    await settled();
    expect(caller.outcome).toBe('t2');
  });

  test('an expiring one goes out after a second if the refresh takes longer', async () => {
    await obtained(15 * minute);
    await clock.advance(15 * minute - 20_000);
    const caller = call();
    await clock.advance(999);
    expect(caller.outcome).toBeUndefined();
    await clock.advance(1);
    expect(caller.outcome).toBe('t1');
  });

  test('an expiring one goes out as soon as the refresh fails, and at once during its backoff', async () => {
    await obtained(15 * minute);
    await clock.advance(15 * minute - 20_000);
    const caller = call();
    await clock.advance(100);
    await rejected();
    expect(caller.outcome).toBe('t1');
    expect(caller.tookMs).toBe(100);
    const next = call();
    await settled();
    expect(next.outcome).toBe('t1');
    expect(endpoint.requests).toBe(2);
  });

  test('one that expires during that second never goes out: its caller waits on for a fresh one', async () => {
    await obtained(15 * minute);
    await clock.advance(15 * minute - 1000 - 500);
    const caller = call();
    await clock.advance(1000);
    expect(caller.outcome).toBeUndefined();
    await clock.advance(15_000);
    endpoint.issue(minute);
    await settled();
    expect(caller.outcome).toBe('t2');
  });

  test('one that expires during that second makes its caller wait no longer than 30 s in all', async () => {
    await obtained(15 * minute);
    await clock.advance(15 * minute - 1000 - 500);
    const caller = call();
    await clock.advance(60_000);
    expect(caller).toMatchObject({ outcome: 'token_timeout', tookMs: 30_000 });
  });

  test('with the endpoint down every request is served, to the last millisecond of the token', async () => {
    await obtained(15 * minute);
    await clock.advance(10 * minute);
    const bornMs = endpoint.requestedAtMs[0] ?? 0;
    const endMs = bornMs + 15 * minute;
    const callers: ReturnType<typeof call>[] = [];
    while (clock.monotonicMs() < endMs - 1000) {
      callers.push(call());
      await clock.advance(97);
      if (endpoint.held > 0) endpoint.fail('soon');
    }
    await clock.advance(1000);
    expect(callers.map((caller) => caller.outcome)).toEqual(callers.map(() => 't1'));
    expect(Math.max(...callers.map((caller) => caller.tookMs ?? Infinity))).toBeLessThanOrEqual(1000);
    const inVain = call();
    await clock.advance(minute);
    expect(inVain.outcome).not.toBe('t1');
  });

  test('during a backoff one goes out to its last millisecond', async () => {
    await obtained(15 * minute);
    await clock.advance(15 * minute - flightSpacing - 1000);
    source.refresh();
    await settled();
    await rejected();
    await clock.advance(999);
    const last = call();
    await settled();
    expect(last.outcome).toBe('t1');
    await clock.advance(1);
    const late = call();
    await settled();
    expect(late.outcome).toBe('token_rejected');
  });

  test('a failed background refresh is tried again after the backoff only', async () => {
    await obtained(15 * minute);
    await clock.advance(10 * minute);
    source.refresh();
    await settled();
    await rejected();
    await clock.advance(4999);
    source.refresh();
    await settled();
    expect(endpoint.requests).toBe(2);
    await clock.advance(1);
    source.refresh();
    await settled();
    expect(endpoint.requests).toBe(3);
  });

  test.each([1, -1])('none is sent when it has expired while the machine slept and the clock was set by %i h', async (hours) => {
    await obtained(10 * minute);
    clock.jumpWall(hours * 60 * minute);
    if (hours < 0) await clock.advance(10 * minute);
    expect(source.freshness(fiveMinutes)).toBe('none');
    expect(source.token).toBeUndefined();
    const caller = call();
    await settled();
    expect(caller.outcome).toBeUndefined();
    endpoint.issue(10 * minute);
    await settled();
    expect(caller.outcome).toBe('t2');
  });

  test('one that was found expired does not come back when the wall clock is set back', async () => {
    await obtained(10 * minute);
    clock.jumpWall(60 * minute);
    expect(source.freshness(fiveMinutes)).toBe('none');
    clock.jumpWall(-60 * minute);
    expect(source.freshness(fiveMinutes)).toBe('none');
  });

  test('aliases that share it may differ in when they refresh', async () => {
    await obtained(15 * minute);
    await clock.advance(10 * minute);
    expect(source.freshness(minute)).toBe('fresh');
    expect(source.freshness(fiveMinutes)).toBe('stale');
  });
});

describe('lifetimes', () => {
  test.each([0, -1000, Number.NaN])(
    'a lifetime of %d ms: the waiting callers share the token, and the next ones wait for another',
    async (lifetimeMs) => {
      const callers = [call(), call()];
      await settled();
      endpoint.issue(lifetimeMs);
      await settled();
      expect(callers.map((caller) => caller.outcome)).toEqual(['t1', 't1']);
      expect(source.token).toBeUndefined();
      const next = call();
      await settled();
      expect(next.outcome).toBeUndefined();
      await clock.advance(1000);
      endpoint.issue(lifetimeMs);
      await settled();
      expect(next.outcome).toBe('t2');
    },
  );

  test.each([0, 1, 5, 900])('tokens of %d ms cost one token request a second, however many callers there are', async (lifetimeMs) => {
    for (let elapsedMs = 0; elapsedMs < 20_000; elapsedMs += 50) {
      call();
      call();
      await settled();
      if (endpoint.held > 0) endpoint.issue(lifetimeMs);
      await clock.advance(50);
    }
    // At once, and at the end of each of the 20 seconds.
    expect(endpoint.requests).toBe(21);
  });

  test('a token of 5 s is fetched about every other second and no more', async () => {
    for (let elapsedMs = 0; elapsedMs < minute; elapsedMs += 50) {
      call();
      await settled();
      if (endpoint.held > 0) endpoint.issue(5000);
      await clock.advance(50);
    }
    expect(endpoint.requests).toBeGreaterThanOrEqual(60 / 5);
    expect(endpoint.requests).toBeLessThanOrEqual(60 / 2);
  });

  test('a token without a lifetime takes the place of none that is still valid', async () => {
    await obtained(15 * minute);
    await clock.advance(10 * minute);
    source.refresh();
    await settled();
    endpoint.issue(0);
    await settled();
    expect(source.token?.value.reveal()).toBe('t1');
  });

  test.each([1e15, Number.POSITIVE_INFINITY])('a lifetime of %d ms is bounded', async (lifetimeMs) => {
    await obtained(lifetimeMs);
    expect(source.token?.lifetimeMs).toBe(24 * 24 * 60 * minute);
  });

  test('a life begins when its token request is sent', async () => {
    const caller = call();
    await clock.advance(9000);
    endpoint.issue(10_000);
    await settled();
    expect(caller.outcome).toBe('t1');
    await clock.advance(1000);
    expect(source.freshness(fiveMinutes)).toBe('none');
  });

  test('a token that has expired on its way is not used: the endpoint is asked again', async () => {
    const caller = call();
    await settled();
    clock.jumpWall(60 * minute);
    endpoint.issue(10 * minute);
    await clock.advance(300);
    expect(caller.outcome).toBeUndefined();
    endpoint.issue(10 * minute);
    await settled();
    expect(caller.outcome).toBe('t2');
    expect(observed).toEqual(['attempted token_malformed 0', 'attempted ok 0', 'obtained for 600000']);
  });
});

describe('state', () => {
  test('tells none, valid and failing, and no token', async () => {
    expect(source.state).toEqual({ status: 'none' });
    await obtained(15 * minute);
    const expiresAtWallMs = clock.wallMs() + 15 * minute - flightSpacing;
    expect(source.state).toEqual({ status: 'valid', expiresAtWallMs });
    await clock.advance(10 * minute);
    source.refresh();
    await settled();
    await rejected();
    expect(source.state).toMatchObject({ status: 'failing', expiresAtWallMs, failure: { code: 'token_rejected', detail: 'It failed.' } });
    expect(Math.round((source.state.nextTryAtWallMs ?? 0) - clock.wallMs())).toBe(5000);
    expect(JSON.stringify(source.state)).not.toContain('t1');
  });
});

describe('closing', () => {
  test('ends the token request, answers whoever waits, and drops the token', async () => {
    await obtained(15 * minute);
    await clock.advance(15 * minute);
    const callers = [call(), call()];
    await settled();
    source.close();
    await settled();
    expect(callers.map((caller) => caller.outcome)).toEqual(['token_unavailable', 'token_unavailable']);
    expect(endpoint.aborted).toBe(true);
    expect(source.token).toBeUndefined();
    expect(clock.pendingTimers).toBe(0);
  });

  test('ends the wait for a retry', async () => {
    const caller = call();
    await settled();
    endpoint.fail('later');
    await settled();
    source.close();
    await clock.advance(minute);
    expect(caller.tookMs).toBe(0);
    expect(endpoint.requests).toBe(1);
  });

  test('ends the wait for the next flight', async () => {
    call();
    await settled();
    endpoint.issue(0);
    await settled();
    const caller = call();
    await clock.advance(500);
    source.close();
    await clock.advance(minute);
    expect(caller.tookMs).toBe(500);
    expect(endpoint.requests).toBe(1);
  });

  test('a closed source fails politely and asks for nothing', async () => {
    await obtained(15 * minute);
    const token = source.token;
    if (token === undefined) throw new Error('no token');
    source.close();
    source.refresh();
    expect(source.closed).toBe(true);
    expect(source.freshness(fiveMinutes)).toBe('none');
    expect(await source.obtain(fiveMinutes)).toMatchObject({ ok: false, failure: { code: 'token_unavailable' } });
    expect(await source.replace(token)).toMatchObject({ ok: false, failure: { code: 'token_unavailable' } });
    expect(endpoint.requests).toBe(1);
  });

  test('an answer that comes after all is not kept', async () => {
    call();
    await settled();
    source.close();
    endpoint.issue(minute);
    await settled();
    expect(source.token).toBeUndefined();
    expect(observed).toEqual([]);
  });
});
