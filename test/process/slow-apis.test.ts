import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { call } from '../support/call.ts';
import { type Connection, startRecordingServer } from '../support/recording-server.ts';
import { startSidecarProcess } from '../support/start-sidecar-process.ts';
import { startTokenIssuer } from '../support/token-issuer.ts';
import { credential, setStage } from './stage.ts';

const pastIdleMs = 301_000;

/** Writes a byte every 50 ms until the other side has enough. */
async function drip(connection: Connection, bytes: string): Promise<void> {
  connection.write(bytes);
  while (connection.socket.writable) {
    connection.write('x');
    await wait(50);
  }
}

describe.concurrent('an API that is slow to answer', () => {
  test.each<[string, (connection: Connection) => Promise<void> | void]>([
    ['does not answer at all', () => {}],
    ['sends its headers byte by byte without an end', (connection) => drip(connection, 'HTTP/1.1 200 OK\r\nX-A: ')],
    ['stops in the middle of its headers', (connection) => connection.write('HTTP/1.1 200 OK\r\nX-A: 1\r\n')],
    ['sends 103 Early Hints for ever, but no answer', (connection) => dripHints(connection)],
  ])('that %s is given up after responseTimeoutSeconds, and its connection closed', async (_, behave) => {
    await using issuer = await startTokenIssuer();
    await using api = await startRecordingServer((_request, connection) => behave(connection));
    const config = credential(api.url, issuer.url, { responseTimeoutSeconds: 1 });
    await using sidecar = await startSidecarProcess({ configs: { a: config } });
    const startedMs = performance.now();
    expect(await call(`${sidecar.proxyUrl}/a/slow`)).toMatchObject({ status: 504, failure: 'upstream_timeout' });
    expect(performance.now() - startedMs).toBeGreaterThan(1000);
    await api.connections[0]?.closed;
    expect(api.requests).toHaveLength(1);
  });
});

async function dripHints(connection: Connection): Promise<void> {
  while (connection.socket.writable) {
    connection.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
    await wait(100);
  }
}

test('a body may take longer than responseTimeoutSeconds, which is for the headers alone', async () => {
  await using stage = await setStage({
    upstream: { responseTimeoutSeconds: 1 },
    respond: async (incoming, response) => {
      incoming.resume();
      response.write('one, ');
      await wait(2_000);
      response.end('two');
    },
  });
  expect(await call(stage.url)).toMatchObject({ status: 200, body: 'one, two' });
});

test('a download that stalls for five minutes is broken off on both sides', async () => {
  const closed = Promise.withResolvers<void>();
  await using stage = await setStage({
    sidecar: { movableClocks: true, args: ['--drain-timeout-seconds', '1'] },
    respond: (incoming, response) => {
      incoming.socket.once('close', () => closed.resolve());
      response.write('the beginning');
    },
  });
  const [answer] = (await once(request(stage.url).end(), 'response')) as [IncomingMessage];
  await once(answer, 'data');
  await stage.sidecar.moveClocks({ wallMs: 0, monotonicMs: pastIdleMs });
  await expect(once(answer, 'end')).rejects.toMatchObject({ code: 'ECONNRESET' });
  await closed.promise;
});

test('a token endpoint that does not answer is asked anew within timeoutSeconds, and given up within half a minute', async () => {
  await using stage = await setStage();
  const { sidecar, issuer, api } = stage;
  issuer.refuse = () => {};
  const slow = credential(api.url, issuer.url) as { tokenEndpoint: object };
  sidecar.configure('slow', { ...slow, tokenEndpoint: { ...slow.tokenEndpoint, timeoutSeconds: 1 } });
  await sidecar.logged(({ msg, alias }) => msg === 'Configuration applied' && alias === 'slow');
  const answer = await call(`${sidecar.proxyUrl}/slow`);
  expect(answer).toMatchObject({ status: 504, failure: 'token_timeout' });
  expect(issuer.requests).toBe(4);
});
