import { describe, expect, test } from 'vitest';
import { call } from '../support/call.ts';
import { canaryToken } from '../support/canary.ts';
import { httpAnswer, jsonAnswer } from '../support/http-answer.ts';
import { headerValue } from '../support/read-requests.ts';
import { type RecordedRequest, startRecordingServer } from '../support/recording-server.ts';
import { serve } from '../support/serve.ts';
import { testConfig } from '../support/sidecar-config.ts';
import { startTestSidecar } from '../support/start-test-sidecar.ts';
import { startTokenIssuer, type Refusal } from '../support/token-issuer.ts';
import { setStage, type Stage } from './stage.ts';

const minute = 60_000;
const hour = 60 * minute;

const bearer = (n: number): string => `Bearer ${canaryToken(n)}`;
const unauthorized = httpAnswer({ status: 401, headers: { 'WWW-Authenticate': 'Bearer error="invalid_token"' }, body: 'not today' });

/** An API that refuses the tokens of these numbers. */
function refusing(...numbers: readonly number[]): (request: RecordedRequest) => Buffer {
  const refused = new Set(numbers.map(bearer));
  return (request) => (refused.has(headerValue(request, 'authorization') ?? '') ? unauthorized : httpAnswer());
}

const refuse =
  (status: number, error: string): Refusal =>
  (_request, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify({ error, error_description: 'the description is for the log' }));
  };

/** Calls until the API has seen the token of this number. A refresh runs in the background: how many calls it takes is not said. */
async function callUntil(stage: Stage, n: number): Promise<void> {
  do await call(stage.url);
  while (stage.authorizations.at(-1) !== bearer(n));
}

