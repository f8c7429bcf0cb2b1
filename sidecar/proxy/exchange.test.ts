import * as http from 'node:http';
import { describe, expect, test } from 'vitest';
import { call } from '../../test/support/call.ts';
import { httpAnswer } from '../../test/support/http-answer.ts';
import { type ProxyRig, setRig } from '../../test/support/proxy-rig.ts';
import { connectRaw } from '../../test/support/raw-client.ts';
import type { RecordedRequest } from '../../test/support/recording-server.ts';

const hour = 3_600_000;

describe('deadlines', () => {
  test('an API that does not answer is 504 after its time, and not before', async () => {
    await using it = await setRig(() => undefined, { responseTimeoutSeconds: 20 });
    const called = call(it.proxy.url);
    await it.proxy.asked(1);
    it.proxy.endpoint.issue(hour);
    await it.api.received(1);
    it.proxy.clock.pass(19_000);
    expect(it.proxy.context.live.size).toBe(1);
    it.proxy.clock.pass(2_000);
    const answer = await called;
    expect(answer).toMatchObject({ status: 504, failure: 'upstream_timeout' });
    expect(JSON.parse(answer.body)).toMatchObject({ detail: expect.stringContaining('did not answer in time') });
    await it.api.connections[0]?.closed;
  });

  test('an answer that stops in the middle is broken off after five minutes, so that the caller sees it is not whole', async () => {
    await using it = await setRig('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n');
    await using client = connectRaw(it.proxy);
    client.sendHead('GET /api HTTP/1.1', 'Host: localhost');
    await it.proxy.asked(1);
    it.proxy.endpoint.issue(hour);
    await client.until('half');
    it.proxy.clock.pass(301_000);
    await client.closed;
    expect(client.received).not.toMatch(/0\r\n\r\n$/);
    expect(it.proxy.log.join('')).toContain('sent nothing for 300 s in the middle of its answer');
  });

  test('a caller that does not read its answer is given up after five minutes', async () => {
    await using it = await setRig((_request, connection) => {
      connection.write('HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n');
      connection.write(Buffer.alloc(32 * 1024 * 1024));
    });
    await using client = connectRaw(it.proxy);
    client.socket.pause();
    client.sendHead('GET /api HTTP/1.1', 'Host: localhost');
    await it.proxy.asked(1);
    it.proxy.endpoint.issue(hour);
    await it.api.received(1);
    const socket = it.api.connections[0]?.socket;
    let before = -1;
    // Until nothing moves any more: the caller, the proxy and all buffers between are full.
    while (socket?.writableLength !== before) {
      before = socket?.writableLength ?? 0;
      await new Promise((resolve) => {
        setTimeout(resolve, 50);
      });
    }
    expect(before).toBeGreaterThan(8 * 1024 * 1024);
    it.proxy.clock.pass(301_000);
    await it.api.connections[0]?.closed;
    await it.proxy.idle();
  });
});

