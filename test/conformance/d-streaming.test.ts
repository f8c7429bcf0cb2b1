import { once } from 'node:events';
import * as http from 'node:http';
import { describe, expect, test } from 'vitest';
import { call } from '../support/call.ts';
import { canaryToken } from '../support/canary.ts';
import { httpAnswer } from '../support/http-answer.ts';
import { connectRaw } from '../support/raw-client.ts';
import { setStage } from './stage.ts';

const upgradeHeaders = ['Connection: Upgrade, HTTP2-Settings', 'HTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA', 'Upgrade: h2c'];

describe('part D: streams', () => {
  test('D57 server-sent events arrive one by one, as they are sent, and so does the head before the first of them', async () => {
    await using stage = await setStage({ api: () => undefined });
    await using client = connectRaw(stage.sidecar);
    client.sendHead('GET /api/events HTTP/1.1', 'Host: localhost', 'Accept: text/event-stream');
    await stage.api.received(1);
    const { connection } = stage.api.request;

    connection.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n');
    await client.until('\r\n\r\n');
    for (let n = 1; n <= 3; n++) {
      const event = `data: event ${n}\n\n`;
      connection.write(`${event.length.toString(16)}\r\n${event}\r\n`);
      await client.until(event);
    }
    connection.write('0\r\n\r\n');
    expect(await client.until('0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Type: text\/event-stream\r\n/);
  });

  test.each(['before the answer', 'in the middle of it'])('D57 a client that goes away %s ends the request to the API', async (when) => {
    await using stage = await setStage({ api: () => undefined });
    await using client = connectRaw(stage.sidecar);
    client.sendHead('GET /api HTTP/1.1', 'Host: localhost');
    await stage.api.received(1);
    const { connection } = stage.api.request;
    if (when === 'in the middle of it') {
      connection.write('HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nthe beginning');
      await client.until('the beginning');
    }
    client.reset();
    await connection.closed;
    expect(stage.api.requests).toHaveLength(1);
  });

  test('D57 a client that goes away in the middle of its upload ends the request to the API', async () => {
    await using stage = await setStage();
    await using client = connectRaw(stage.sidecar);
    client.sendHead('POST /api HTTP/1.1', 'Host: localhost', 'Content-Length: 1000000');
    client.send(Buffer.alloc(100_000));
    await stage.api.connected(1);
    client.reset();
    await stage.api.connections[0]?.closed;
    expect(stage.api.requests).toHaveLength(0);
  });

  test.each([
    [
      'HEAD',
      'HEAD',
      'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nETag: "x"\r\n\r\n',
      'HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nETag: "x"\r\n',
    ],
    ['HEAD in chunks', 'HEAD', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n', 'HTTP/1.1 200 OK\r\n'],
    ['204', 'DELETE', 'HTTP/1.1 204 No Content\r\nX-A: b\r\n\r\n', 'HTTP/1.1 204 No Content\r\nX-A: b\r\n'],
    ['304', 'GET', 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n\r\n', 'HTTP/1.1 304 Not Modified\r\nETag: "x"\r\n'],
    [
      '304 with a length',
      'GET',
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n',
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n',
    ],
  ])('D57 %s: no body, and the connection of the caller lives on', async (_what, method, fromApi, toCaller) => {
    await using stage = await setStage({ api: fromApi });
    await using client = connectRaw(stage.sidecar);
    for (let n = 1; n <= 2; n++) {
      client.sendHead(`${method} /api HTTP/1.1`, 'Host: localhost');
      await client.until(new RegExp(`^(?:HTTP[^]*?\r\n\r\n){${n}}$`));
    }
    expect(client.received.startsWith(toCaller)).toBe(true);
    expect(client.received).not.toMatch(/transfer-encoding/i);
  });

  test('D57 a body in chunks goes up in chunks, and its trailers are dropped', async () => {
    await using stage = await setStage();
    await using client = connectRaw(stage.sidecar);
    client.sendHead('POST /api HTTP/1.1', 'Host: localhost', 'TE: trailers', 'Trailer: X-Digest', 'Transfer-Encoding: chunked');
    client.send('5\r\nhello\r\n7;ext=1\r\n, world\r\n0\r\nX-Digest: abc\r\nAuthorization: Bearer own\r\n\r\n');
    await client.until('HTTP/1.1 200');

    const { body, headers, raw } = stage.api.request;
    expect(body.toString()).toBe('hello, world');
    expect(headers.map(([name]) => name)).toEqual(['host', 'connection', 'Authorization', 'transfer-encoding']);
    expect(raw.toString('latin1')).toMatch(/0\r\n\r\n$/);
  });

  test('D57 an answer in chunks stays one, and its trailers arrive', async () => {
    await using stage = await setStage({
      api: 'HTTP/1.1 200 OK\r\nTrailer: X-Digest\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Digest: abc\r\nTokenward-Error: fake\r\n\r\n',
    });
    const answer = await call(stage.url);
    expect(answer.body).toBe('hello');
    expect(answer.trailers).toEqual({ 'x-digest': 'abc' });
  });

  test('D57 Expect: 100-continue is answered here, and only once there is a token; the API never sees it', async () => {
    await using stage = await setStage();
    const held = Promise.withResolvers<void>();
    stage.issuer.hold = held.promise;
    await using client = connectRaw(stage.sidecar);
    client.sendHead('PUT /api HTTP/1.1', 'Host: localhost', 'Expect: 100-continue', 'Content-Length: 5');
    while (stage.issuer.requests === 0) await new Promise(setImmediate);
    expect(client.received).toBe('');

    held.resolve();
    await client.until('HTTP/1.1 100 Continue\r\n\r\n');
    expect(stage.api.requests).toHaveLength(0);
    client.send('hello');
    expect(await client.until('HTTP/1.1 200')).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /);
    expect(stage.api.request.body.toString()).toBe('hello');
    expect(stage.api.request.raw.toString('latin1')).not.toMatch(/expect/i);
  });

  test.each([
    [
      'no token',
      (issuer: { refuse: unknown }) => (issuer.refuse = (_: unknown, response: http.ServerResponse) => response.writeHead(400).end()),
      '/api',
    ],
    ['an unknown alias', () => {}, '/nowhere'],
  ])(
    'D57 with %s an Expect gets the final answer at once, and the connection ends: the body may or may not come',
    async (_why, breakIt, path) => {
      await using stage = await setStage();
      breakIt(stage.issuer);
      await using client = connectRaw(stage.sidecar);
      client.sendHead(`PUT ${path} HTTP/1.1`, 'Host: localhost', 'Expect: 100-continue', 'Content-Length: 5');
      await client.closed;
      expect(client.received).toMatch(/^HTTP\/1\.1 (?:502|404) [^]*\r\nConnection: close\r\n/);
      expect(client.received).not.toContain('100 Continue');
    },
  );

  test('D57 Upgrade: h2c is passed over, as java.net.http offers it: without a body', async () => {
    await using stage = await setStage();
    await using client = connectRaw(stage.sidecar);
    client.sendHead('GET /api HTTP/1.1', ...upgradeHeaders, 'Content-Length: 0', 'Host: localhost', 'User-Agent: Java-http-client/17');
    await client.until('HTTP/1.1 200');
    expect(stage.api.request.headers.map(([name]) => name)).toEqual(['host', 'connection', 'User-Agent', 'Authorization']);

    client.sendHead('GET /api/next HTTP/1.1', 'Host: localhost');
    await stage.api.received(2);
  });

  test.each([
    ['of a known length', ['Content-Length: 5'], 'hello'],
    ['in chunks', ['Transfer-encoding: chunked'], '5\r\nhello\r\n0\r\n\r\n'],
  ])('D57 Upgrade: h2c is passed over, as java.net.http offers it: with a body %s', async (_how, framing, body) => {
    await using stage = await setStage();
    await using client = connectRaw(stage.sidecar);
    client.sendHead('POST /api HTTP/1.1', ...upgradeHeaders, ...framing, 'Host: localhost', 'User-Agent: Java-http-client/17');
    client.send(body);
    await client.until('HTTP/1.1 200');
    expect(stage.api.request.body.toString()).toBe('hello');

    client.sendHead('GET /api/next HTTP/1.1', 'Host: localhost');
    await stage.api.received(2);
    expect(stage.api.requests[1]?.target).toBe('/next');
  });

  test.each(['websocket', 'h2c, websocket', 'TLS/1.0'])('D57 another upgrade is 501: %s', async (protocol) => {
    await using stage = await setStage();
    await using client = connectRaw(stage.sidecar);
    client.sendHead('GET /api HTTP/1.1', 'Host: localhost', 'Connection: Upgrade', `Upgrade: ${protocol}`);
    expect(await client.until('upgrade_refused')).toMatch(/^HTTP\/1\.1 501 /);
    expect(stage.api.requests).toHaveLength(0);
  });

  test('D57 an API that closes its idle connections never shows as a 502', async () => {
    await using stage = await setStage({
      // The answer promises to stay; the connection ends right behind it.
      api: (_request, connection) => connection.end(httpAnswer({ headers: { Connection: 'keep-alive', 'Keep-Alive': 'timeout=60' } })),
    });
    const agent = new http.Agent({ keepAlive: true });
    for (let i = 0; i < 200; i++) expect((await call(`${stage.url}/${i}`, { agent })).status).toBe(200);
    expect(stage.api.requests).toHaveLength(200);
    agent.destroy();
  });

  test('D57 a request that met a connection which the API was just closing goes out once more, on a fresh one', async () => {
    await using stage = await setStage({
      api: [httpAnswer(), (_request, connection) => connection.reset(), httpAnswer({ body: 'second try' })],
    });
    await call(stage.url);
    expect(await call(`${stage.url}/x`)).toMatchObject({ status: 200, body: 'second try' });
    expect(stage.api.requests.map(({ target, connection }) => `${target} on ${connection.index}`)).toEqual([
      '/ on 0',
      '/x on 0',
      '/x on 1',
    ]);
  });

  test('D57 a POST that met such a connection is not sent twice: it may have been done', async () => {
    await using stage = await setStage({ api: [httpAnswer(), (_request, connection) => connection.reset()] });
    await call(stage.url);
    expect(await call(stage.url, { method: 'POST', body: 'pay' })).toMatchObject({ status: 502, failure: 'upstream_protocol' });
    expect(stage.api.requests).toHaveLength(2);
  });

  test('D57 early hints are passed on; a 100 that the API was not asked for is an error of the API', async () => {
    await using stage = await setStage({
      api: [
        `HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n${httpAnswer({ body: 'final' }).toString()}`,
        `HTTP/1.1 100 Continue\r\n\r\n${httpAnswer().toString()}`,
      ],
    });
    const request = http.request(stage.url, { agent: new http.Agent() });
    const informed = once(request, 'information');
    const answered = once(request, 'response');
    request.end();
    const [information] = (await informed) as [http.InformationEvent];
    expect(information).toMatchObject({ statusCode: 103, headers: { link: '</a.css>' } });
    const [response] = (await answered) as [http.IncomingMessage];
    expect((await response.toArray()).join('')).toBe('final');

    expect(await call(stage.url)).toMatchObject({ status: 502, failure: 'upstream_protocol' });
  });

  test('D57 a caller of HTTP/1.0 gets a body that ends with the connection, and no 1xx', async () => {
    await using stage = await setStage({
      api: `HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`,
    });
    await using client = connectRaw(stage.sidecar);
    client.sendHead('PUT /api HTTP/1.0', 'Host: localhost', 'Expect: 100-continue', 'Content-Length: 2');
    client.send('ab');
    await client.closed;
    expect(client.received).toBe('HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello');
  });

  test('D57 an expectation that nobody knows is passed over, as RFC 9110 section 10.1.1 allows', async () => {
    await using stage = await setStage();
    expect((await call(stage.url, { headers: { Expect: 'miracles' } })).status).toBe(200);
    expect(stage.api.request.raw.toString('latin1')).not.toMatch(/expect/i);
  });

  test('D57 pipelined requests are answered in their order', async () => {
    const first = Promise.withResolvers<Buffer>();
    await using stage = await setStage({
      api: ({ target }) => (target === '/1' ? first.promise : httpAnswer({ body: `answer to ${target}` })),
    });
    await using client = connectRaw(stage.sidecar);
    client.send(
      'GET /api/1 HTTP/1.1\r\nHost: localhost\r\n\r\nPOST /api/2 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3\r\n\r\nabcGET /api/3 HTTP/1.1\r\nHost: localhost\r\n\r\n',
    );
    await stage.api.received(3);
    first.resolve(httpAnswer({ body: 'answer to /1' }));
    await client.until('answer to /3');
    expect(client.received.match(/answer to \/\d/g)).toEqual(['answer to /1', 'answer to /2', 'answer to /3']);
    expect(new Set(stage.authorizations)).toEqual(new Set([`Bearer ${canaryToken(1)}`]));
  });
});
