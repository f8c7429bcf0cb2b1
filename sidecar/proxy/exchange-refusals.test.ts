import { describe, expect, test } from 'vitest';
import { call } from '../../test/support/call.ts';
import { httpAnswer } from '../../test/support/http-answer.ts';
import { type ProxyRig, setRig } from '../../test/support/proxy-rig.ts';
import { connectRaw } from '../../test/support/raw-client.ts';
import { headerValue } from '../../test/support/read-requests.ts';
import type { RecordingServer, Script } from '../../test/support/recording-server.ts';

const hour = 3_600_000;
const refusal = 'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer\r\nContent-Length: 10\r\n\r\n';

/** The rig with a token in the cache, and the API's first answer to it held. */
async function refused(
  answer: Script,
  then: Script = httpAnswer({ body: 'served' }),
  method = 'GET',
): Promise<ProxyRig & { readonly called: ReturnType<typeof call> }> {
  const it = await setRig([answer, then]);
  const called = call(it.proxy.url, { method });
  await it.proxy.asked(1);
  it.proxy.endpoint.issue(hour);
  await it.proxy.asked(2);
  return Object.assign(it, { called });
}

const authorizations = (api: RecordingServer): (string | undefined)[] =>
  api.requests.map((request) => headerValue(request, 'authorization'));

describe('a 401 that is held while a fresh token is fetched', () => {
  test('is let go when the fresh token comes; if its end never does, its connection is closed after ten seconds', async () => {
    await using it = await refused(`${refusal}half `);
    it.proxy.endpoint.issue(hour);
    expect(await it.called).toMatchObject({ status: 200, body: 'served' });
    expect(authorizations(it.api)).toEqual(['Bearer t1', 'Bearer t2']);
    expect(it.api.connections[0]?.socket.closed).toBe(false);
    it.proxy.clock.pass(11_000);
    await it.api.connections[0]?.closed;
  });

  test('comes through with all of its body if no token can be had: what came before and what comes after', async () => {
    const parts: Buffer[] = [];
    await using it = await refused((_request, connection) => {
      connection.write(`${refusal}half `);
      parts.push(Buffer.from('whole'));
    });
    it.proxy.endpoint.fail('never');
    it.api.connections[0]?.write(parts[0] ?? '');
    expect(await it.called).toMatchObject({ status: 401, body: 'half whole', failure: undefined });
  });

  test('comes through if it was whole before the token failed, and its connection serves the next call', async () => {
    await using it = await refused(`${refusal}half whole`);
    it.proxy.endpoint.fail('never');
    expect(await it.called).toMatchObject({ status: 401, body: 'half whole' });
    expect((await call(it.proxy.url)).status).toBe(200);
    expect(it.api.connections).toHaveLength(1);
  });

  test('of a HEAD comes through, and so does the answer to its replay', async () => {
    const head = 'HTTP/1.1 401 Unauthorized\r\nContent-Length: 10\r\n\r\n';
    for (const ok of [true, false]) {
      await using it = await refused(head, 'HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n', 'HEAD');
      if (ok) it.proxy.endpoint.issue(hour);
      else it.proxy.endpoint.fail('never');
      expect((await it.called).status).toBe(ok ? 200 : 401);
    }
  });

  test.each([true, false])('and breaks off meanwhile matters only if no token can be had; there is one: %s', async (isThereOne) => {
    await using it = await refused(`${refusal}half `);
    // A held answer is not read on: whether its end is heard of depends on buffers, so the test says it itself.
    const [exchange] = it.proxy.context.live;
    exchange?.callFailed(new Error('broken off'));
    if (isThereOne) it.proxy.endpoint.issue(hour);
    else it.proxy.endpoint.fail('never');
    expect(await it.called).toMatchObject(isThereOne ? { status: 200, body: 'served' } : { status: 502, failure: 'upstream_protocol' });
    it.proxy.clock.pass(11_000);
  });

  test('with a body that never ends costs its connection, not memory', async () => {
    await using it = await refused((_request, connection) => {
      connection.write('HTTP/1.1 401 Unauthorized\r\nContent-Length: 100000000\r\n\r\n');
      connection.write(Buffer.alloc(8 * 1024 * 1024));
    });
    const { socket } = it.api.connections[0] ?? {};
    expect(socket?.writableLength).toBeGreaterThan(0);
    it.proxy.endpoint.issue(hour);
    expect((await it.called).status).toBe(200);
    await it.api.connections[0]?.closed;
  });

  test('ends with a caller that goes away', async () => {
    await using it = await setRig(`${refusal}half `);
    await using client = connectRaw(it.proxy);
    client.sendHead('GET /api HTTP/1.1', 'Host: localhost');
    await it.proxy.asked(1);
    it.proxy.endpoint.issue(hour);
    await it.proxy.asked(2);
    client.reset();
    await it.api.connections[0]?.closed;
    await it.proxy.idle();
    it.proxy.endpoint.issue(hour);
    expect(it.api.requests).toHaveLength(1);
  });
});