describe('an answer', () => {
  const withToken = async (it: ProxyRig, path = ''): ReturnType<typeof call> => {
    const called = call(it.proxy.url + path);
    await it.proxy.asked(1);
    it.proxy.endpoint.issue(hour);
    return called;
  };

  test.each([
    ['Latin letters', Buffer.from('HTTP/1.1 404 Nicht gef\u{fc}nden\r\nContent-Length: 0\r\n\r\n', 'latin1')],
    ['letters in UTF-8', Buffer.from('HTTP/1.1 404 見つかりません\r\nContent-Length: 0\r\n\r\n', 'utf8')],
    ['none', Buffer.from('HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n')],
  ])('whose reason phrase has %s arrives', async (_what, bytes) => {
    await using it = await setRig(bytes);
    expect((await withToken(it)).status).toBe(404);
  });

  test('keeps the bytes, the order and the spelling of its headers, the repeated ones too', async () => {
    await using it = await setRig(
      Buffer.from(
        'HTTP/1.1 200 Fine\r\nset-cookie: a\r\nX-Odd: gr\u{fc}n\r\nSET-COOKIE: b\r\nDate: today\r\nContent-Length: 0\r\n\r\n',
        'latin1',
      ),
    );
    const { rawHeaders, statusText } = await withToken(it);
    expect(statusText).toBe('Fine');
    expect(rawHeaders.slice(0, 8)).toEqual(['set-cookie', 'a', 'X-Odd', 'gr\u{fc}n', 'SET-COOKIE', 'b', 'Date', 'today']);
  });

  test.each([
    ['not HTTP', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['with two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    ['with a control character in a header', 'HTTP/1.1 200 OK\r\nX-A: a\u{1}b\r\nContent-Length: 0\r\n\r\n'],
    ['with headers without end', `HTTP/1.1 200 OK\r\nX-A: ${'a'.repeat(100_000)}\r\n\r\n`],
  ])('%s is upstream_protocol', async (_what, bytes) => {
    await using it = await setRig(bytes);
    expect(await withToken(it)).toMatchObject({ status: 502, failure: 'upstream_protocol' });
  });

  test('with more headers than fit is named for what it is', async () => {
    await using it = await setRig(`HTTP/1.1 200 OK\r\n${`Set-Cookie: ${'c'.repeat(1000)}\r\n`.repeat(20)}\r\n`);
    const { body } = await withToken(it);
    expect(JSON.parse(body)).toMatchObject({ detail: expect.stringContaining('headers of more than 16 KiB') });
  });

  test('that is shorter than it says is broken off', async () => {
    await using it = await setRig((_request, connection) => connection.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'));
    await expect(withToken(it)).rejects.toThrow('aborted');
  });

  test.each(['HEAD', 'GET'])('to %s that announces trailers where none can come arrives', async (method) => {
    await using it = await setRig(`HTTP/1.1 200 OK\r\nTrailer: X-A\r\n${method === 'GET' ? 'Content-Length: 0\r\n' : ''}\r\n`);
    const called = call(it.proxy.url, { method });
    await it.proxy.asked(1);
    it.proxy.endpoint.issue(hour);
    expect((await called).status).toBe(200);
  });

  test('without length and chunks ends with its connection', async () => {
    await using it = await setRig((_request, connection) => connection.end('HTTP/1.1 200 OK\r\n\r\nto the end'));
    expect(await withToken(it)).toMatchObject({ status: 200, body: 'to the end' });
  });
});

describe('a caller', () => {
  test('that goes away with a request in the queue of its connection leaves nothing behind', async () => {
    await using it = await setRig(() => undefined);
    await using client = connectRaw(it.proxy);
    client.send('GET /api/1 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /api/2 HTTP/1.1\r\nHost: localhost\r\n\r\n');
    await it.proxy.asked(1);
    it.proxy.endpoint.issue(hour);
    await it.api.received(2);
    client.reset();
    await Promise.all(it.api.connections.map(({ closed }) => closed));
    await it.proxy.idle();
    expect(it.api.requests.map(({ target }) => target)).toEqual(['/1', '/2']);
  });

  test('that sends an Authorization of its own is counted once, also when its request is sent twice', async () => {
    await using it = await setRig([httpAnswer({ status: 401 }), httpAnswer()]);
    const called = call(it.proxy.url, { headers: { Authorization: 'Bearer own' } });
    await it.proxy.asked(1);
    it.proxy.endpoint.issue(hour);
    await it.proxy.asked(2);
    it.proxy.endpoint.issue(hour);
    await called;
    expect(it.proxy.context.metrics.alias('api').authorizationsDropped).toBe(1);
  });

  test('that goes away while it waits for a token is not waited for any longer', async () => {
    await using it = await setRig(() => undefined);
    await using client = connectRaw(it.proxy);
    client.sendHead('GET /api HTTP/1.1', 'Host: localhost');
    await it.proxy.asked(1);
    client.reset();
    await it.proxy.idle();
    // The timer of all deadlines, and the one of whoever waits for a token.
    it.proxy.clock.pass(250);
    expect(it.proxy.clock.pending).toBe(0);
    it.proxy.endpoint.issue(hour);
  });

  test('waits for a token no longer than half a minute', async () => {
    await using it = await setRig('');
    const called = call(it.proxy.url);
    await it.proxy.asked(1);
    it.proxy.clock.pass(30_000);
    expect(await called).toMatchObject({ status: 504, failure: 'token_timeout' });
    it.proxy.endpoint.issue(hour);
  });

  test('may use GET with a body, and QUERY', async () => {
    await using it = await setRig(httpAnswer());
    for (const [method, headers] of [
      ['GET', { 'Transfer-Encoding': 'chunked' }],
      ['QUERY', { 'Content-Length': '4' }],
    ] as const) {
      const called = call(it.proxy.url, { method, headers, body: 'body' });
      if (method === 'GET') {
        await it.proxy.asked(1);
        it.proxy.endpoint.issue(hour);
      }
      expect((await called).status).toBe(200);
    }
    expect(it.api.requests.map(({ method, body }: RecordedRequest) => `${method} ${body.toString()}`)).toEqual(['GET body', 'QUERY body']);
  });

  test('keeps its connection from one call to the next', async () => {
    await using it = await setRig(httpAnswer());
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const called = call(it.proxy.url, { agent });
    await it.proxy.asked(1);
    it.proxy.endpoint.issue(hour);
    const first = await called;
    expect(first.headers.connection).toBe('keep-alive');
    expect((await call(it.proxy.url, { agent })).status).toBe(200);
    expect(it.api.connections).toHaveLength(1);
    agent.destroy();
  });
});
