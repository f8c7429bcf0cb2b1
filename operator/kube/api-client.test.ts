import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type * as http from 'node:http';
import * as https from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { expect, test } from 'vitest';
import { FakeApiServer, kubeConfigFor } from '../../test/support/fake-api-server.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { listenOnLoopback } from '../../test/support/listen-on-loopback.ts';
import { makeCertificate } from '../../test/support/make-certificate.ts';
import { serve } from '../../test/support/serve.ts';
import { until, untilWith } from '../../test/support/until.ts';
import { type ApiAccess, ApiClient } from './api-client.ts';
import type { ApiObject } from './api-object.ts';

const path = '/api/v1/namespaces/hr/secrets';

function clientFor(access: ApiAccess, clock = new FakeClock()): ApiClient {
  return new ApiClient(access, { clock, userAgent: 'tokenward-operator/test' });
}

/** What a call rejects with. */
const failureOf = (call: Promise<unknown>): Promise<unknown> =>
  call.then(
    () => undefined,
    (error: unknown) => error,
  );

test('it says who asks, and with which token', async () => {
  await using server = await FakeApiServer.start();
  const api = clientFor(server.config);
  await api.request({ method: 'GET', path, query: { labelSelector: 'a=b', limit: 5, continue: undefined } });
  const [request] = server.requests;
  expect(request?.headers).toMatchObject({ authorization: 'Bearer api-token', 'user-agent': 'tokenward-operator/test' });
  expect(String(request?.query)).toBe('labelSelector=a%3Db&limit=5');
  api.close();
});

test('apply is a server-side apply under one field manager, and takes what others own', async () => {
  await using server = await FakeApiServer.start();
  const api = clientFor(server.config);
  const object: ApiObject & { data: object } = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name: 'a', namespace: 'hr' },
    data: { x: '1' },
  };
  const applied = await api.apply<typeof object>({ path: `${path}/a`, object });
  expect(applied.metadata.uid).toBeDefined();
  const [request] = server.requests;
  expect(request?.method).toBe('PATCH');
  expect(request?.headers['content-type']).toBe('application/apply-patch+yaml');
  expect(String(request?.query)).toBe('fieldManager=tokenward-operator&force=true');
  expect(request?.body).toEqual(object);
  api.close();
});

test("the server's own reason, message and Retry-After come with the error", async () => {
  await using server = await FakeApiServer.start();
  server.plan(() => true, { status: 429, reason: 'TooManyRequests', message: 'slow down', retryAfterSeconds: 7 });
  const api = clientFor(server.config);
  expect(await failureOf(api.request({ method: 'GET', path }))).toMatchObject({
    name: 'ApiError',
    status: 429,
    reason: 'TooManyRequests',
    message: 'slow down',
    retryAfterSeconds: 7,
  });
  api.close();
});

test('an answer that is no Status, as of something in between, is an error with its HTTP status', async () => {
  await using server = await serve((_, response) => response.writeHead(502, { 'content-type': 'text/html' }).end('<h1>Bad Gateway</h1>'));
  const api = clientFor(kubeConfigFor(server.url));
  expect(await failureOf(api.request({ method: 'GET', path }))).toMatchObject({ name: 'ApiError', status: 502, reason: '' });
  api.close();
});

test('a success that is not JSON is an error, and its text is not in it', async () => {
  await using server = await serve((_, response) => response.end('{"data": canary'));
  const api = clientFor(kubeConfigFor(server.url));
  const error = await failureOf(api.request({ method: 'GET', path }));
  expect(error).toMatchObject({ name: 'ConnectionError', code: 'unreadable' });
  expect(String(error)).not.toContain('canary');
  api.close();
});

test("what the server says of a Secret that it refuses is withheld, for it may quote the Secret's data", async () => {
  await using server = await FakeApiServer.start();
  server.plan(() => true, { status: 422, reason: 'Invalid', message: 'data: Invalid value: "canary"' }, 2);
  const api = clientFor(server.config);
  const object: ApiObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'a', namespace: 'hr' } };
  const error = await failureOf(api.apply({ path: `${path}/a`, object }));
  expect(error).toMatchObject({ status: 422, reason: 'Invalid', message: 'The API server answered 422' });
  expect(await failureOf(api.request({ method: 'GET', path }))).toMatchObject({ message: 'data: Invalid value: "canary"' });
  api.close();
});

test('a request that is not answered ends in time', async () => {
  await using server = await FakeApiServer.start();
  server.plan(() => true, 'hang');
  const clock = new FakeClock();
  const api = clientFor(server.config, clock);
  const call = failureOf(api.request({ method: 'GET', path, timeoutMs: 5_000 }));
  await until(() => server.requests.length === 1);
  await clock.advance(5_000);
  expect(await call).toMatchObject({ code: 'timeout' });
  expect(clock.pendingTimers).toBe(0);
  api.close();
});

test('an answer that stops in the middle ends in time', async () => {
  let answering = false;
  await using server = await serve((_, response) => {
    response.writeHead(200).write('{"items":[');
    answering = true;
  });
  const clock = new FakeClock();
  const api = clientFor(kubeConfigFor(server.url), clock);
  const call = failureOf(api.request({ method: 'GET', path }));
  await until(() => answering);
  await clock.advance(30_000);
  expect(await call).toMatchObject({ code: 'timeout' });
  api.close();
});

