import { getEventListeners } from 'node:events';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { settled } from '../../test/support/fake-clock.ts';
import { type Caller, SourceStage } from '../../test/support/source-stage.ts';

const minute = 60_000;
const fiveMinutes = 5 * minute;

let stage: SourceStage;

beforeEach(() => {
  stage = new SourceStage();
});

afterEach(() => stage.strike());

describe('without a token', () => {
  test('a hundred callers share one token request', async () => {
    const callers = Array.from({ length: 100 }, () => stage.call());
    await settled();
    expect(stage.endpoint.requests).toBe(1);
    stage.endpoint.issue(minute);
    await settled();
    expect(new Set(callers.map((caller) => caller.outcome))).toEqual(new Set(['t1']));
    expect(stage.endpoint.requests).toBe(1);
    expect(stage.clock.pendingTimers).toBe(0);
  });

  test('all callers share a failure, and those who come during the backoff get it at once', async () => {
    const callers = [stage.call(), stage.call()];
    await settled();
    await stage.rejected();
    expect(callers.map((caller) => caller.outcome)).toEqual(['token_rejected', 'token_rejected']);
    await stage.clock.advance(3000);
    const late = stage.call();
    await settled();
    expect(late.full).toEqual({ ok: false, failure: { code: 'token_rejected', detail: 'It failed.', retryAfterSeconds: 2 } });
    expect(stage.endpoint.requests).toBe(1);
  });

  test('the first caller after the backoff makes the next token request', async () => {
    stage.call();
    await settled();
    await stage.rejected();
    await stage.clock.advance(5000);
    expect(stage.endpoint.requests).toBe(1);
    const caller = stage.call();
    await settled();
    expect(stage.endpoint.requests).toBe(2);
    stage.endpoint.issue(minute);
    await settled();
    expect(caller.outcome).toBe('t1');
  });

  test('a token ends the memory of failures', async () => {
    stage.call();
    await settled();
    await stage.rejected();
    await stage.clock.advance(5000);
    stage.call();
    await settled();
    stage.endpoint.issue(2000);
    await settled();
    expect(stage.source.state.status).toBe('valid');
    await stage.clock.advance(2000);
    stage.call();
    await settled();
    await stage.rejected();
    expect(stage.observed.filter((line) => line.startsWith('failed'))).toEqual([
      'failed token_rejected, next in 5000',
      'failed token_rejected, next in 5000',
    ]);
  });

  test('a caller waits 30 s at most and is told what went wrong last', async () => {
    const caller = stage.call();
    await settled();
    stage.endpoint.fail('later', 'token_unavailable', 'The endpoint answered 503.');
    await stage.clock.advance(29_999);
    expect(caller.outcome).toBeUndefined();
    await stage.clock.advance(1);
    expect(caller.full).toEqual({
      ok: false,
      failure: { code: 'token_timeout', detail: 'No token within 30 s. The last attempt: The endpoint answered 503.' },
    });
  });

  test('a caller whom the endpoint never answered is told so', async () => {
    const caller = stage.call();
    await stage.clock.advance(30_000);
    expect(caller.full).toEqual({
      ok: false,
      failure: { code: 'token_timeout', detail: 'No token within 30 s. The token endpoint has not answered yet.' },
    });
  });

  test('a caller who goes away is let go, and the token still serves the others and the next ones', async () => {
    const gone = new AbortController();
    const leaving = stage.call(gone.signal);
    const staying = stage.call();
    await settled();
    gone.abort();
    await settled();
    expect(leaving.outcome).toBe('token_unavailable');
    stage.endpoint.issue(minute);
    await settled();
    expect(staying.outcome).toBe('t1');
    expect(getEventListeners(gone.signal, 'abort')).toEqual([]);
  });

  test('a caller who is gone already costs no token request', async () => {
    const caller = stage.call(AbortSignal.abort());
    await settled();
    expect(caller.outcome).toBe('token_unavailable');
    expect(stage.endpoint.requests).toBe(0);
  });

  test('a served caller leaves no listener on its signal', async () => {
    const present = new AbortController();
    stage.call(present.signal);
    await settled();
    stage.endpoint.issue(minute);
    await settled();
    expect(getEventListeners(present.signal, 'abort')).toEqual([]);
  });
});

