import { once } from 'node:events';
import { Agent, request, type IncomingMessage, type ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { call } from '../support/call.ts';
import { RawClient } from '../support/raw-client.ts';
import type { SidecarProcess } from '../support/start-sidecar-process.ts';
import { setStage } from './stage.ts';

/** Resolves when the sidecar has begun to drain. */
async function terminate(sidecar: SidecarProcess): Promise<void> {
  const draining = sidecar.loggedNext(({ msg }) => msg === 'Finishing what is in flight');
  sidecar.signal('SIGTERM');
  await draining;
}

test('a download and an upload that are under way finish, whatever comes after is refused, and it exits with 0', async () => {
  const held: { download?: ServerResponse; upload?: IncomingMessage } = {};
  await using stage = await setStage({
    respond: (incoming, response) => {
      if (incoming.method === 'GET') {
        held.download = response;
        response.write('first half, ');
        return;
      }
      held.upload = incoming;
      void incoming.toArray().then((chunks) => response.end(Buffer.concat(chunks as Buffer[])));
    },
  });
  const [download] = (await once(request(`${stage.url}/download`).end(), 'response')) as [IncomingMessage];
  const upload = request(`${stage.url}/upload`, { method: 'POST', headers: { 'Content-Length': 200_000 } });
  upload.write(Buffer.alloc(100_000, 'a'));
  await expect.poll(() => held.upload).toBeDefined();

  await terminate(stage.sidecar);
  await expect.poll(() => refusal(`${stage.url}/new`)).toBe('ECONNREFUSED');

  held.download?.end('second half');
  expect(Buffer.concat(await download.toArray()).toString()).toBe('first half, second half');
  upload.end(Buffer.alloc(100_000, 'b'));
  const [answer] = (await once(upload, 'response')) as [IncomingMessage];
  expect(answer.statusCode).toBe(200);
  expect(Buffer.concat(await answer.toArray()).toString()).toBe('a'.repeat(100_000) + 'b'.repeat(100_000));

  expect(await stage.sidecar.exited).toEqual({ code: 0, signal: null });
  expect(stage.sidecar.log.at(-1)).toMatchObject({ msg: 'Stopped', cut: 0 });
  expect(stage.api.served).toBe(2);
});

/** How a call fails; a connection that is made while the port closes may be reset, or told that the sidecar drains. */
async function refusal(url: string): Promise<string | undefined> {
  try {
    return (await call(url)).failure;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

test('a request that follows on a busy connection is told that the sidecar drains, and to go elsewhere', async () => {
  const arrived = Promise.withResolvers<ServerResponse>();
  await using stage = await setStage({ respond: (_request, response) => arrived.resolve(response) });
  await using client = new RawClient(stage.sidecar.proxyPort);
  client.sendHead('GET /a/first HTTP/1.1', 'Host: localhost');
  const first = await arrived.promise;
  await terminate(stage.sidecar);
  client.sendHead('GET /a/second HTTP/1.1', 'Host: localhost');
  // It has been read when a metric shows it; the answer waits for its turn.
  await expect
    .poll(async () => (await fetch(`${stage.sidecar.adminUrl}/metrics`)).text())
    .toContain('tokenward_errors_total{alias="",code="draining"} 1\n');
  first.end('first');
  await client.closed;
  expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*first[^]*HTTP\/1\.1 503 [^]*\r\nTokenward-Error: draining\r\n/);
  expect(client.received).toMatch(/\r\nConnection: close\r\n/);
  expect(await stage.sidecar.exited).toEqual({ code: 0, signal: null });
  expect(stage.api.served).toBe(1);
});

test('connections that are kept alive and idle do not hold it up', async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 50 });
  await using stage = await setStage();
  await Promise.all(Array.from({ length: 50 }, () => call(stage.url, { agent })));
  const startedMs = performance.now();
  stage.sidecar.signal('SIGTERM');
  expect(await stage.sidecar.exited).toEqual({ code: 0, signal: null });
  expect(performance.now() - startedMs).toBeLessThan(2_000);
  agent.destroy();
});

test('a stream without an end is cut off when the time to drain is over, and it exits with 0', async () => {
  await using stage = await setStage({
    sidecar: { args: ['--drain-timeout-seconds', '1'] },
    respond: (_request, response) => {
      response.on('error', () => {}).write('data: 1\n\n');
    },
  });
  const [stream] = (await once(request(stage.url).end(), 'response')) as [IncomingMessage];
  await once(stream, 'data');
  stage.sidecar.signal('SIGTERM');
  await expect(once(stream, 'end')).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(await stage.sidecar.exited).toEqual({ code: 0, signal: null });
  expect(stage.sidecar.log.at(-1)).toMatchObject({ msg: 'Stopped', cut: 1 });
});

test('is not ready while it drains, but healthy', async () => {
  const arrived = Promise.withResolvers<ServerResponse>();
  await using stage = await setStage({ respond: (_request, response) => arrived.resolve(response) });
  const underWay = call(stage.url);
  const response = await arrived.promise;
  await terminate(stage.sidecar);
  expect(await call(`${stage.sidecar.adminUrl}/readyz`)).toMatchObject({ status: 503 });
  expect(await call(`${stage.sidecar.adminUrl}/healthz`)).toMatchObject({ status: 200 });
  response.end('done');
  expect(await underWay).toMatchObject({ status: 200, body: 'done' });
  expect(await stage.sidecar.exited).toEqual({ code: 0, signal: null });
  expect(stage.issuer.requests).toBe(1);
});

test('serves, and ends when it is told to, though nobody reads its log any more', async () => {
  await using stage = await setStage();
  stage.sidecar.closeOutput();
  stage.issuer.refuse = (_request, response) => response.writeHead(401).end();
  expect(await call(stage.url)).toMatchObject({ status: 502, failure: 'token_rejected' });
  expect(await call(`${stage.sidecar.proxyUrl}/-/aliases`)).toMatchObject({ status: 200 });
  stage.sidecar.signal('SIGTERM');
  expect(await stage.sidecar.exited).toEqual({ code: 0, signal: null });
});
