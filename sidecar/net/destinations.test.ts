import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import type { TlsOptions, TLSSocket } from 'node:tls';
import { describe, expect, test } from 'vitest';
import { type Answer, call } from '../../test/support/call.ts';
import { httpAnswer } from '../../test/support/http-answer.ts';
import { makeCertificate } from '../../test/support/make-certificate.ts';
import { headerValue } from '../../test/support/read-requests.ts';
import { type RecordingServer, startRecordingServer } from '../../test/support/recording-server.ts';
import { serve } from '../../test/support/serve.ts';
import type { TestConfig } from '../../test/support/sidecar-config.ts';
import { startTestProxy } from '../../test/support/start-test-proxy.ts';

const authority = makeCertificate('Test authority');
const here = makeCertificate('here', { hosts: ['127.0.0.1'], issuer: authority });
const byName = makeCertificate('by name', { hosts: ['learning.example'], issuer: authority });
const selfSigned = makeCertificate('self-signed', { hosts: ['127.0.0.1'] });
const ours = makeCertificate('tokenward', { issuer: authority });

const present = ({ certificate, key }: typeof here): TlsOptions => ({ cert: certificate, key });

/** One call through an alias with this upstream. */
async function callThrough(upstream: Exclude<TestConfig['upstream'], string>, path = ''): Promise<Answer> {
  await using proxy = await startTestProxy(upstream);
  const called = call(proxy.url + path);
  await proxy.asked(1);
  proxy.endpoint.issue(3_600_000);
  return await called;
}

const serveTls = (tls: TlsOptions): Promise<RecordingServer> => startRecordingServer(httpAnswer({ body: 'served' }), { tls });

describe('TLS', () => {
  test('an authority of its own is trusted where tls.ca names it', async () => {
    await using api = await serveTls(present(here));
    expect(await callThrough({ url: api.url, tls: { ca: authority.certificate } })).toMatchObject({ status: 200, body: 'served' });
  });

  test.each([
    ['an authority that nobody named', here, {}, /UNABLE_TO|ISSUER|LEAF/, 'upstream.tls.caBundle'],
    ['a self-signed certificate', selfSigned, {}, /SELF_SIGNED/, 'upstream.tls.caBundle'],
    [
      'another authority than the named one',
      here,
      { ca: makeCertificate('Other').certificate },
      /UNABLE_TO|ISSUER|SELF_SIGNED/,
      'upstream.tls.caBundle',
    ],
    ["another server's certificate", byName, { ca: authority.certificate }, /ALTNAME/, 'upstream.tls.serverName'],
  ])('%s is refused before anything is sent, and the failure says so', async (_what, certificate, tls, code, field) => {
    await using api = await serveTls(present(certificate));
    const answer = await callThrough({ url: api.url, tls });
    expect(answer).toMatchObject({ status: 502, failure: 'upstream_unreachable' });
    expect(JSON.parse(answer.body)).toMatchObject({
      detail: expect.stringMatching(code),
      hint: expect.stringContaining(field),
    });
    expect(api.requests).toHaveLength(0);
  });

  test.each(['127.0.0.1', 'localhost'])('tls.serverName is what %s is asked for and checked against', async (host) => {
    const names: unknown[] = [];
    const SNICallback: TlsOptions['SNICallback'] = (name, done) => {
      names.push(name);
      done(null);
    };
    await using api = await serveTls({ ...present(byName), SNICallback });
    const tls = { ca: authority.certificate, serverName: 'learning.example' };
    expect((await callThrough({ url: `https://${host}:${api.port}`, tls })).status).toBe(200);
    expect(names).toEqual(['learning.example']);
    expect(headerValue(api.request, 'host')).toBe(`${host}:${api.port}`);
  });

  test('an API that wants a client certificate and just breaks off gets a hint that says so', async () => {
    await using api = await serveTls({ ...present(here), requestCert: true, rejectUnauthorized: true, ca: authority.certificate });
    const answer = await callThrough({ url: api.url, tls: { ca: authority.certificate } });
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body)).toMatchObject({ hint: expect.stringMatching(/upstream\.tls\b.*clientCertificate/) });
  });

  test('a client certificate is presented to a server that asks for one', async () => {
    await using api = await serveTls({ ...present(here), requestCert: true, rejectUnauthorized: true, ca: authority.certificate });
    const tls = { ca: authority.certificate, certificate: ours.certificate, key: ours.key };
    expect((await callThrough({ url: api.url, tls })).status).toBe(200);
    const socket = api.request.connection.socket as TLSSocket;
    expect(socket.getPeerCertificate().subject.CN).toBe('tokenward');
  });

  test('a server that wants one and gets none does not serve', async () => {
    await using api = await serveTls({ ...present(here), requestCert: true, rejectUnauthorized: true, ca: authority.certificate });
    const { status, failure } = await callThrough({ url: api.url, tls: { ca: authority.certificate } });
    expect(status).toBe(502);
    expect(failure).toMatch(/^upstream_(?:unreachable|protocol)$/);
    expect(api.requests).toHaveLength(0);
  });

  test('a server that does not speak TLS is upstream_unreachable', async () => {
    await using api = await serve((_request, response) => response.end());
    expect(await callThrough({ url: api.url.replace('http:', 'https:') })).toMatchObject({ status: 502, failure: 'upstream_unreachable' });
  });
});

