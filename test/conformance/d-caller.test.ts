import { describe, expect, test } from 'vitest';
import { call } from '../support/call.ts';
import { httpAnswer } from '../support/http-answer.ts';
import { connectRaw } from '../support/raw-client.ts';
import { setStage, type Stage } from './stage.ts';

describe('part D: who may call', () => {
  test.each([
    ['a page of another site', { Origin: 'https://evil.example', 'Sec-Fetch-Site': 'cross-site' }],
    ['an image on a page of another site, without Origin', { 'Sec-Fetch-Site': 'cross-site', 'Sec-Fetch-Mode': 'no-cors' }],
    ['a page of the same site, on another port', { Origin: 'http://127.0.0.1:3000', 'Sec-Fetch-Site': 'same-site' }],
    ['an older browser, which has Origin alone', { Origin: 'https://evil.example' }],
    ['a sandboxed frame', { Origin: 'null' }],
    ['the same address by https', { Origin: 'https://127.0.0.1' }],
    ['a preflight', { Origin: 'https://evil.example', 'Access-Control-Request-Method': 'GET' }],
  ])('D60 %s cannot use the proxy', async (_who, headers) => {
    await using stage = await setStage();
    const method = 'Access-Control-Request-Method' in headers ? 'OPTIONS' : 'GET';
    expect(await call(stage.url, { method, headers: { ...headers } })).toMatchObject({ status: 403, failure: 'forbidden_origin' });
    expect(await call(`${stage.sidecar.url}/-/aliases`, { headers: { ...headers } })).toMatchObject({ status: 403 });
    expect(stage.issuer.requests).toBe(0);
  });

  test.each([
    'rebound.evil.example',
    '127.0.0.1.evil.example',
    'localhost.evil.example:14080',
    '0.0.0.0',
    '10.1.2.3:14080',
    '[::ffff:127.0.0.1]',
    '127.0.0.1@evil.example',
  ])('D60 DNS rebinding: the Host %j is refused', async (host) => {
    await using stage = await setStage();
    expect(await call(stage.url, { headers: { Host: host } })).toMatchObject({ status: 403, failure: 'forbidden_origin' });
    expect(stage.issuer.requests).toBe(0);
  });

  test('D60 two Host headers, an empty one, and none at all, are refused', async () => {
    await using stage = await setStage();
    for (const hosts of [['Host: 127.0.0.1', 'Host: evil.example'], ['Host: 127.0.0.1', 'Host: 127.0.0.1'], ['Host:'], []]) {
      await using client = connectRaw(stage.sidecar);
      client.sendHead('GET /api HTTP/1.1', ...hosts);
      expect(await client.until('forbidden_origin')).toMatch(/^HTTP\/1\.1 403 /);
    }
    expect(stage.api.requests).toHaveLength(0);
  });

  test.each([
    ['a workload that sends none of these', {}],
    ['a workload that calls localhost', { Host: 'LOCALHOST:14080' }],
    ['a workload that calls [::1]', { Host: '[::1]:14080' }],
    ['an address that somebody typed into a browser', { 'Sec-Fetch-Site': 'none', 'Sec-Fetch-Mode': 'navigate' }],
    [
      'a page that the API itself served through the proxy',
      { Host: '127.0.0.1:14080', Origin: 'http://127.0.0.1:14080', 'Sec-Fetch-Site': 'same-origin' },
    ],
  ])('D60 %s may call', async (_who, headers) => {
    await using stage = await setStage();
    expect((await call(stage.url, { headers: { ...headers } })).status).toBe(200);
  });
});

interface Reference {
  readonly what: string;
  /** Of the API's URL. */
  readonly from: (api: string) => string;
  /** Of the proxy's. */
  readonly to?: (proxy: string) => string;
}

/** The base URL is `/learning` on the API, and the alias `api`. Without `to` the reference comes as it is. */
const references: readonly Reference[] = [
  { what: 'below the base URL', from: (api) => `${api}/learning/x/y?a=%20#f`, to: (proxy) => `${proxy}/api/x/y?a=%20#f` },
  { what: 'the base URL itself', from: (api) => `${api}/learning`, to: (proxy) => `${proxy}/api` },
  { what: 'the base URL with a query', from: (api) => `${api}/learning?x`, to: (proxy) => `${proxy}/api?x` },
  { what: 'a path below that of the base URL', from: () => '/learning/x', to: () => '/api/x' },
  { what: 'without a scheme', from: (api) => `${api.replace('http:', '')}/learning/x`, to: (proxy) => `${proxy}/api/x` },
  { what: 'with the scheme in capitals', from: (api) => `${api.replace('http', 'HTTP')}/learning/x`, to: (proxy) => `${proxy}/api/x` },
  { what: 'beside the base URL', from: (api) => `${api}/other` },
  { what: 'a path that only begins like that of the base URL', from: (api) => `${api}/learningx` },
  { what: 'a path out of the base URL', from: () => '/learning/../admin' },
  { what: 'a path out of the base URL in disguise', from: (api) => `${api}/learning/%2e%2e/admin` },
  { what: 'another host', from: () => 'https://login.example/learning/x' },
  { what: 'another port', from: () => 'http://127.0.0.1:1/learning/x' },
  { what: 'another scheme', from: (api) => `${api.replace('http', 'https')}/learning/x` },
  { what: 'a relative one', from: () => '../x' },
  { what: 'not a reference', from: () => 'http://[' },
  { what: 'empty', from: () => '' },
];

describe('part D: references in the headers of an answer', () => {
  test.each(references)('D61 $what: Location and Content-Location', async ({ from, to }) => {
    let stage: Stage | undefined;
    const answer = (): Buffer => {
      const value = from(stage?.api.url ?? '');
      return httpAnswer({ status: 302, headers: { Location: value, 'CONTENT-LOCATION': value, Link: `<${value}>` } });
    };
    await using set = await setStage({ api: answer, basePath: '/learning' });
    stage = set;
    const { status, headers } = await call(`${set.url}/login`);

    const expected = to?.(set.sidecar.url) ?? from(set.api.url);
    expect(status).toBe(302);
    expect(headers.location).toBe(expected);
    expect(headers['content-location']).toBe(expected);
    expect(headers['link']).toBe(`<${from(set.api.url)}>`);
    expect(set.api.requests).toHaveLength(1);
  });

  test('D61 the reference names the proxy as the caller called it', async () => {
    await using stage = await setStage({
      api: (request) => httpAnswer({ status: 201, headers: { Location: `http://127.0.0.1:${request.connection.socket.localPort}/x` } }),
    });
    expect((await call(stage.url, { headers: { Host: 'localhost:14080' } })).headers.location).toBe('http://localhost:14080/api/x');
  });
});
