import { describe, expect, it, vi } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { httpAnswer, jsonAnswer } from '../../test/support/http-answer.ts';
import { configOf, credentialManifest, secretManifest } from '../../test/support/manifest.ts';
import { headerValue } from '../../test/support/read-requests.ts';
import { startRecordingServer } from '../../test/support/recording-server.ts';
import { Destinations } from '../net/destinations.ts';
import type { RequestToken } from './attempt.ts';
import { requestToken } from './request-token.ts';
import type { GatherMaterial } from './token-material.ts';

interface Requester extends AsyncDisposable {
  readonly request: RequestToken;
  readonly clock: FakeClock;
}

const nothing: GatherMaterial = () => Promise.resolve({ ok: true, value: {} });

function requesterFor(url: string, tokenEndpoint: Readonly<Record<string, unknown>> = {}, gatherMaterial = nothing): Requester {
  const spec = { tokenEndpoint: { url, ...tokenEndpoint } };
  const config = configOf(credentialManifest(spec), secretManifest({ 'client-secret': 's3cr3t-of-acme' }));
  const { tls, proxy } = config.tokenEndpoint;
  const pool = new Destinations().open({ url: new URL(url), tls, proxy, connectTimeoutMs: 10_000 }, 1);
  const clock = new FakeClock();
  const request = requestToken({ config, pool, clock, gatherMaterial, userAgent: 'test' });
  return { request, clock, [Symbol.asyncDispose]: async () => pool.close() };
}

const never = new AbortController().signal;
const token = jsonAnswer({ access_token: 'tok', expires_in: 60 });

