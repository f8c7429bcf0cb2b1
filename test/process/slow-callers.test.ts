import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { call } from '../support/call.ts';
import { RawClient } from '../support/raw-client.ts';
import { newRecording } from '../support/recordings.ts';
import { setStage } from './stage.ts';

const failures = newRecording('failure', 'slow-callers');
/** Headers have half a minute, and are looked at every five seconds. */
const headersTimeoutMs = 30_000 + 5_000;
/** A body may stand still for five minutes. */
const pastIdleMs = 301_000;
const sidecar = { movableClocks: true, args: ['--drain-timeout-seconds', '1'] };

describe.concurrent('a caller that is slow to send its headers', () => {
  test.each([
    ['byte by byte without an end', 'GET /a/slow HTTP/1.1\r\nHost: localhost\r\nX-A: '],
    ['and stops in the middle', 'GET /a/slow HTTP/1.1\r\nHost: loc'],
    ['and sends nothing at all', ''],
  ])('%s is cut off in time, and others never notice', async (how, beginning) => {
    await using stage = await setStage();
    await using client = new RawClient(stage.sidecar.proxyPort);
    const startedMs = performance.now();
    client.send(beginning);
    const drip = how.startsWith('byte') ? setInterval(() => client.send('x'), 500) : undefined;
    expect(await call(stage.url)).toMatchObject({ status: 200 });
    await client.closed;
    clearInterval(drip);
    expect(performance.now() - startedMs).toBeLessThan(headersTimeoutMs + 2_000);
    failures.append(client.received);
    expect(client.received).toMatch(/^HTTP\/1\.1 408 [^]*\r\nTokenward-Error: request_timeout\r\n/);
    expect(stage.api.served).toBe(1);
    expect(await call(stage.url)).toMatchObject({ status: 200 });
  });
});

test('a small body that stalls is refused after five minutes, and the API never hears of the request', async () => {
  await using stage = await setStage({ sidecar });
  await using client = new RawClient(stage.sidecar.proxyPort);
  client.send('POST /a/slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nten bytes.');
  await expect.poll(() => stage.issuer.requests).toBe(1);
  // The first call waited for its token before it read the body; this one comes after.
  expect(await call(stage.url)).toMatchObject({ status: 200 });
  await stage.sidecar.moveClocks({ wallMs: 0, monotonicMs: pastIdleMs });
  await client.closed;
  failures.append(client.received);
  expect(client.received).toMatch(/^HTTP\/1\.1 408 [^]*\r\nTokenward-Error: request_timeout\r\n/);
  expect(stage.api.served).toBe(1);
});

test('a large upload that stalls is refused after five minutes and ended at the API, too', async () => {
  const arrived = Promise.withResolvers<IncomingMessage>();
  await using stage = await setStage({ sidecar, respond: (incoming) => arrived.resolve(incoming) });
  await using client = new RawClient(stage.sidecar.proxyPort);
  client.send('POST /a/slow HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\nten bytes.');
  const incoming = await arrived.promise;
  await once(incoming, 'data');
  const ended = new Promise((resolve) => {
    incoming.on('error', () => {}).once('close', resolve);
  });
  await stage.sidecar.moveClocks({ wallMs: 0, monotonicMs: pastIdleMs });
  await client.closed;
  failures.append(client.received);
  expect(client.received).toMatch(/^HTTP\/1\.1 408 [^]*\r\nTokenward-Error: request_timeout\r\n/);
  await ended;
  expect(incoming.complete).toBe(false);
});

test('a caller that stops reading a download for five minutes is cut off, and so is the API', async () => {
  let apiClosed = false;
  await using stage = await setStage({
    sidecar,
    respond: (incoming, response) => {
      incoming.socket.once('close', () => {
        apiClosed = true;
      });
      response.on('error', () => {}).write(Buffer.alloc(64 * 1024 ** 2));
    },
  });
  const [answer] = (await once(request(stage.url).end(), 'response')) as [IncomingMessage];
  const callerClosed = new Promise((resolve) => {
    answer.on('error', () => {}).once('close', resolve);
  });
  // More than once: the first time, the sidecar may still be filling the sockets between it and the caller.
  let monotonicMs = 0;
  const jump = async (): Promise<boolean> => {
    monotonicMs += pastIdleMs;
    await stage.sidecar.moveClocks({ wallMs: 0, monotonicMs });
    return apiClosed;
  };
  await expect.poll(jump, { interval: 500 }).toBe(true);
  answer.resume();
  await callerClosed;
  expect(answer.complete).toBe(false);
});
