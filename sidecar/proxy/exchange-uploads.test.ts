import { describe, expect, test } from 'vitest';
import { httpAnswer } from '../../test/support/http-answer.ts';
import { headerValue } from '../../test/support/read-requests.ts';
import { setRig } from '../../test/support/proxy-rig.ts';
import { connectRaw } from '../../test/support/raw-client.ts';

const hour = 3_600_000;

describe('an upload', () => {
  const big = 4 * 1024 * 1024;

  test('that the API answers early gets that answer, and the rest of it goes nowhere', async () => {
    await using it = await setRig('');
    const early = httpAnswer({ status: 413, body: 'too large' });
    await using client = connectRaw(it.proxy);
    client.sendHead('POST /api HTTP/1.1', 'Host: localhost', `Content-Length: ${big}`);
    client.send(Buffer.alloc(big / 2));
    await it.proxy.asked(1);
    it.proxy.endpoint.issue(hour);
    await it.api.connected(1);
    it.api.connections[0]?.write(early);
    await client.until('too large');
    await it.proxy.idle();

    client.send(Buffer.alloc(big / 2));
    client.sendHead('GET /-/aliases HTTP/1.1', 'Host: localhost');
    expect(await client.until('"aliases"')).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('that the API does not read is ended after five minutes, and the failure says that it is the API', async () => {
    await using it = await setRig('');
    await using client = connectRaw(it.proxy);
    client.sendHead('POST /api HTTP/1.1', 'Host: localhost', `Content-Length: ${8 * big}`);
    await it.proxy.asked(1);
    it.proxy.endpoint.issue(hour);
    await it.api.connected(1);
    const [connection] = it.api.connections;
    client.send('a');
    await expect.poll(() => connection?.received.length).toBeGreaterThan(0);
    connection?.socket.pause();
    client.send(Buffer.alloc(8 * big - 2));
    const [exchange] = it.proxy.context.live;
    // Until nothing moves any more: all buffers on the way are full, and the proxy does not read on.
    for (let read = -1, still = 0; still < 5; still = exchange?.socket.bytesRead === read ? still + 1 : 0) {
      read = exchange?.socket.bytesRead ?? 0;
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    }
    it.proxy.clock.pass(301_000);
    await client.until('body for 300 s');
    expect(client.received).toMatch(/^HTTP\/1\.1 504 [^]*took nothing of the request's body for 300 s/);
  });

  test('whose API goes away in the middle of it is 502, and the caller hears of it while it still sends', async () => {
    await using it = await setRig('');
    await using client = connectRaw(it.proxy);
    client.sendHead('POST /api HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked');
    client.send(`${big.toString(16)}\r\n`);
    client.send(Buffer.alloc(big / 2));
    await it.proxy.asked(1);
    it.proxy.endpoint.issue(hour);
    await it.api.connected(1);
    it.api.connections[0]?.reset();
    expect(await client.until('upstream_protocol')).toMatch(/^HTTP\/1\.1 502 /);
  });

  test('that its caller breaks off before there is a token asks the API for nothing', async () => {
    await using it = await setRig('');
    await using client = connectRaw(it.proxy);
    client.sendHead('POST /api HTTP/1.1', 'Host: localhost', `Content-Length: ${big}`);
    await it.proxy.asked(1);
    client.reset();
    await it.proxy.idle();
    it.proxy.endpoint.issue(hour);
    expect(it.api.connections).toHaveLength(0);
  });

  test('of a small body that its caller breaks off asks the API for nothing', async () => {
    await using it = await setRig('');
    await using client = connectRaw(it.proxy);
    client.sendHead('POST /api HTTP/1.1', 'Host: localhost', 'Content-Length: 100');
    client.send('half');
    await it.proxy.asked(1);
    it.proxy.endpoint.issue(hour);
    client.reset();
    await it.proxy.idle();
    expect(it.api.connections).toHaveLength(0);
  });

  test('of a small body that outlasts its token goes out with a fresh one', async () => {
    await using it = await setRig(httpAnswer({ body: 'done' }));
    await using client = connectRaw(it.proxy);
    client.sendHead('POST /api HTTP/1.1', 'Host: localhost', 'Content-Length: 8');
    client.send('half');
    await it.proxy.asked(1);
    it.proxy.endpoint.issue(10_000);
    await new Promise(setImmediate);
    it.proxy.clock.pass(11_000);
    client.send('half');
    await it.proxy.asked(2);
    expect(it.api.connections).toHaveLength(0);
    it.proxy.endpoint.issue(hour);
    await client.until('done');
    expect(it.api.request.body.toString()).toBe('halfhalf');
    expect(headerValue(it.api.request, 'authorization')).toBe('Bearer t2');
  });

  test('is not begun with a token that expired while it waited for a connection', async () => {
    await using it = await setRig('');
    await using client = connectRaw(it.proxy);
    client.sendHead('POST /api HTTP/1.1', 'Host: localhost', `Content-Length: ${big}`);
    await it.proxy.asked(1);
    it.proxy.endpoint.issue(10_000);
    // The token is taken and a connection asked for; none can come before the event loop turns.
    for (let i = 0; i < 20; i++) await Promise.resolve();
    it.proxy.clock.pass(11_000);
    expect(await client.until('token_timeout')).toMatch(/^HTTP\/1\.1 504 /);
    await it.proxy.idle();
    expect(it.api.connections.map(({ received }) => received.toString())).toEqual(['']);
  });

  test('in chunks that its caller breaks off never looks complete to the API', async () => {
    await using it = await setRig('');
    await using client = connectRaw(it.proxy);
    client.sendHead('POST /api HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked');
    client.send('4\r\nhalf\r\n');
    await it.proxy.asked(1);
    it.proxy.endpoint.issue(hour);
    await it.api.connected(1);
    client.reset();
    await it.api.connections[0]?.closed;
    expect(it.api.requests).toHaveLength(0);
  });

  test('of an hour is not cut off by the deadline for the answer, nor after an early head', async () => {
    await using it = await setRig('', { responseTimeoutSeconds: 60 });
    await using client = connectRaw(it.proxy);
    client.sendHead('POST /api HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked');
    await it.proxy.asked(1);
    it.proxy.endpoint.issue(2 * hour);
    for (let minute = 0; minute < 60; minute += 4) {
      const chunk = `minute ${minute};`;
      client.send(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
      while (it.api.connections[0]?.received.includes(chunk) !== true) await new Promise(setImmediate);
      if (minute === 28) {
        it.api.connections[0]?.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
        await client.until('200 OK');
      }
      it.proxy.clock.pass(4 * 60_000);
    }
    client.send('0\r\n\r\n');
    await it.api.received(1);
    it.api.connections[0]?.write('0\r\n\r\n');
    await client.until(/0\r\n\r\n$/);
    expect(it.api.request.body.toString()).toMatch(/^minute 0;minute 4;.*minute 56;$/);
  });

  test('that stops coming is 408 after five minutes, and the connection ends', async () => {
    await using it = await setRig('');
    for (const length of [100, big]) {
      await using client = connectRaw(it.proxy);
      client.sendHead('POST /api HTTP/1.1', 'Host: localhost', `Content-Length: ${length}`);
      client.send('half');
      if (length === 100) {
        await it.proxy.asked(1);
        it.proxy.endpoint.issue(hour);
      } else await it.api.connected(1);
      while (it.proxy.context.live.size === 0) await new Promise(setImmediate);
      await new Promise(setImmediate);
      it.proxy.clock.pass(301_000);
      await client.closed;
      expect(client.received).toMatch(/^HTTP\/1\.1 408 [^]*\r\nTokenward-Error: request_timeout\r\n/);
    }
  });
});