describe('requestToken', () => {
  it('makes each request anew and carries nothing from one to the next, cookies least of all', async () => {
    await using server = await startRecordingServer(
      jsonAnswer({ access_token: 'tok', expires_in: 60 }, { headers: { 'Set-Cookie': 'session=1' } }),
    );
    await using requester = requesterFor(`${server.url}/token`);
    expect(await requester.request(never)).toMatchObject({ ok: true });
    expect(await requester.request(never)).toMatchObject({ ok: true });
    const [first, second] = server.requests;
    expect(second?.raw).toEqual(first?.raw);
    expect(second && headerValue(second, 'cookie')).toBeUndefined();
  });

  it('leaves no timer behind, neither after a token nor after a failure', async () => {
    await using server = await startRecordingServer([token, (_request, connection) => connection.reset()]);
    await using requester = requesterFor(server.url);
    await requester.request(never);
    await requester.request(never);
    expect(requester.clock.pendingTimers).toBe(0);
  });

  it.each([
    ['no answer', ''],
    ['half a head', 'HTTP/1.1 200 OK\r\nContent-'],
    ['half a body', 'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"access_token":'],
  ])('gives up after timeoutSeconds with %s, and closes the connection', async (_name, answer) => {
    await using server = await startRecordingServer(answer);
    await using requester = requesterFor(server.url, { timeoutSeconds: 7 });
    const ended = vi.fn<() => void>();
    const attempt = requester.request(never).finally(ended);
    await server.received(1);
    await requester.clock.advance(6_999);
    expect(ended).not.toHaveBeenCalled();
    await requester.clock.advance(1);
    expect(await attempt).toMatchObject({
      ok: false,
      retry: 'soon',
      failure: { code: 'token_timeout', detail: expect.stringMatching(/127\.0\.0\.1:\d+: no answer within 7 s/) },
    });
    await server.connections[0]?.closed;
  });

  it('counts the time for what is gathered first: a file may lie on a disk that does not answer', async () => {
    await using requester = requesterFor('http://127.0.0.1:1/token', { timeoutSeconds: 7 }, () => new Promise(() => {}));
    const attempt = requester.request(never);
    await requester.clock.advance(7_000);
    expect(await attempt).toMatchObject({ ok: false, failure: { code: 'token_timeout' } });
    expect(requester.clock.pendingTimers).toBe(0);
  });

  it('counts the time for the connection too', async () => {
    await using server = await startRecordingServer(token);
    // TLS over a server that does not answer: the connection is never made.
    await using requester = requesterFor(server.url.replace('http:', 'https:'), { timeoutSeconds: 7 });
    const attempt = requester.request(never);
    await server.connected(1);
    await requester.clock.advance(7_000);
    expect(await attempt).toMatchObject({ ok: false, failure: { code: 'token_timeout' } });
    server.connections[0]?.reset();
  });

  it('ends when the credential is gone, and says so', async () => {
    await using server = await startRecordingServer('');
    await using requester = requesterFor(server.url);
    const gone = new AbortController();
    const attempt = requester.request(gone.signal);
    await server.received(1);
    gone.abort();
    expect(await attempt).toMatchObject({ ok: false, retry: 'never', failure: { code: 'token_unavailable' } });
    await server.connections[0]?.closed;
    expect(requester.clock.pendingTimers).toBe(0);
  });

  it('sends nothing when the credential is gone before', async () => {
    await using server = await startRecordingServer(token);
    await using requester = requesterFor(server.url);
    expect(await requester.request(AbortSignal.abort())).toMatchObject({ ok: false, failure: { code: 'token_unavailable' } });
    expect(server.requests).toEqual([]);
  });

  it('names the host that refuses connections', async () => {
    const server = await startRecordingServer('');
    const { host } = new URL(server.url);
    await server.close();
    await using requester = requesterFor(`http://${host}/token`);
    expect(await requester.request(never)).toMatchObject({
      ok: false,
      retry: 'soon',
      failure: {
        code: 'token_unavailable',
        detail: `The token endpoint ${host} cannot be reached: it refuses connections (ECONNREFUSED).`,
        hint: expect.stringContaining('tokenEndpoint.url'),
      },
    });
  });

  it('says that a server without TLS has none', async () => {
    await using server = await startRecordingServer('');
    await using requester = requesterFor(server.url.replace('http:', 'https:'));
    const attempt = requester.request(never);
    await server.connected(1);
    server.connections[0]?.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    expect(await attempt).toMatchObject({ ok: false, retry: 'never', failure: { detail: expect.stringContaining('no TLS connection') } });
  });

  it('says that what answers is not HTTP', async () => {
    await using server = await startRecordingServer((_request, connection) => connection.end('SSH-2.0-OpenSSH_9.9\r\n'));
    await using requester = requesterFor(server.url);
    const attempt = await requester.request(never);
    expect(attempt).toMatchObject({
      ok: false,
      retry: 'never',
      failure: { code: 'token_malformed', detail: expect.stringContaining('HTTP/1.1') },
    });
    expect(JSON.stringify(attempt)).not.toContain('SSH');
  });

  it('goes by a plain HTTP proxy in absolute form, with the credentials of the proxy', async () => {
    await using proxy = await startRecordingServer(token);
    await using requester = requesterFor('http://login.svc/token?a=1', { proxy: { url: proxy.url } });
    expect(await requester.request(never)).toMatchObject({ ok: true });
    expect(proxy.request.target).toBe('http://login.svc/token?a=1');
    expect(headerValue(proxy.request, 'host')).toBe('login.svc');
  });

  it('names the proxy that opens no tunnel', async () => {
    await using proxy = await startRecordingServer(httpAnswer({ status: 407 }));
    await using requester = requesterFor('https://login.example/token', { proxy: { url: proxy.url } });
    const attempt = await requester.request(never);
    expect(proxy.request.target).toBe('login.example:443');
    expect(attempt).toMatchObject({
      ok: false,
      retry: 'never',
      failure: { detail: expect.stringContaining('it answered with status 407'), hint: expect.stringContaining('tokenEndpoint.proxy') },
    });
  });

  it('holds no secret in any failure', async () => {
    const echo = vi.fn<(text: string) => void>();
    await using server = await startRecordingServer(({ raw }) => {
      echo(raw.toString('latin1'));
      return httpAnswer({ status: 500, headers: { 'Content-Type': 'text/plain' }, body: `cannot handle this: ${raw.toString('latin1')}` });
    });
    await using requester = requesterFor(server.url);
    const text = JSON.stringify(await requester.request(never));
    expect(echo).toHaveBeenCalledWith(expect.stringContaining('YWNtZTpzM2NyM3Qtb2YtYWNtZQ=='));
    expect(text).toContain('cannot handle this');
    expect(text).not.toMatch(/s3cr3t|YWNtZTpz/);
  });
});
