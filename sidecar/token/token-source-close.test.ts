import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { settled } from '../../test/support/fake-clock.ts';
import { SourceStage } from '../../test/support/source-stage.ts';

const minute = 60_000;
const fiveMinutes = 5 * minute;

let stage: SourceStage;

beforeEach(() => {
  stage = new SourceStage();
});

afterEach(() => stage.strike());

describe('state', () => {
  test('tells none, valid and failing, and no token', async () => {
    expect(stage.source.state).toEqual({ status: 'none' });
    await stage.obtained(15 * minute);
    const expiresAtWallMs = stage.clock.wallMs() + 15 * minute;
    expect(stage.source.state).toEqual({ status: 'valid', expiresAtWallMs });
    await stage.clock.advance(10 * minute);
    stage.source.refresh();
    await settled();
    await stage.rejected();
    expect(stage.source.state).toMatchObject({
      status: 'failing',
      expiresAtWallMs,
      failure: { code: 'token_rejected', detail: 'It failed.' },
    });
    expect(Math.round((stage.source.state.nextTryAtWallMs ?? 0) - stage.clock.wallMs())).toBe(5000);
    expect(JSON.stringify(stage.source.state)).not.toContain('t1');
  });
});

describe('closing', () => {
  test('ends the token request, answers whoever waits, and drops the token', async () => {
    await stage.obtained(15 * minute);
    await stage.clock.advance(15 * minute);
    const callers = [stage.call(), stage.call()];
    await settled();
    stage.source.close();
    await settled();
    expect(callers.map((caller) => caller.outcome)).toEqual(['token_unavailable', 'token_unavailable']);
    expect(stage.endpoint.aborted).toBe(true);
    expect(stage.source.token).toBeUndefined();
    expect(stage.clock.pendingTimers).toBe(0);
  });

  test('ends the wait for a retry', async () => {
    const caller = stage.call();
    await settled();
    stage.endpoint.fail('later');
    await settled();
    stage.source.close();
    await stage.clock.advance(minute);
    expect(caller.tookMs).toBe(0);
    expect(stage.endpoint.requests).toBe(1);
  });

  test('ends the wait for the next flight', async () => {
    stage.call();
    await settled();
    stage.endpoint.issue(0);
    await settled();
    const caller = stage.call();
    await stage.clock.advance(500);
    stage.source.close();
    await stage.clock.advance(minute);
    expect(caller.tookMs).toBe(500);
    expect(stage.endpoint.requests).toBe(1);
  });

  test('a closed source fails politely and asks for nothing', async () => {
    await stage.obtained(15 * minute);
    const token = stage.source.token;
    if (token === undefined) throw new Error('no token');
    stage.source.close();
    stage.source.refresh();
    expect(stage.source.closed).toBe(true);
    expect(stage.source.freshness(fiveMinutes)).toBe('none');
    expect(await stage.source.obtain(fiveMinutes)).toMatchObject({ ok: false, failure: { code: 'token_unavailable' } });
    expect(await stage.source.replace(token)).toMatchObject({ ok: false, failure: { code: 'token_unavailable' } });
    expect(stage.endpoint.requests).toBe(1);
  });

  test('an answer that comes after all is not kept', async () => {
    stage.call();
    await settled();
    stage.source.close();
    stage.endpoint.issue(minute);
    await settled();
    expect(stage.source.token).toBeUndefined();
    expect(stage.observed).toEqual([]);
  });
});