describe('part D: the token cache', () => {
  test('D47 a hundred callers and a cold cache make one token request', async () => {
    await using stage = await setStage();
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => call(`${stage.url}/${i}`)));

    expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 100 }, () => 200));
    expect(stage.issuer.requests).toBe(1);
    expect(new Set(stage.authorizations)).toEqual(new Set([bearer(1)]));
  });

  test('D47 a hundred callers share a failure, and it is remembered until the backoff is over', async () => {
    await using stage = await setStage();
    stage.issuer.refuse = refuse(401, 'invalid_client');
    const answers = await Promise.all(Array.from({ length: 100 }, (_, i) => call(`${stage.url}/${i}`)));

    expect(new Set(answers.map(({ status, failure }) => `${status} ${failure}`))).toEqual(new Set(['502 token_rejected']));
    expect((await call(stage.url)).headers['retry-after']).toMatch(/^[1-5]$/);
    expect(stage.issuer.requests).toBe(1);

    stage.issuer.refuse = undefined;
    stage.sidecar.clock.pass(10_000);
    expect((await call(stage.url)).status).toBe(200);
    expect(stage.issuer.requests).toBe(2);
    expect(stage.api.requests).toHaveLength(1);
  });

  // The random number of the test is 0.5, and the lead grows with it by a twentieth.
  test.each([
    { lifetimeSeconds: 3600, freshForMs: 54 * minute, staleAfterMs: 55 * minute },
    { lifetimeSeconds: 900, freshForMs: 9 * minute, staleAfterMs: 10 * minute },
    { lifetimeSeconds: 120, freshForMs: 50_000, staleAfterMs: minute },
  ])('D48 a token of $lifetimeSeconds s is refreshed in the background, and not before it is time', async (row) => {
    await using stage = await setStage({ lifetimeSeconds: row.lifetimeSeconds });
    await call(stage.url);
    stage.sidecar.clock.pass(row.freshForMs);
    await call(stage.url);
    expect(stage.issuer.requests).toBe(1);

    const held = Promise.withResolvers<void>();
    stage.issuer.hold = held.promise;
    stage.sidecar.clock.pass(row.staleAfterMs - row.freshForMs);
    await Promise.all([call(stage.url), call(stage.url), call(stage.url)]);
    expect(stage.authorizations).toEqual(Array.from({ length: 5 }, () => bearer(1)));

    held.resolve();
    await callUntil(stage, 2);
    expect(stage.issuer.requests).toBe(2);
    expect(await stage.sidecar.metric('tokenward_token_cache_total{alias="api",result="stale"}')).toBeGreaterThanOrEqual(3);
  });

  test('D48 tokens of 5 s make no storm: a thousand calls cost one token request in half a life', async () => {
    await using stage = await setStage({ lifetimeSeconds: 5 });
    const { clock } = stage.sidecar;
    const startMs = clock.monotonicMs();
    for (let i = 0; i < 10; i++) {
      await Promise.all(Array.from({ length: 100 }, () => call(stage.url)));
      clock.pass(400);
    }
    expect(stage.issuer.requests).toBeGreaterThan(1);
    expect(stage.issuer.requests).toBeLessThanOrEqual(1 + (clock.monotonicMs() - startMs) / 2375);
    expect(stage.api.requests).toHaveLength(1000);
  });

  test('C36 D48 a token without any life left goes out for those who waited for it, and for nobody after them', async () => {
    await using stage = await setStage({ lifetimeSeconds: 0 });
    const held = Promise.withResolvers<void>();
    stage.issuer.hold = held.promise;
    const calls = Array.from({ length: 20 }, () => call(stage.url, { method: 'POST', body: 'x' }));
    await expect.poll(() => stage.sidecar.metric('tokenward_token_cache_total{alias="api",result="miss"}')).toBe(20);
    held.resolve();
    expect(new Set((await Promise.all(calls)).map(({ status }) => status))).toEqual(new Set([200]));
    expect(new Set(stage.authorizations)).toEqual(new Set([bearer(1)]));

    const later = call(stage.url);
    stage.sidecar.clock.pass(1_000);
    expect((await later).status).toBe(200);
    expect(stage.authorizations.at(-1)).toBe(bearer(2));
  });

  test('D49 the token endpoint is down: requests are served to the last second of the token, and not after it', async () => {
    await using stage = await setStage({ lifetimeSeconds: 600 });
    await call(stage.url);
    stage.issuer.refuse = (_request, response) => response.destroy();

    for (let second = 300; second < 600; second += 30) {
      stage.sidecar.clock.pass(second === 300 ? 300_000 : 30_000);
      expect((await call(stage.url)).status, `after ${second} s`).toBe(200);
    }
    stage.sidecar.clock.pass(28_000);
    expect((await call(stage.url)).status, 'in the last seconds').toBe(200);
    expect(new Set(stage.authorizations)).toEqual(new Set([bearer(1)]));

    stage.sidecar.clock.pass(2_000);
    const served = stage.api.requests.length;
    expect(await call(stage.url)).toMatchObject({ status: 502, failure: 'token_unavailable' });
    expect(stage.api.requests).toHaveLength(served);
  });

  test('D50 a 401 gives up the token, and the request goes out once more with a fresh one, byte for byte', async () => {
    await using stage = await setStage({ api: refusing(1) });
    const body = 'a body\r\nthat can be sent twice';
    const answer = await call(`${stage.url}/a%20b?q=%7E`, { method: 'PUT', headers: { 'X-Own': 'kept' }, body });

    expect(answer.status).toBe(200);
    const [first, second] = stage.api.requests.map(({ raw }) => raw.toString('latin1'));
    expect(first).toContain(body);
    expect(second).toBe(first?.replace(bearer(1), bearer(2)));
    expect(stage.issuer.requests).toBe(2);
    expect(await stage.sidecar.metric('tokenward_replays_total{alias="api"}')).toBe(1);
    expect(answer.headers['www-authenticate']).toBeUndefined();
  });

  test('D50 a second 401 comes through as the API wrote it', async () => {
    await using stage = await setStage({ api: unauthorized });
    const answer = await call(stage.url);

    expect(answer).toMatchObject({ status: 401, statusText: 'Scripted', body: 'not today', failure: undefined });
    expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    expect(stage.authorizations).toEqual([bearer(1), bearer(2)]);
  });

  test('D50 a body of more than 64 KiB is not kept: the 401 comes through, and the next request has a fresh token', async () => {
    await using stage = await setStage({ api: refusing(1) });
    expect((await call(stage.url, { method: 'POST', body: Buffer.alloc(64 * 1024 + 1) })).status).toBe(401);
    expect(stage.api.requests).toHaveLength(1);
    expect((await call(stage.url, { method: 'POST', body: Buffer.alloc(64 * 1024) })).status).toBe(200);
    expect(stage.authorizations).toEqual([bearer(1), bearer(2)]);
  });

  test.each([
    ['of a known length', {}],
    ['in chunks', { 'Transfer-Encoding': 'chunked' }],
  ])('D50 a body of 64 KiB %s can be sent twice', async (_how, headers) => {
    await using stage = await setStage({ api: refusing(1) });
    const body = Buffer.alloc(64 * 1024, 'x');
    expect((await call(stage.url, { method: 'POST', headers, body })).status).toBe(200);
    expect(stage.api.requests.map((request) => request.body.equals(body))).toEqual([true, true]);
  });

  test('D50 a thousand parallel 401s make one token request', async () => {
    await using issuer = await startTokenIssuer();
    let refused = 0;
    const all = Promise.withResolvers<void>();
    await using api = await serve((request, response) => {
      if (request.headers.authorization === bearer(1)) {
        if (++refused === 1000) all.resolve();
        void all.promise.then(() => response.writeHead(401).end());
      } else response.end();
    });
    await using sidecar = await startTestSidecar({ configs: { api: testConfig({ upstream: api.url, tokenEndpoint: issuer.url }) } });

    const answers = await Promise.all(Array.from({ length: 1000 }, (_, i) => call(`${sidecar.url}/api/${i}`)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(issuer.requests).toBe(2);
  });

  test.each([
    [true, 2],
    [false, 1],
  ])('D50 a 403 is treated likewise where cache.refreshOn403 says so: %s', async (refreshOn403, tokenRequests) => {
    const forbidden = httpAnswer({ status: 403, body: 'expired, says an unusual API' });
    await using stage = await setStage({ api: [forbidden, httpAnswer()], config: { cache: { refreshOn403 } } });
    expect((await call(stage.url)).status).toBe(refreshOn403 ? 200 : 403);
    expect(stage.issuer.requests).toBe(tokenRequests);
  });

  test('D51 a token that cannot be had is 502 token_rejected, with the status and the error of the endpoint', async () => {
    await using stage = await setStage();
    stage.issuer.refuse = refuse(401, 'invalid_client');
    const answer = await call(stage.url);

    expect(answer).toMatchObject({ status: 502, failure: 'token_rejected' });
    expect(answer.headers['content-type']).toBe('application/problem+json');
    expect(JSON.parse(answer.body)).toMatchObject({
      type: 'tag:tokenward.dev,2026:token_rejected',
      status: 502,
      alias: 'api',
      tokenEndpoint: { status: 401, error: 'invalid_client' },
    });
    expect(answer.body).not.toContain('the description is for the log');
    expect(stage.api.requests).toHaveLength(0);
  });

  test("D51 the API's own 401 stays a 401, also when no fresh token can be had", async () => {
    await using stage = await setStage({ api: [httpAnswer(), unauthorized] });
    await call(stage.url);
    stage.issuer.refuse = refuse(400, 'invalid_client');

    expect(await call(stage.url)).toMatchObject({ status: 401, body: 'not today', failure: undefined });
    expect(stage.issuer.requests).toBe(2);
  });

  test('D53 a rotated secret: what begins afterwards goes out with a new token, what is in flight finishes', async () => {
    const slow = Promise.withResolvers<Buffer>();
    await using stage = await setStage({ api: [() => slow.promise, httpAnswer()] });
    const inFlight = call(stage.url);
    await stage.api.received(1);

    const rotated = testConfig({ upstream: stage.api.url, tokenEndpoint: stage.issuer.url, client: { secret: 'rotated' } });
    await stage.sidecar.configure({ api: rotated });
    expect((await call(stage.url)).status).toBe(200);
    slow.resolve(httpAnswer({ body: 'begun before' }));

    expect((await inFlight).body).toBe('begun before');
    expect(stage.authorizations).toEqual([bearer(1), bearer(2)]);
  });

  test('D53 an edited scope makes a new token; an edited upstream keeps it', async () => {
    await using stage = await setStage();
    const { upstream, tokenEndpoint } = { upstream: stage.api.url, tokenEndpoint: stage.issuer.url };
    await call(stage.url);
    await stage.sidecar.configure({ api: testConfig({ upstream: `${upstream}/v2`, tokenEndpoint }) });
    await call(stage.url);
    await stage.sidecar.configure({ api: testConfig({ upstream, tokenEndpoint, grant: { scope: 'more' } }) });
    await call(stage.url);

    expect(stage.api.requests.map(({ target }) => target)).toEqual(['/', '/v2', '/']);
    expect(stage.authorizations).toEqual([bearer(1), bearer(1), bearer(2)]);
  });

  test('D53 a credential that is gone takes alias and token along; its return begins with a new token', async () => {
    await using stage = await setStage();
    await call(stage.url);
    await stage.sidecar.configure({});
    expect(await call(stage.url)).toMatchObject({ status: 404, failure: 'unknown_alias' });

    await stage.sidecar.configure({ api: testConfig({ upstream: stage.api.url, tokenEndpoint: stage.issuer.url }) });
    await call(stage.url);
    expect(stage.authorizations).toEqual([bearer(1), bearer(2)]);
  });

  test('D56 one client and two scopes are two cache entries; the same request under two aliases is one', async () => {
    await using endpoint = await startRecordingServer(({ body }) => {
      const { scope } = JSON.parse(body.toString()) as { scope: { userType: string } };
      return jsonAnswer({ access_token: `token-of-${scope.userType}`, expires_in: 1800, token_type: 'Bearer' });
    });
    await using api = await startRecordingServer(httpAnswer());
    const config = (path: string, userType: string): object =>
      testConfig({
        upstream: api.url + path,
        tokenEndpoint: { url: endpoint.url, contentType: 'application/json' },
        grant: { scope: JSON.stringify({ userId: 'u1', companyId: 'acme', userType, resourceType: 'learning_public_api' }) },
      });
    await using sidecar = await startTestSidecar({
      configs: { admin: config('/a', 'admin'), user: config('/u', 'user'), again: config('/b', 'admin') },
    });
    for (const alias of ['admin', 'user', 'again', 'admin', 'user', 'again']) await call(`${sidecar.url}/${alias}`);

    const round = ['/a Bearer token-of-admin', '/u Bearer token-of-user', '/b Bearer token-of-admin'];
    expect(api.requests.map((request) => `${request.target} ${headerValue(request, 'authorization')}`)).toEqual([...round, ...round]);
    expect(endpoint.requests).toHaveLength(2);
  });

  test.each([
    ['the machine slept for an hour', hour],
    ['the wall clock was set forward an hour', hour],
    ['the machine slept for ten minutes, the very life of the token', 600_000],
  ])('D58 %s: the token of ten minutes is not sent any more', async (_what, jumpMs) => {
    await using stage = await setStage({ lifetimeSeconds: 600 });
    await call(stage.url);
    stage.sidecar.clock.setWall(jumpMs);
    await call(stage.url);
    expect(stage.authorizations).toEqual([bearer(1), bearer(2)]);
  });

  test('D58 the wall clock was set back an hour: the token ends all the same', async () => {
    await using stage = await setStage({ lifetimeSeconds: 600 });
    await call(stage.url);
    stage.sidecar.clock.setWall(-hour);
    await call(stage.url);
    stage.sidecar.clock.pass(600_000);
    await call(stage.url);
    expect(stage.authorizations).toEqual([bearer(1), bearer(1), bearer(2)]);
  });

  test('D58 a token that a clock set forward has ended is not revived by setting it back', async () => {
    await using stage = await setStage({ lifetimeSeconds: 600 });
    await call(stage.url);
    stage.sidecar.clock.setWall(hour);
    await call(stage.url);
    stage.sidecar.clock.setWall(-hour);
    await call(stage.url);
    expect(stage.authorizations[1]).toBe(bearer(2));
    expect(stage.authorizations[2]).not.toBe(bearer(1));
  });

  test('D59 an API that answers 401 always costs two token requests in a hundred calls', async () => {
    await using stage = await setStage({ api: unauthorized });
    for (let i = 0; i < 100; i++) expect((await call(stage.url)).status).toBe(401);

    expect(stage.issuer.requests).toBe(2);
    expect(stage.api.requests).toHaveLength(101);
  });
});
