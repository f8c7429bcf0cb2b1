import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import { call, type Answer } from '../../test/support/call.ts';
import { type ConnectProxy, startConnectProxy } from '../../test/support/connect-proxy.ts';
import { httpAnswer } from '../../test/support/http-answer.ts';
import { makeCertificate } from '../../test/support/make-certificate.ts';
import { type RecordingServer, startRecordingServer } from '../../test/support/recording-server.ts';
import { startTestProxy } from '../../test/support/start-test-proxy.ts';

const authority = makeCertificate('Test authority');
const api = makeCertificate('api', { hosts: ['api.example'], issuer: authority });
const tls = { ca: authority.certificate };

const serveApi = (
  answer: Parameters<typeof startRecordingServer>[0] = httpAnswer({ body: 'through the tunnel' }),
): Promise<RecordingServer> => startRecordingServer(answer, { tls: { cert: api.certificate, key: api.key } });

async function callBy(tunnel: Pick<ConnectProxy, 'url'>, more: object = {}, credentials: object = {}): Promise<Answer> {
  await using proxy = await startTestProxy({ url: 'https://api.example/base', tls, proxy: { url: tunnel.url, ...credentials }, ...more });
  const called = call(`${proxy.url}/x`);
  await proxy.asked(1);
  proxy.endpoint.issue(3_600_000);
  return await called;
}

describe('an HTTP proxy for an https upstream', () => {
  test('opens a tunnel, through which the request goes as without it', async () => {
    await using server = await serveApi();
    await using tunnel = await startConnectProxy(server.port);
    expect(await callBy(tunnel)).toMatchObject({ status: 200, body: 'through the tunnel' });
    expect(tunnel.requests).toEqual([
      { authority: 'api.example:443', headers: { host: 'api.example:443', connection: expect.any(String) } },
    ]);
    expect(server.request.raw.toString('latin1')).toBe(
      'GET /base/x HTTP/1.1\r\nhost: api.example\r\nconnection: keep-alive\r\nAuthorization: Bearer t1\r\n\r\n',
    );
  });

  test('gets its credentials, and the API does not', async () => {
    await using server = await serveApi();
    await using tunnel = await startConnectProxy(server.port);
    await callBy(tunnel, { url: 'https://api.example:8443' }, { username: 'user', password: 's3cr3t' });
    expect(tunnel.requests).toMatchObject([
      { authority: 'api.example:8443', headers: { 'proxy-authorization': `Basic ${Buffer.from('user:s3cr3t').toString('base64')}` } },
    ]);
    expect(server.request.raw.toString('latin1')).not.toMatch(/proxy-authorization/i);
  });

  test('is asked for an IPv6 address in brackets', async () => {
    await using tunnel = await startConnectProxy(1, 'HTTP/1.1 403 Forbidden\r\n\r\n');
    await callBy(tunnel, { url: 'https://[2001:db8::1]:8443' });
    expect(tunnel.requests).toMatchObject([{ authority: '[2001:db8::1]:8443' }]);
  });

  test('cannot read along: another authority inside the tunnel is refused', async () => {
    await using server = await serveApi();
    await using tunnel = await startConnectProxy(server.port);
    const answer = await callBy(tunnel, { tls: {} });
    expect(answer).toMatchObject({ status: 502, failure: 'upstream_unreachable' });
    expect(server.requests).toHaveLength(0);
  });

  test.each([
    ['407 Proxy Authentication Required', 'Proxy-Authenticate: Basic\r\nContent-Length: 0\r\n'],
    ['403 Forbidden', 'Content-Length: 2\r\n\r\nno'],
    ['502 Bad Gateway', ''],
  ])('that answers %s is upstream_unreachable, and the failure names the proxy and not its credentials', async (status, rest) => {
    await using tunnel = await startConnectProxy(1, `HTTP/1.1 ${status}\r\n${rest}\r\n`);
    const answer = await callBy(tunnel, {}, { username: 'user', password: 's3cr3t' });
    expect(answer).toMatchObject({ status: 502, failure: 'upstream_unreachable' });
    const { detail, hint } = JSON.parse(answer.body) as { detail: string; hint: string };
    expect(detail).toBe(`The proxy did not open a tunnel to the API api.example: it answered with status ${status.slice(0, 3)}.`);
    expect(hint).toContain('upstream.proxy');
    expect(answer.body).not.toContain('s3cr3t');
  });

  test('that does not speak HTTP is upstream_unreachable or upstream_protocol, not a hang', async () => {
    await using tunnel = await startConnectProxy(1, 'SSH-2.0-OpenSSH_9.6\r\n');
    const { status, failure } = await callBy(tunnel);
    expect(status).toBe(502);
    expect(failure).toMatch(/^upstream_(?:unreachable|protocol)$/);
  });

  test('that says nothing is 504 upstream_timeout after connectTimeoutSeconds', async () => {
    await using tunnel = await startConnectProxy(1, '');
    const startMs = performance.now();
    expect(await callBy(tunnel, { connectTimeoutSeconds: 1 })).toMatchObject({ status: 504, failure: 'upstream_timeout' });
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });

  test('that nobody listens on is upstream_unreachable, and the proxy is named, not the API', async () => {
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as AddressInfo;
    gone.close();
    const answer = await callBy({ url: `http://127.0.0.1:${port}` });
    expect(answer).toMatchObject({ status: 502, failure: 'upstream_unreachable' });
    expect(JSON.parse(answer.body)).toMatchObject({
      detail: `The proxy 127.0.0.1:${port} to the API api.example cannot be reached: it refuses connections (ECONNREFUSED).`,
      hint: expect.stringContaining('upstream.proxy.url'),
    });
  });

  test('keeps a tunnel for longer than it took to open it: the connect timeout is over then', async () => {
    await using server = await serveApi(async () => {
      await new Promise((resolve) => {
        setTimeout(resolve, 1_500);
      });
      return httpAnswer({ body: 'late' });
    });
    await using tunnel = await startConnectProxy(server.port);
    expect(await callBy(tunnel, { connectTimeoutSeconds: 1 })).toMatchObject({ status: 200, body: 'late' });
  });
});