describe('with a token', () => {
  test('a fresh one is answered without a token request', async () => {
    await stage.obtained(15 * minute);
    await stage.clock.advance(9 * minute);
    expect(stage.source.freshness(fiveMinutes)).toBe('fresh');
    expect(stage.source.token?.value.reveal()).toBe('t1');
    const caller = stage.call();
    await settled();
    expect(caller.outcome).toBe('t1');
    expect(stage.endpoint.requests).toBe(1);
  });

  test('a stale one is answered at once while one refresh runs', async () => {
    await stage.obtained(15 * minute);
    await stage.clock.advance(10 * minute);
    const callers = [stage.call(), stage.call()];
    stage.source.refresh();
    await settled();
    expect(callers.map((caller) => caller.outcome)).toEqual(['t1', 't1']);
    expect(stage.endpoint.requests).toBe(2);
    stage.endpoint.issue(15 * minute);
    await settled();
    expect(stage.source.token?.value.reveal()).toBe('t2');
    expect(stage.source.freshness(fiveMinutes)).toBe('fresh');
  });

  test('an expiring one waits for the fresh one', async () => {
    await stage.obtained(15 * minute);
    await stage.clock.advance(15 * minute - 20_000);
    expect(stage.source.freshness(fiveMinutes)).toBe('expiring');
    const caller = stage.call();
    await stage.clock.advance(800);
    expect(caller.outcome).toBeUndefined();
    stage.endpoint.issue(15 * minute);
    await settled();
    expect(caller.outcome).toBe('t2');
  });

  test('an expiring one goes out after a second if the refresh takes longer', async () => {
    await stage.obtained(15 * minute);
    await stage.clock.advance(15 * minute - 20_000);
    const caller = stage.call();
    await stage.clock.advance(999);
    expect(caller.outcome).toBeUndefined();
    await stage.clock.advance(1);
    expect(caller.outcome).toBe('t1');
  });

  test('an expiring one goes out as soon as the refresh fails, and at once during its backoff', async () => {
    await stage.obtained(15 * minute);
    await stage.clock.advance(15 * minute - 20_000);
    const caller = stage.call();
    await stage.clock.advance(100);
    await stage.rejected();
    expect(caller.outcome).toBe('t1');
    expect(caller.tookMs).toBe(100);
    const next = stage.call();
    await settled();
    expect(next.outcome).toBe('t1');
    expect(stage.endpoint.requests).toBe(2);
  });

  test('one that expires during that second never goes out: its caller waits on for a fresh one', async () => {
    await stage.obtained(15 * minute);
    await stage.clock.advance(15 * minute - 500);
    const caller = stage.call();
    await stage.clock.advance(1000);
    expect(caller.outcome).toBeUndefined();
    await stage.clock.advance(15_000);
    stage.endpoint.issue(minute);
    await settled();
    expect(caller.outcome).toBe('t2');
  });

  test('one that expires during that second makes its caller wait no longer than 30 s in all', async () => {
    await stage.obtained(15 * minute);
    await stage.clock.advance(15 * minute - 500);
    const caller = stage.call();
    await stage.clock.advance(60_000);
    expect(caller).toMatchObject({ outcome: 'token_timeout', tookMs: 30_000 });
  });

  test('with the endpoint down every request is served, to the last millisecond of the token', async () => {
    await stage.obtained(15 * minute);
    await stage.clock.advance(10 * minute);
    const bornMs = stage.endpoint.requestedAtMs[0] ?? 0;
    const endMs = bornMs + 15 * minute;
    const callers: Caller[] = [];
    while (stage.clock.monotonicMs() < endMs - 1000) {
      callers.push(stage.call());
      await stage.clock.advance(97);
      if (stage.endpoint.held > 0) stage.endpoint.fail('soon');
    }
    await stage.clock.advance(1000);
    expect(callers.map((caller) => caller.outcome)).toEqual(callers.map(() => 't1'));
    expect(Math.max(...callers.map((caller) => caller.tookMs ?? Infinity))).toBeLessThanOrEqual(1000);
    const inVain = stage.call();
    await stage.clock.advance(minute);
    expect(inVain.outcome).not.toBe('t1');
  });

  test('during a backoff one goes out to its last millisecond', async () => {
    await stage.obtained(15 * minute);
    await stage.clock.advance(15 * minute - 1000);
    stage.source.refresh();
    await settled();
    await stage.rejected();
    await stage.clock.advance(999);
    const last = stage.call();
    await settled();
    expect(last.outcome).toBe('t1');
    await stage.clock.advance(1);
    const late = stage.call();
    await settled();
    expect(late.outcome).toBe('token_rejected');
  });

  test('a failed background refresh is tried again after the backoff only', async () => {
    await stage.obtained(15 * minute);
    await stage.clock.advance(10 * minute);
    stage.source.refresh();
    await settled();
    await stage.rejected();
    await stage.clock.advance(4999);
    stage.source.refresh();
    await settled();
    expect(stage.endpoint.requests).toBe(2);
    await stage.clock.advance(1);
    stage.source.refresh();
    await settled();
    expect(stage.endpoint.requests).toBe(3);
  });

  test.each([1, -1])('none is sent when it has expired while the machine slept and the clock was set by %i h', async (hours) => {
    await stage.obtained(10 * minute);
    await stage.clock.advance(1000);
    stage.clock.jumpWall(hours * 60 * minute);
    if (hours < 0) await stage.clock.advance(10 * minute);
    expect(stage.source.freshness(fiveMinutes)).toBe('none');
    expect(stage.source.token).toBeUndefined();
    const caller = stage.call();
    await settled();
    expect(caller.outcome).toBeUndefined();
    stage.endpoint.issue(10 * minute);
    await settled();
    expect(caller.outcome).toBe('t2');
  });

  test('one that was found expired does not come back when the wall clock is set back', async () => {
    await stage.obtained(10 * minute);
    stage.clock.jumpWall(60 * minute);
    expect(stage.source.freshness(fiveMinutes)).toBe('none');
    stage.clock.jumpWall(-60 * minute);
    expect(stage.source.freshness(fiveMinutes)).toBe('none');
  });

  test('aliases that share it may differ in when they refresh', async () => {
    await stage.obtained(15 * minute);
    await stage.clock.advance(10 * minute);
    expect(stage.source.freshness(minute)).toBe('fresh');
    expect(stage.source.freshness(fiveMinutes)).toBe('stale');
  });
});
