import { once } from 'node:events';
import * as http from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { call } from '../test/support/call.ts';
import { httpAnswer } from '../test/support/http-answer.ts';
import { connectRaw } from '../test/support/raw-client.ts';
import { startRecordingServer } from '../test/support/recording-server.ts';
import { testConfig } from '../test/support/sidecar-config.ts';
import { startTestSidecar } from '../test/support/start-test-sidecar.ts';
import { startTokenIssuer } from '../test/support/token-issuer.ts';
import { systemClock } from '../crds/clock.ts';
import { startSidecar } from './start-sidecar.ts';

const request = (path: string): string[] => [`GET ${path} HTTP/1.1`, 'Host: localhost'];

async function stage(...api: Parameters<typeof startRecordingServer>) {
  await using cleanup = new AsyncDisposableStack();
  const issuer = cleanup.use(await startTokenIssuer());
  const server = cleanup.use(await startRecordingServer(...api));
  const sidecar = cleanup.use(
    await startTestSidecar({ configs: { api: testConfig({ upstream: server.url, tokenEndpoint: issuer.url }) } }),
  );
  const whole = cleanup.move();
  return { issuer, api: server, sidecar, [Symbol.asyncDispose]: () => whole.disposeAsync() };
}

describe('drain', () => {
  test('an idle connection that a workload keeps does not delay it', async () => {
    await using it = await stage(httpAnswer());
    const agent = new http.Agent({ keepAlive: true });
    await call(`${it.sidecar.url}/api`, { agent });
    await using silent = connectRaw(it.sidecar);
    await once(silent.socket, 'connect');

    expect(it.sidecar.clock.pending).toBeGreaterThan(0);
    expect(await it.sidecar.drain()).toBe(0);
    it.sidecar.clock.pass(250);
    expect(it.sidecar.clock.pending).toBe(0);
    await silent.closed;
    agent.destroy();
  });

  test('what is in flight finishes, and its connection closes then, although its head promised to keep it', async () => {
    await using it = await stage('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n');
    await using client = connectRaw(it.sidecar);
    client.sendHead(...request('/api'));
    expect(await client.until('half')).toContain('Connection: keep-alive');

    const startMs = performance.now();
    const drained = it.sidecar.drain();
    await new Promise(setImmediate);
    it.api.connections[0]?.write('5\r\n done\r\n0\r\n\r\n');
    expect(await drained).toBe(0);
    await client.closed;
    expect(client.received).toMatch(/half\r\n5\r\n done\r\n0\r\n\r\n$/);
    expect(performance.now() - startMs, 'the drain went on to its timeout').toBeLessThan(2_500);
  });

  test('a request that comes meanwhile on a connection that is kept is 503 draining, and the last on it', async () => {
    const slow = Promise.withResolvers<Buffer>();
    await using it = await stage(() => slow.promise);
    await using client = connectRaw(it.sidecar);
    client.sendHead(...request('/api'));
    await it.api.received(1);
    const drained = it.sidecar.drain();
    client.sendHead(...request('/api'));
    slow.resolve(httpAnswer({ body: 'in flight' }));

    await client.closed;
    expect(await drained).toBe(0);
    expect(client.received).toMatch(/in flight[^]*HTTP\/1\.1 503 [^]*\r\nTokenward-Error: draining\r\n/);
    expect(it.api.requests).toHaveLength(1);
  });

  test.each([
    ['half a head', 'GET /api HTTP/1.1\r\nHost: loc'],
    [
      'an upload that was answered early and does not go on',
      'POST /api HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nhalf',
    ],
  ])('%s does not delay it', async (_what, bytes) => {
    await using it = await stage('', { onHead: (_head, connection) => connection.write(httpAnswer({ status: 413 })) });
    await using client = connectRaw(it.sidecar);
    client.send(bytes);
    if (bytes.startsWith('POST')) await client.until('413');
    else await once(client.socket, 'connect');
    const startMs = performance.now();
    expect(await it.sidecar.drain()).toBe(0);
    expect(performance.now() - startMs, 'the drain went on to its timeout').toBeLessThan(2_500);
    await client.closed;
  });

  test('what takes too long is cut, and counted', async () => {
    await using it = await stage(() => undefined);
    const calls = [1, 2].map((n) => call(`${it.sidecar.url}/api/${n}`));
    await it.api.received(2);
    const cut = it.sidecar.drain();
    it.sidecar.clock.pass(5_000);
    expect(await cut).toBe(2);
    await expect(Promise.all(calls)).rejects.toThrow('socket hang up');
    await Promise.all(it.api.connections.map(({ closed }) => closed));
  });

  test('one that waits for a token finishes, too', async () => {
    const held = Promise.withResolvers<void>();
    await using it = await stage(httpAnswer());
    it.issuer.hold = held.promise;
    const agent = new http.Agent({ keepAlive: true });
    const called = call(`${it.sidecar.url}/api`, { agent });
    while (it.issuer.requests === 0) await new Promise(setImmediate);
    const drained = it.sidecar.drain();
    held.resolve();
    expect((await called).status).toBe(200);
    expect(await drained).toBe(0);
    agent.destroy();
  });
});

