import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { describe, expect, onTestFinished, test } from 'vitest';
import { Sensitive } from '../../crds/sensitive.ts';
import { ClientCallRecord, get, send } from '../../test/support/client-call.ts';
import { startConnectProxy } from '../../test/support/connect-proxy.ts';
import { httpAnswer } from '../../test/support/http-answer.ts';
import { makeCertificate } from '../../test/support/make-certificate.ts';
import { type Connection, type RecordingServer, type Script, startRecordingServer } from '../../test/support/recording-server.ts';
import { type DestinationPool, Destinations } from './destinations.ts';
import type { BodySink } from './http-connection.ts';
import type { StreamedBody } from './outgoing-request.ts';

const connectTimeoutMs = 5_000;

interface Rig {
  readonly api: RecordingServer;
  readonly destinations: Destinations;
  readonly pool: DestinationPool;
  /** For another user of the same destination. */
  readonly open: (connections?: number) => DestinationPool;
}

async function setRig(script: Script | readonly Script[], connections = 16): Promise<Rig> {
  const api = await startRecordingServer(script);
  const destinations = new Destinations();
  const pools: DestinationPool[] = [];
  const open = (limit = 16): DestinationPool => {
    const pool = destinations.open({ url: new URL(api.url), tls: {}, connectTimeoutMs }, limit);
    pools.push(pool);
    return pool;
  };
  onTestFinished(async () => {
    for (const pool of pools) pool.close();
    await api.close();
  });
  return { api, destinations, pool: open(connections), open };
}

const ok = httpAnswer({ body: 'ok' });

