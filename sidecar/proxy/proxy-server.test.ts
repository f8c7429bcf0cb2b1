import { expect, test } from 'vitest';
import { call } from '../../test/support/call.ts';
import { setRig } from '../../test/support/proxy-rig.ts';
import { connectRaw } from '../../test/support/raw-client.ts';

test('what is no HTTP gets an answer, and its connection ends; the others never notice', async () => {
  await using it = await setRig('');
  await using good = connectRaw(it.proxy);
  good.send('GET /-/aliases HTTP/1.1\r\nHost: localhost\r\n');
  await using bad = connectRaw(it.proxy);
  bad.send('\u{16}\u{3}\u{1}\u{2}\u{0}\u{1}\u{0}\u{1}');
  await bad.closed;
  expect(bad.received).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n[^]*\r\nTokenward-Error: malformed_request\r\nConnection: close\r\n\r\n\{/);
  good.send('\r\n');
  expect(await good.until('"aliases"')).toMatch(/^HTTP\/1\.1 200 /);
});

test('a caller that breaks off before it has said anything is no failure', async () => {
  await using it = await setRig('');
  await using client = connectRaw(it.proxy);
  client.send('GET /api HT');
  client.reset();
  await client.closed;
  expect((await call(it.proxy.url.replace('/api', '/-/aliases'))).status).toBe(200);
  expect(it.proxy.log).toEqual([]);
});

test.each([
  ['what is no HTTP', 'no HTTP', 400],
  ['headers too large', `GET /api HTTP/1.1\r\nCookie: ${'x'.repeat(17 * 1024)}`, 431],
])('%s on a connection that had answers before is told so, too, and logged', async (_what, head, status) => {
  await using it = await setRig('');
  await using client = connectRaw(it.proxy);
  client.sendHead('GET /-/aliases HTTP/1.1', 'Host: localhost');
  await client.until('"aliases"');
  client.sendHead(head);
  await client.closed;
  expect(client.received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', `HTTP/1.1 ${status}`]);
  expect(it.proxy.log).toHaveLength(1);
});

test('what is no HTTP in the middle of an answer ends the connection without another one', async () => {
  await using it = await setRig('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n');
  await using client = connectRaw(it.proxy);
  client.sendHead('GET /api HTTP/1.1', 'Host: localhost');
  await it.proxy.asked(1);
  it.proxy.endpoint.issue(3_600_000);
  await client.until('half');
  client.sendHead('no HTTP');
  await client.closed;
  expect(client.received.match(/HTTP\/1\.1/g)).toHaveLength(1);
});

test('a body that is no HTTP, of a request that has its answer, does not get a second one', async () => {
  await using it = await setRig('');
  await using client = connectRaw(it.proxy);
  client.sendHead('POST /nobody HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked');
  await client.until('unknown_alias');
  client.send('no chunk\r\n');
  await client.closed;
  expect(client.received.match(/HTTP\/1\.1/g)).toHaveLength(1);
});