describe('the admin port', () => {
  test('is healthy and ready once the sidecar listens, whatever the token endpoint does', async () => {
    await using sidecar = await startTestSidecar({ expectedAliases: ['later'] });
    expect((await call(`${sidecar.adminUrl}/healthz`)).status).toBe(200);
    expect((await call(`${sidecar.adminUrl}/readyz?verbose`)).status).toBe(200);
    expect((await call(`${sidecar.adminUrl}/later/x`)).status).toBe(404);
  });

  test('is not ready while the sidecar drains', async () => {
    await using it = await stage(() => undefined);
    const called = call(`${it.sidecar.url}/api`);
    await it.api.received(1);
    const drained = it.sidecar.drain();
    expect((await call(`${it.sidecar.adminUrl}/readyz`)).status).toBe(503);
    expect((await call(`${it.sidecar.adminUrl}/healthz`)).status).toBe(200);
    it.api.connections[0]?.write(httpAnswer());
    await called;
    await drained;
  });
});

describe('aliases', () => {
  test('one that is expected and has no credential yet is 503 credential_pending; it works as soon as there is one', async () => {
    await using issuer = await startTokenIssuer();
    await using api = await startRecordingServer(httpAnswer());
    await using sidecar = await startTestSidecar({ expectedAliases: ['later'] });
    const pending = await call(`${sidecar.url}/later`);
    expect(pending).toMatchObject({ status: 503, failure: 'credential_pending' });
    expect(pending.headers['retry-after']).toBe('5');
    await sidecar.configure({ later: testConfig({ upstream: api.url, tokenEndpoint: issuer.url }) });
    expect((await call(`${sidecar.url}/later`)).status).toBe(200);
  });

  test('one that was never valid is 503 credential_invalid with the reason; the list shows them all', async () => {
    await using sidecar = await startTestSidecar({
      configs: { broken: '{', refused: { version: 1, invalid: 'spec.client.id is empty' } },
      expectedAliases: ['later'],
    });
    const answer = await call(`${sidecar.url}/refused`);
    expect(answer).toMatchObject({ status: 503, failure: 'credential_invalid' });
    expect(JSON.parse(answer.body)).toMatchObject({ detail: 'spec.client.id is empty' });
    expect(JSON.parse((await call(`${sidecar.url}/-/aliases`)).body)).toEqual({
      aliases: [
        { alias: 'broken', state: 'invalid', reason: 'the file is not JSON' },
        { alias: 'later', state: 'pending' },
        { alias: 'refused', state: 'invalid', reason: 'spec.client.id is empty' },
      ],
    });
    expect(sidecar.log.join('\n')).toMatch(/"level":40,.*"alias":"refused",.*"The credential of this alias is not valid"/);
  });

  test('an unknown one is 404 and names those that exist', async () => {
    await using sidecar = await startTestSidecar({ expectedAliases: ['b', 'a'] });
    const answer = await call(`${sidecar.url}/c/x`);
    expect(answer).toMatchObject({ status: 404, failure: 'unknown_alias' });
    expect(JSON.parse(answer.body)).toMatchObject({ detail: 'The aliases here are: a, b.' });
  });

  test('a broken file leaves the last good one in force, and the list and the metrics show it', async () => {
    await using it = await stage(httpAnswer());
    await it.sidecar.configure({ api: '{"version":1,"upstream":' });
    expect((await call(`${it.sidecar.url}/api`)).status).toBe(200);
    expect(JSON.parse((await call(`${it.sidecar.url}/-/aliases`)).body)).toMatchObject({
      aliases: [{ alias: 'api', state: 'ready', broken: 'the file is not JSON', upstream: `${it.api.url}/`, token: { status: 'valid' } }],
    });
    expect(await it.sidecar.metric('tokenward_config_reloads_total{outcome="broken"}')).toBe(1);
  });
});

describe('start', () => {
  test('rejects if a port is taken, and leaves nothing open', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const options = {
      source: { poll: () => Promise.resolve(new Map()) },
      expectedAliases: [],
      adminHost: '127.0.0.1',
      drainTimeoutSeconds: 1,
      version: 'test',
      log: pino({ level: 'silent' }),
    };
    const effects = { clock: systemClock, random: Math.random };
    for (const ports of [
      { proxyPort: port, adminPort: 0 },
      { proxyPort: 0, adminPort: port },
    ]) {
      await expect(startSidecar({ ...options, ...ports }, effects)).rejects.toMatchObject({ code: 'EADDRINUSE', port });
    }
    taken.close();
  });

  test('rejects if the configuration cannot be read at all', async () => {
    const source = { poll: () => Promise.reject(new Error('no such folder')) };
    const options = {
      source,
      expectedAliases: [],
      proxyPort: 0,
      adminPort: 0,
      drainTimeoutSeconds: 1,
      version: 'test',
      log: pino({ level: 'silent' }),
    };
    await expect(startSidecar(options, { clock: systemClock, random: Math.random })).rejects.toThrow('no such folder');
  });
});