describe('a connection', () => {
  test('serves one request after the other', async () => {
    const { api, pool } = await setRig(ok);
    expect(await send(pool, get('/1'))).toMatchObject({ reused: false });
    expect(await send(pool, get('/2'))).toMatchObject({ reused: true });
    expect(api.connections).toHaveLength(1);
    expect(api.requests[1]?.raw.toString()).toBe(`GET /2 HTTP/1.1\r\nhost: 127.0.0.1:${api.port}\r\nconnection: keep-alive\r\n\r\n`);
  });

  test.each<[string, Script]>([
    ['the answer says so', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'],
    ['something follows the answer', `${ok.toString()}HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npoisoned!`],
    ['a single byte follows the answer', `${ok.toString()}\n`],
    ['the server would close it in two seconds', 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2\r\nContent-Length: 2\r\n\r\nok'],
    ['a 304 announces a body', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 2\r\n\r\n'],
  ])('ends with the answer if %s', async (_why, script) => {
    const { api, pool } = await setRig([script, ok]);
    await send(pool, get('/1'));
    const { body, reused } = await send(pool, get('/2'));
    expect(reused).toBe(false);
    expect(body.toString()).toBe('ok');
    await api.connections[0]?.closed;
  });

  test.each<[string, (connection: Connection) => void]>([
    ['an answer that nobody asked for', (connection) => connection.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\npoisoned!')],
    [
      '408, as some servers say before they close',
      (connection) => connection.end('HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n'),
    ],
    ['its end', (connection) => connection.end()],
    ['a reset', (connection) => connection.reset()],
  ])('on which %s comes while it is idle is not used again', async (_what, act) => {
    const { api, pool } = await setRig(ok);
    await send(pool, get('/1'));
    const [connection] = api.connections;
    const startMs = performance.now();
    if (connection !== undefined) act(connection);
    await connection?.closed;
    expect(performance.now() - startMs).toBeLessThan(2_000);
    await new Promise(setImmediate);
    const answer = await send(pool, get('/2'));
    expect(answer).toMatchObject({ reused: false });
    expect(answer.body.toString()).toBe('ok');
  });

  test('is closed after a second of idleness if the server closes its own after three', async () => {
    const { api, pool } = await setRig('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=3, max=100\r\nContent-Length: 2\r\n\r\nok');
    await send(pool, get('/'));
    const [connection] = api.connections;
    if (connection === undefined) throw new Error('no connection');
    const startMs = performance.now();
    await once(connection.socket, 'end');
    const idleMs = performance.now() - startMs;
    expect(idleMs).toBeGreaterThan(900);
    expect(idleMs).toBeLessThan(2_500);
  });

  test('serves no other request after HEAD, nor after a body where servers expect none', async () => {
    const { api, pool } = await setRig(({ method }) => (method === 'HEAD' ? 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n' : ok));
    for (const request of [
      get('/', { method: 'HEAD' }),
      get('/', { body: [Buffer.from('x')] }),
      get('/', { method: 'DELETE', body: [Buffer.from('x')] }),
    ]) {
      await send(pool, request);
      await api.connections.at(-1)?.closed;
    }
    await send(pool, get('/', { method: 'POST', body: [Buffer.from('x')] }));
    await send(pool, get('/'));
    expect(api.connections).toHaveLength(4);
  });

  test('ends with a call that is given up, and no other call sees the rest of its answer', async () => {
    const { api, pool } = await setRig(['HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf', ok]);
    const call = new ClientCallRecord({ abortAfter: 1 });
    pool.dispatch(get('/1'), call);
    expect(await call.outcome).toBe('aborted');
    await api.connections[0]?.closed;
    expect((await send(pool, get('/2'))).body.toString()).toBe('ok');
  });

  test('that breaks fails its call, with what the system said', async () => {
    const { pool } = await setRig([
      (_request, connection) => connection.reset(),
      (_request, connection) => connection.end('HTTP/1.1 200 OK\r\n'),
    ]);
    await expect(send(pool, get('/'))).rejects.toMatchObject({ code: 'ECONNRESET' });
    await expect(send(pool, get('/'))).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
  });

  test('of its own is closed by the answer, and asks for that', async () => {
    const { api, pool } = await setRig(ok);
    const call = new ClientCallRecord();
    pool.dispatch(get('/'), call, true);
    await call.outcome;
    await api.connections[0]?.closed;
    expect(api.request.raw.toString()).toContain('\r\nconnection: close\r\n');
  });
});

describe('the memory of an answer', () => {
  const large = Buffer.from(Array.from({ length: 4 * 1024 * 1024 }, (_, i) => (i * 31 + (i >> 8)) & 0xff));

  test.each(['copied', 'kept', 'slow'] as const)('is not overwritten while it is needed: chunks %s', async (chunks) => {
    const { pool } = await setRig(httpAnswer({ body: large }));
    const answers = await Promise.all([1, 2, 3, 4].map((number) => send(pool, get(`/${number}`), { chunks })));
    for (const { body } of answers) expect(body.equals(large)).toBe(true);
  });

  test('is not overwritten after its end either, whoever the connection serves then', async () => {
    const script: Script = ({ target }) => httpAnswer({ body: target === '/small' ? 'ok' : large });
    const { api, pool } = await setRig(script);
    /** Takes the first megabyte at once, and of the rest nothing: as a caller that stops reading. */
    class Stopping extends ClientCallRecord {
      readonly kept: Buffer[] = [];
      #length = 0;

      override answerData(chunk: Buffer): void {
        super.answerData(chunk);
        this.#length += chunk.length;
        if (this.#length > 1024 * 1024) this.kept.push(chunk);
      }

      override answerPassed(): boolean {
        return this.kept.length === 0;
      }
    }
    const call = new Stopping();
    pool.dispatch(get('/'), call);
    await call.outcome;
    expect(Math.max(...call.kept.map((chunk) => chunk.length))).toBeGreaterThan(64 * 1024);
    const before = Buffer.concat(call.kept);
    await send(pool, get('/small'));
    expect(await send(pool, get('/other'))).toMatchObject({ reused: true });
    expect(api.connections).toHaveLength(1);
    expect(Buffer.concat(call.kept).equals(before)).toBe(true);
  });
});

describe('a user', () => {
  const held = (): { script: Script; answer: () => void } => {
    const connections: Connection[] = [];
    return {
      script: (_request, connection) => void connections.push(connection),
      answer: () => {
        for (const connection of connections.splice(0)) connection.write(ok);
      },
    };
  };

  test('has a limit of connections; further calls queue, and keep no other user waiting', async () => {
    const { script, answer } = held();
    const { api, pool, open } = await setRig(script, 2);
    const calls = [1, 2, 3, 4, 5].map((number) => send(pool, get(`/${number}`)));
    await api.received(2);
    const other = send(open(), get('/other'));
    await api.received(3);
    expect(api.requests.map(({ target }) => target).toSorted()).toEqual(['/1', '/2', '/other']);
    answer();
    await api.received(5);
    answer();
    await api.received(6);
    answer();
    await Promise.all([...calls, other]);
    expect(api.requests.map(({ target }) => target)).toHaveLength(6);
    expect(api.connections).toHaveLength(3);
  });

  test('that leaves fails its own calls, those in the queue too, and no one else’s', async () => {
    const { script, answer } = held();
    const { api, pool, open } = await setRig(script, 1);
    const other = send(open(), get('/other'));
    const calls = [send(pool, get('/1')), send(pool, get('/2'))];
    await api.received(2);
    pool.close();
    const outcomes = await Promise.allSettled(calls);
    expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual([
      'CONNECTION_CLOSED',
      'CONNECTION_CLOSED',
    ]);
    answer();
    expect((await other).body.toString()).toBe('ok');
  });

  test('whose queued call is given up has its place free for the next', async () => {
    const { script, answer } = held();
    const { api, pool } = await setRig(script, 1);
    const first = send(pool, get('/1'));
    const second = new ClientCallRecord();
    pool.dispatch(get('/2'), second);
    const third = send(pool, get('/3'));
    await api.received(1);
    second.abort();
    answer();
    await first;
    await api.received(2);
    answer();
    await third;
    expect(api.requests.map(({ target }) => target)).toEqual(['/1', '/3']);
  });

  test('shares connections with whoever asks for the same server, and with nobody whose certificate is another', async () => {
    const authority = makeCertificate('Authority');
    const here = makeCertificate('here', { hosts: ['127.0.0.1'], issuer: authority });
    const tls = { cert: here.certificate, key: here.key, requestCert: true, rejectUnauthorized: true, ca: authority.certificate };
    await using api = await startRecordingServer(ok, { tls });
    const destinations = new Destinations();
    const identity = (name: string): { certificate: string; key: Sensitive } => {
      const { certificate, key } = makeCertificate(name, { issuer: authority });
      return { certificate, key: new Sensitive(key) };
    };
    const [a, b] = [identity('a'), identity('b')];
    const open = (who: typeof a): DestinationPool =>
      destinations.open({ url: new URL(api.url), tls: { ca: authority.certificate, ...who }, connectTimeoutMs }, 4);
    const pools = [open(a), open(a), open(b)];
    for (const pool of pools) await send(pool, get('/'));
    const subjects = api.requests.map(({ connection }) => (connection.socket as TLSSocket).getPeerCertificate().subject.CN);
    expect(subjects).toEqual(['a', 'a', 'b']);
    expect(api.connections).toHaveLength(2);
    // The next connection continues the session of the last.
    const call = new ClientCallRecord();
    pools[0]?.dispatch(get('/again'), call, true);
    await call.outcome;
    expect((api.connections.at(-1)?.socket as TLSSocket | undefined)?.isSessionReused()).toBe(true);
    for (const pool of pools) pool.close();
  });

  test('shares no connection with who goes by another proxy, or is another of its users', async () => {
    const authority = makeCertificate('Authority');
    const here = makeCertificate('here', { hosts: ['127.0.0.1'], issuer: authority });
    await using api = await startRecordingServer(ok, { tls: { cert: here.certificate, key: here.key } });
    await using one = await startConnectProxy(api.port);
    await using other = await startConnectProxy(api.port);
    const destinations = new Destinations();
    const open = (proxy?: { url: string; username?: string; password?: Sensitive }): DestinationPool =>
      destinations.open({ url: new URL(api.url), tls: { ca: authority.certificate }, connectTimeoutMs, proxy }, 4);
    const ann = { url: one.url, username: 'ann', password: new Sensitive('a') };
    const ways = [undefined, { url: other.url }, { url: one.url }, ann, { ...ann, password: new Sensitive('b') }, ann];
    const pools = ways.map((proxy) => open(proxy));
    for (const pool of pools) await send(pool, get('/'));
    const users = one.requests.map(({ headers }) => headers['proxy-authorization']);
    expect(users).toEqual([undefined, ...['ann:a', 'ann:b'].map((user) => `Basic ${Buffer.from(user).toString('base64')}`)]);
    expect(other.requests).toHaveLength(1);
    expect(api.connections).toHaveLength(5);
    for (const pool of pools) pool.close();
  });

  test('does not offer the session of a connection that broke off: it may be why', async () => {
    const { certificate, key } = makeCertificate('here', { hosts: ['127.0.0.1'] });
    await using api = await startRecordingServer(ok, { tls: { cert: certificate, key } });
    const relayed: Socket[] = [];
    const relay = createServer((socket) => {
      relayed.push(socket);
      const onward = connect(api.port, '127.0.0.1');
      onward.on('error', () => {});
      socket.on('close', () => onward.destroy());
      socket.pipe(onward).pipe(socket);
    });
    onTestFinished(() => void relay.close());
    relay.listen(0, '127.0.0.1');
    await once(relay, 'listening');
    const url = new URL(`https://127.0.0.1:${(relay.address() as AddressInfo).port}`);
    const pool = new Destinations().open({ url, tls: { ca: certificate }, connectTimeoutMs }, 4);
    const isResumed = async (): Promise<boolean> => {
      await send(pool, get('/'));
      return (api.requests.at(-1)?.connection.socket as TLSSocket | undefined)?.isSessionReused() ?? false;
    };
    expect(await isResumed()).toBe(false);
    relayed[0]?.end();
    await api.connections[0]?.closed;
    expect(await isResumed()).toBe(true);
    relayed[1]?.resetAndDestroy();
    await api.connections[1]?.closed;
    expect(await isResumed()).toBe(false);
    pool.close();
  });

  test('that leaves while its connection is being made leaves none behind', async () => {
    const { api, pool } = await setRig(ok);
    const call = send(pool, get('/'));
    await new Promise(setImmediate);
    pool.close();
    await expect(call).rejects.toMatchObject({ code: 'CONNECTION_CLOSED' });
    await api.connected(1);
    const startMs = performance.now();
    await api.connections[0]?.closed;
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });
});

describe('a body that is sent as it comes', () => {
  class Told implements StreamedBody {
    sink: BodySink | undefined;
    drains = 0;
    stopped = false;

    flow(to: BodySink): void {
      this.sink = to;
    }

    drained(): void {
      this.drains++;
    }

    stop(): void {
      this.stopped = true;
    }
  }

  const post = (stream: StreamedBody, contentLength?: number): ReturnType<typeof get> =>
    get('/', { method: 'POST', stream, contentLength });

  test.each([
    ['with its length', 11, 'content-length: 11'],
    ['in chunks', undefined, 'transfer-encoding: chunked'],
  ])('goes out %s', async (_how, length, header) => {
    const { api, pool } = await setRig(ok);
    const body = new Told();
    const answer = send(pool, post(body, length));
    await api.connected(1);
    await expect.poll(() => body.sink).toBeDefined();
    body.sink?.write(Buffer.from('hello'));
    body.sink?.write(Buffer.alloc(0));
    body.sink?.write(Buffer.from(' world'));
    body.sink?.end();
    await answer;
    expect(api.request.body.toString()).toBe('hello world');
    expect(api.request.raw.toString()).toContain(`\r\n${header}\r\n\r\n`);
    expect((await send(pool, get('/'))).reused).toBe(true);
  });

  test.each([
    ['shorter', (sink: BodySink) => sink.end()],
    ['longer', (sink: BodySink) => sink.write(Buffer.from('more than five'))],
  ])('and is %s than it says breaks off: the server must not take what follows for its end', async (_how, act) => {
    const { api, pool } = await setRig(ok);
    const body = new Told();
    const answer = send(pool, post(body, 5));
    answer.catch(() => {});
    await expect.poll(() => body.sink).toBeDefined();
    body.sink?.write(Buffer.from('four'));
    if (body.sink !== undefined) act(body.sink);
    await expect(answer).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
    expect(body.stopped).toBe(true);
    await api.connections[0]?.closed;
    expect(api.requests).toHaveLength(0);
  });

  test('is stopped by an early answer, with which its connection ends', async () => {
    const { api, pool } = await setRig('');
    const body = new Told();
    const answer = send(pool, post(body, 1000));
    await api.connected(1);
    await expect.poll(() => body.sink).toBeDefined();
    api.connections[0]?.write(ok);
    expect((await answer).body.toString()).toBe('ok');
    expect(body.stopped).toBe(true);
    expect(body.sink?.write(Buffer.alloc(10))).toBe(true);
    await api.connections[0]?.closed;
    expect(api.connections[0]?.received.toString()).toMatch(/\r\n\r\n$/);
  });

  test('waits for a server that does not read', async () => {
    const { api, pool } = await setRig('');
    const body = new Told();
    void send(pool, post(body)).catch(() => {});
    await expect.poll(() => body.sink).toBeDefined();
    api.connections[0]?.socket.pause();
    const megabyte = Buffer.alloc(1024 * 1024);
    let written = 0;
    while (body.sink?.write(megabyte) === true) written++;
    expect(written).toBeLessThan(64);
    expect(body.sink?.flushed).toBe(false);
    api.connections[0]?.socket.resume();
    await expect.poll(() => body.drains).toBe(1);
    expect(body.sink?.flushed).toBe(true);
  });
});

test('a server name that is an address is refused at once: Node would throw with the first connection', () => {
  const destination = { url: new URL('https://api.example'), tls: { serverName: '127.0.0.1' }, connectTimeoutMs };
  expect(() => new Destinations().open(destination, 1)).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID' }));
});

test('a request that could not be written as HTTP/1.1 is not sent', async () => {
  const { api, pool } = await setRig(ok);
  for (const path of ['/a b', '/a\r\nX-A: b', '/\u{20ac}', '']) {
    await expect(send(pool, get(path))).rejects.toMatchObject({ code: 'REQUEST_INVALID' });
  }
  expect(api.connections).toHaveLength(0);
});