test('credentials that never come do not hold a request for ever, and what their plugin prints is not repeated', async () => {
  const clock = new FakeClock();
  const cluster = { name: 'x', server: 'http://127.0.0.1:1', skipTLSVerify: true };
  const hanging = clientFor({ getCurrentCluster: () => cluster, applyToHTTPSOptions: () => new Promise<void>(() => {}) }, clock);
  const call = failureOf(hanging.request({ method: 'GET', path }));
  await clock.advance(30_000);
  expect(await call).toMatchObject({ code: 'timeout' });
  const failing = clientFor({ getCurrentCluster: () => cluster, applyToHTTPSOptions: () => Promise.reject(new Error('canary')) }, clock);
  const error = await failureOf(failing.request({ method: 'GET', path }));
  expect(error).toMatchObject({ code: 'no_credentials' });
  expect(String(error)).not.toContain('canary');
});

test('an abort ends the call with its reason', async () => {
  await using server = await FakeApiServer.start();
  server.plan(() => true, 'hang');
  const api = clientFor(server.config);
  const controller = new AbortController();
  const call = failureOf(api.request({ method: 'GET', path, signal: controller.signal }));
  await until(() => server.requests.length === 1);
  const reason = new Error('enough');
  controller.abort(reason);
  expect(await call).toBe(reason);
  expect(await failureOf(api.request({ method: 'GET', path, signal: controller.signal }))).toBe(reason);
  expect(server.requests.length).toBe(1);
  api.close();
});

test('a kept connection that the server closes under a request is replaced, but nothing is created twice', async () => {
  let answered = 0;
  const seen: (string | undefined)[] = [];
  const answer: http.RequestListener = (request, response) => {
    seen.push(request.method);
    // Every second request of a connection meets its end.
    answered += 1;
    if (answered % 2 === 0) request.socket.resetAndDestroy();
    else response.end('{}');
  };
  await using server = await serve(answer);
  const api = clientFor(kubeConfigFor(server.url));
  await api.request({ method: 'GET', path });
  await api.request({ method: 'GET', path });
  expect(seen).toEqual(['GET', 'GET', 'GET']);
  expect(await failureOf(api.request({ method: 'POST', path, body: {} }))).toMatchObject({ code: 'ECONNRESET' });
  expect(seen).toEqual(['GET', 'GET', 'GET', 'POST']);
  api.close();
});

test("a path in the server's address stays in front", async () => {
  const paths: (string | undefined)[] = [];
  await using server = await serve((request, response) => {
    paths.push(request.url);
    response.end('{}');
  });
  const api = clientFor(kubeConfigFor(`${server.url}/k8s/clusters/c-1/`));
  await api.request({ method: 'GET', path: '/version' });
  expect(paths).toEqual(['/k8s/clusters/c-1/version']);
  api.close();
});

test('a certificate authority that is replaced is taken up without a restart', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tokenward-'));
  try {
    const [caFile, tokenFile] = [join(folder, 'ca.crt'), join(folder, 'token')];
    const servers = ['one', 'two'].map((name) => {
      const authority = makeCertificate(`${name} authority`);
      const { certificate: cert, key } = makeCertificate('api', { hosts: ['127.0.0.1'], issuer: authority });
      return { authority, cert, key };
    });
    const [one, two] = servers;
    if (one === undefined || two === undefined) throw new Error('two are needed');
    const answer: http.RequestListener = (request, response) => {
      response.setHeader('connection', 'close').end(JSON.stringify({ token: request.headers.authorization }));
    };
    const server = https.createServer({ cert: one.cert, key: one.key }, answer);
    await using listening = await listenOnLoopback(server);
    await Promise.all([writeFile(caFile, one.authority.certificate), writeFile(tokenFile, 't1')]);
    const access = new KubeConfig();
    access.loadFromClusterAndUser(
      { name: 'in', server: listening.url.replace('http:', 'https:'), caFile, skipTLSVerify: false },
      { name: 'in', authProvider: { name: 'tokenFile', config: { tokenFile } } },
    );
    const api = clientFor(access);
    await api.request({ method: 'GET', path });
    server.setSecureContext({ cert: two.cert, key: two.key });
    expect(await failureOf(api.request({ method: 'GET', path }))).toMatchObject({ name: 'ConnectionError' });
    await writeFile(caFile, two.authority.certificate);
    expect(await api.request({ method: 'GET', path })).toEqual({ token: 'Bearer t1' });
    api.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a watch that its reader leaves is closed at once', async () => {
  await using server = await FakeApiServer.start();
  const clock = new FakeClock();
  const api = clientFor(server.config, clock);
  server.cluster.put('/v1/secrets', { metadata: { name: 'a', namespace: 'hr' } });
  const watch = api.watch<ApiObject>({ path, query: { resourceVersion: '1' }, silenceMs: 1_000, signal: new AbortController().signal });
  for await (const { object } of watch) {
    expect(object.metadata.name).toBe('a');
    break;
  }
  await untilWith(clock, () => server.openWatches === 0);
  expect(clock.pendingTimers).toBe(0);
  api.close();
});
