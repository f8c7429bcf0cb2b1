import { describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../crds/clock.ts';
import { createTokenRequester } from '../../sidecar/token/create-token-requester.ts';
import { TokenSource, type TokenOutcome } from '../../sidecar/token/token-source.ts';
import { version } from '../support/ask-for-token.ts';
import { FakeClock } from '../support/fake-clock.ts';
import { httpAnswer, jsonAnswer } from '../support/http-answer.ts';
import { configOf, credentialManifest, secretManifest } from '../support/manifest.ts';
import { startRecordingServer, type RecordingServer, type Script } from '../support/recording-server.ts';

const token = jsonAnswer({ access_token: 'tok', expires_in: 900 });
const unavailable = httpAnswer({ status: 503 });
const ignored = { attempted: () => {}, obtained: () => {}, failed: () => {} };

interface Scene {
  readonly server: RecordingServer;
  readonly source: TokenSource;
  readonly clock: FakeClock;
}

/** A token source over a real connection, whose waits are counted by a clock that moves when told. `jitter` 1: the whole of each wait. */
async function withSource(scripts: readonly Script[], jitter: number, play: (scene: Scene) => Promise<void>): Promise<void> {
  const server = await startRecordingServer(scripts);
  const spec = { tokenEndpoint: { url: `${server.url}/token` } };
  const config = configOf(credentialManifest(spec), secretManifest({ 'client-secret': 's3cr3t' }));
  const requester = createTokenRequester(config, systemClock, version);
  const clock = new FakeClock();
  const source = new TokenSource(requester, { clock, random: () => jitter, observer: ignored });
  try {
    await play({ server, source, clock });
  } finally {
    source.close();
    requester.close();
    await server.close();
  }
  expect(clock.pendingTimers).toBe(0);
}

/** The next request comes after `waitMs`, and not a millisecond earlier. `waiters`: how many callers hold a timer of their own. */
async function expectRequestAfter(waitMs: number, { server, clock }: Scene, waiters = 1): Promise<void> {
  const before = server.requests.length;
  await vi.waitFor(() => expect(clock.pendingTimers).toBe(waiters + 1), { interval: 2 });
  await clock.advance(waitMs - 1);
  expect(clock.pendingTimers).toBe(waiters + 1);
  await clock.advance(1);
  await server.received(before + 1);
}

function tokenIn(outcome: TokenOutcome): string {
  return outcome.ok ? outcome.token.value.reveal() : outcome.failure.detail;
}

describe('part C: when a token request is repeated', () => {
  it('C36 a lifetime of 0: all who wait share it, and the next request comes a second later', async () => {
    const shortLived = jsonAnswer({ access_token: 'tok', expires_in: 0 });
    await withSource([shortLived], 1, async (scene) => {
      const { server, source } = scene;
      const outcomes = await Promise.all(Array.from({ length: 100 }, () => source.obtain(300_000)));
      expect(new Set(outcomes.map(tokenIn))).toEqual(new Set(['tok']));
      expect(server.requests).toHaveLength(1);

      const next = Array.from({ length: 100 }, () => source.obtain(300_000));
      await expectRequestAfter(1_000, scene, 100);
      expect(new Set((await Promise.all(next)).map(tokenIn))).toEqual(new Set(['tok']));
      expect(server.requests).toHaveLength(2);
    });
  });

  it('C39 200 with an error, even beside a token: nothing is cached', async () => {
    await withSource([jsonAnswer({ error: 'invalid_client', access_token: 'tok' }), token], 1, async ({ server, source, clock }) => {
      expect(await source.obtain(300_000)).toMatchObject({ ok: false, failure: { code: 'token_rejected' } });
      expect(source.token).toBeUndefined();
      await clock.advance(300_000);
      expect(tokenIn(await source.obtain(300_000))).toBe('tok');
      expect(server.requests).toHaveLength(2);
    });
  });

  it.each([400, 401, 403])('C43 %i: no second request at once, for the same or for another caller', async (status) => {
    await withSource([jsonAnswer({ error: 'invalid_client' }, { status }), token], 1, async ({ server, source }) => {
      const first = await source.obtain(300_000);
      expect(first).toMatchObject({ ok: false, failure: { code: 'token_rejected', tokenEndpoint: { status } } });
      expect(await source.obtain(300_000)).toMatchObject({ ok: false, failure: { code: 'token_rejected' } });
      expect(server.requests).toHaveLength(1);
    });
  });

  it.each([
    ['in seconds', { 'Retry-After': '7' }],
    ['as an HTTP-date', { Date: 'Thu, 01 Jan 2026 00:00:00 GMT', 'Retry-After': 'Thu, 01 Jan 2026 00:00:07 GMT' }],
    ['as an HTTP-date of RFC 850', { Date: 'Thu, 01 Jan 2026 00:00:00 GMT', 'Retry-After': 'Thursday, 01-Jan-26 00:00:07 GMT' }],
    ['as an HTTP-date of asctime', { Date: 'Thu, 01 Jan 2026 00:00:00 GMT', 'Retry-After': 'Thu Jan  1 00:00:07 2026' }],
  ])('C45 429 with Retry-After %s: the next request is 7 s away', async (_name, headers) => {
    await withSource([httpAnswer({ status: 429, headers }), token], 0, async (scene) => {
      const outcome = scene.source.obtain(300_000);
      await scene.server.received(1);
      await expectRequestAfter(7_000, scene);
      expect(tokenIn(await outcome)).toBe('tok');
    });
  });

  it('C45 a Retry-After of a day is not waited for: the callers learn of it, and it is forgotten in ten minutes', async () => {
    await withSource([httpAnswer({ status: 429, headers: { 'Retry-After': '86400' } }), token], 0, async ({ server, source, clock }) => {
      const expected = { ok: false, failure: { tokenEndpoint: { status: 429 }, retryAfterSeconds: 600 } };
      expect(await source.obtain(300_000)).toMatchObject(expected);
      await clock.advance(599_999);
      expect(await source.obtain(300_000)).toMatchObject({ ok: false });
      expect(server.requests).toHaveLength(1);
      await clock.advance(1);
      expect(tokenIn(await source.obtain(300_000))).toBe('tok');
    });
  });

  it('C46 503, 503, 200: retries after 1 s and 3 s, then success', async () => {
    await withSource([unavailable, unavailable, token], 1, async (scene) => {
      const outcome = scene.source.obtain(300_000);
      await scene.server.received(1);
      await expectRequestAfter(1_000, scene);
      await expectRequestAfter(3_000, scene);
      expect(tokenIn(await outcome)).toBe('tok');
      expect(scene.server.requests).toHaveLength(3);
    });
  });

  const reset: Script = (_request, connection) => connection.reset();
  const halfAnAnswer: Script = (_request, connection) => connection.end('HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"access_');
  it.each([
    ['502', httpAnswer({ status: 502 })],
    ['504', httpAnswer({ status: 504 })],
    ['a reset', reset],
    ['a broken answer', halfAnAnswer],
  ])('C46 %s: retries after 300, 600 and 1200 ms', async (_name, answer) => {
    await withSource([answer, answer, answer, token], 1, async (scene) => {
      const outcome = scene.source.obtain(300_000);
      await scene.server.received(1);
      for (const waitMs of [300, 600, 1_200]) await expectRequestAfter(waitMs, scene);
      expect(tokenIn(await outcome)).toBe('tok');
      expect(scene.server.requests).toHaveLength(4);
    });
  });

  it('C46 after three retries it is over, and the last answer is the failure', async () => {
    await withSource([unavailable], 0, async ({ server, source, clock }) => {
      const outcome = source.obtain(300_000);
      for (const count of [1, 2, 3]) {
        await server.received(count);
        await vi.waitFor(() => expect(clock.pendingTimers).toBe(2), { interval: 2 });
        await clock.advance(0);
      }
      expect(await outcome).toMatchObject({ ok: false, failure: { code: 'token_unavailable', tokenEndpoint: { status: 503 } } });
      expect(server.requests).toHaveLength(4);
    });
  });
});