describe('connections', () => {
  test('nobody listens: upstream_unreachable', async () => {
    const gone = createServer().listen(0, '127.0.0.1');
    await once(gone, 'listening');
    const { port } = gone.address() as AddressInfo;
    gone.close();
    const answer = await callThrough({ url: `http://127.0.0.1:${port}` });
    expect(answer).toMatchObject({ status: 502, failure: 'upstream_unreachable' });
    expect(JSON.parse(answer.body)).toMatchObject({ detail: expect.stringContaining('ECONNREFUSED') });
  });

  test('a name that does not resolve: upstream_unreachable', async () => {
    expect(await callThrough({ url: 'http://nowhere.invalid' })).toMatchObject({ status: 502, failure: 'upstream_unreachable' });
  });

  test('a server that takes the connection and never ends the handshake is 504 after connectTimeoutSeconds', async () => {
    await using api = await startRecordingServer('');
    const startMs = performance.now();
    const url = api.url.replace('http:', 'https:');
    expect(await callThrough({ url, connectTimeoutSeconds: 1 })).toMatchObject({ status: 504, failure: 'upstream_timeout' });
    expect(performance.now() - startMs).toBeLessThan(5_000);
  });
});

describe('a plain HTTP proxy for a plain HTTP upstream', () => {
  test('gets the request in absolute-form, with the Host of the upstream and the credentials', async () => {
    await using relay = await startRecordingServer(httpAnswer({ headers: { Location: 'http://api.example/base/x' }, status: 302 }));
    const { status, headers } = await callThrough(
      { url: 'http://api.example:8080/base', proxy: { url: relay.url, username: 'us:er', password: 'pä ss' } },
      '/a%20b?c=d',
    );
    expect(status).toBe(302);
    expect(headers.location).toBe('http://api.example/base/x');
    expect(relay.request.raw.toString('latin1').split('\r\n')).toEqual([
      'GET http://api.example:8080/base/a%20b?c=d HTTP/1.1',
      'host: api.example:8080',
      'connection: keep-alive',
      `proxy-authorization: Basic ${Buffer.from('us:er:pä ss').toString('base64')}`,
      'Authorization: Bearer t1',
      '',
      '',
    ]);
  });

  test('without credentials gets no Proxy-Authorization', async () => {
    await using relay = await startRecordingServer(httpAnswer());
    await callThrough({ url: 'http://api.example', proxy: { url: relay.url } });
    expect(relay.request.target).toBe('http://api.example/');
    expect(headerValue(relay.request, 'proxy-authorization')).toBeUndefined();
  });
});
