import { describe, expect, test } from 'vitest';
import { call } from '../../test/support/call.ts';
import { httpAnswer } from '../../test/support/http-answer.ts';
import { setRig } from '../../test/support/proxy-rig.ts';
import { connectRaw } from '../../test/support/raw-client.ts';
import type { Exchange } from './exchange.ts';

const allow = [
  { methods: ['GET'], paths: ['/public/**'] },
  { methods: ['POST'], paths: ['/orders'] },
];

describe('what never goes out', () => {
  test.each([
    ['GET http://127.0.0.1/api/x HTTP/1.1', 400, 'invalid_path'],
    ['GET http://evil.example/ HTTP/1.1', 400, 'invalid_path'],
    ['OPTIONS * HTTP/1.1', 400, 'invalid_path'],
    ['CONNECT api.example:443 HTTP/1.1', 400, 'invalid_path'],
    ['GET /api/../x HTTP/1.1', 400, 'invalid_path'],
    ['GET /api/a/%2e%2E;v=1/b HTTP/1.1', 400, 'invalid_path'],
    ['GET /api/x#/../y HTTP/1.1', 400, 'invalid_path'],
    ['GET /-/secrets HTTP/1.1', 404, 'unknown_alias'],
    ['GET / HTTP/1.1', 404, 'unknown_alias'],
    ['GET //api/x HTTP/1.1', 404, 'unknown_alias'],
    ['GET /API/x HTTP/1.1', 404, 'unknown_alias'],
    ['GET /__proto__/x HTTP/1.1', 404, 'unknown_alias'],
    ['TRACE /api HTTP/1.1', 403, 'not_allowed'],
    ['GET /api HTTP/9.9', 400, 'malformed_request'],
    ['get /api HTTP/1.1', 400, 'malformed_request'],
    [`GET /api/${'a'.repeat(17_000)} HTTP/1.1`, 431, 'headers_too_large'],
  ])('%.40s is %i %s, counted under no alias', async (line, status, code) => {
    await using it = await setRig('');
    await using client = connectRaw(it.proxy);
    client.sendHead(line, 'Host: localhost');
    await client.until(new RegExp(`\r\nTokenward-Error: ${code}\r\n`));
    expect(client.received).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(it.proxy.endpoint.requests).toBe(0);
    const { registry } = it.proxy.context.metrics;
    expect(await registry.metrics()).toContain(`tokenward_requests_total{alias="",code="${status}"} 1`);
    expect(it.proxy.log.join('')).toContain(`"code":"${code}"`);
  });

  test('neither a query string nor a body is ever in the log', async () => {
    await using it = await setRig('');
    await call(it.proxy.url.replace('api', 'nowhere?hidden'), { method: 'POST', body: 'hidden body' });
    it.proxy.clock.pass(1_000);
    await call(it.proxy.url.replace('api', 'nowhere?hidden'), { headers: { 'X-Request-Id': 'r1', Traceparent: '00-t-s-01' } });
    expect(it.proxy.log.join('')).toMatch(/"traceparent":"00-t-s-01","requestId":"r1"/);
    expect(it.proxy.log.join('')).not.toContain('hidden');
  });

  test('at debug each call is a line in the log, with the ids of the request and without its path', async () => {
    await using it = await setRig(httpAnswer());
    const answer = call(it.proxy.url + '/hidden?hidden', { headers: { 'X-Request-Id': 'r1', Traceparent: '00-t-s-01' } });
    await it.proxy.asked(1);
    it.proxy.endpoint.issue(60_000);
    expect(await answer).toMatchObject({ status: 200 });
    await it.proxy.idle();
    expect(it.proxy.log.map((line) => JSON.parse(line))).toMatchObject([
      {
        level: 20,
        alias: 'api',
        method: 'GET',
        status: 200,
        durationMs: expect.any(Number),
        traceparent: '00-t-s-01',
        requestId: 'r1',
        msg: 'Call ended',
      },
    ]);
    expect(it.proxy.log.join('')).not.toContain('hidden');
  });

  test('too many in flight are 503 overloaded, with Retry-After', async () => {
    await using it = await setRig('');
    const { live } = it.proxy.context;
    const others = Array.from({ length: 4096 }, () => ({}) as Exchange);
    for (const other of others) live.add(other);
    const answer = await call(it.proxy.url);
    expect(answer).toMatchObject({ status: 503, failure: 'overloaded' });
    expect(answer.headers['retry-after']).toBe('1');
    for (const other of others) live.delete(other);
  });
});

describe('upstream.allow', () => {
  test.each([
    ['GET', '/public', 200],
    ['HEAD', '/public/x', 200],
    ['GET', '/public/a/b?x=/private', 200],
    ['POST', '/orders', 200],
    ['POST', '/orders/1', 403],
    ['GET', '/orders', 403],
    ['DELETE', '/public', 403],
    ['GET', '/private/%2fpublic', 403],
    ['GET', '/public/a%2Fb', 403],
    ['GET', '', 403],
  ])('%s %s is %i', async (method, path, status) => {
    await using it = await setRig(httpAnswer(), { allow });
    const called = call(it.proxy.url + path, { method });
    if (status === 200) {
      await it.proxy.asked(1);
      it.proxy.endpoint.issue(3_600_000);
    }
    expect(await called).toMatchObject({ status, failure: status === 403 ? 'not_allowed' : undefined });
    expect(it.api.requests).toHaveLength(status === 403 ? 0 : 1);
  });

  test('a header that makes another request of this one is refused with it, and passes without', async () => {
    const headers = { 'X-HTTP-Method-Override': 'DELETE' };
    await using limited = await setRig(httpAnswer(), { allow });
    const refused = await call(`${limited.proxy.url}/public`, { headers });
    expect(refused).toMatchObject({ status: 403, failure: 'not_allowed' });
    expect(JSON.parse(refused.body)).toMatchObject({ detail: expect.stringContaining('x-http-method-override') });

    await using free = await setRig(httpAnswer());
    const called = call(free.proxy.url, { headers });
    await free.proxy.asked(1);
    free.proxy.endpoint.issue(3_600_000);
    expect((await called).status).toBe(200);
  });
});
