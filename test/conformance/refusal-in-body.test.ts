import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { call } from '../support/call.ts';
import { canarySecret } from '../support/canary.ts';
import { httpAnswer } from '../support/http-answer.ts';
import { connectRaw } from '../support/raw-client.ts';
import type { Script } from '../support/recording-server.ts';
import { type ManifestStage, setManifestStage } from './manifest-stage.ts';

/** Whether the assertion is genuine matters to no one here. */
const grant = (profile: 'SuccessFactors' | 'RFC7522'): object => ({
  type: 'SAML2Bearer',
  saml2Bearer: {
    profile,
    ...(profile === 'SuccessFactors' && { companyId: 'acme' }),
    assertionRef: { name: 'acme-secret', key: 'assertion' },
  },
});

const assertion = `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">${canarySecret('assertion')}</saml:Assertion>`;

const setStage = (api: Script | readonly Script[], profile: Parameters<typeof grant>[0] = 'SuccessFactors'): Promise<ManifestStage> =>
  setManifestStage({ api, client: { authentication: 'None' }, grant: grant(profile) as Record<string, unknown>, secrets: { assertion } });

const fault = (text: string): string => JSON.stringify({ error: { code: text, message: { lang: 'en-US', value: `[${text}]` } } });
const refusal = fault('LGN0022');
const served = httpAnswer({ body: 'served' });

describe('part B: SuccessFactors refuses a token in the body of an answer', () => {
  test.each([
    ['400', httpAnswer({ status: 400, body: refusal })],
    ['403', httpAnswer({ status: 403, body: refusal })],
    ['500', httpAnswer({ status: 500, body: refusal })],
    ['500 with gzip', httpAnswer({ status: 500, headers: { 'Content-Encoding': 'gzip' }, body: gzipSync(refusal) })],
    ['500 with deflate', httpAnswer({ status: 500, headers: { 'content-encoding': 'deflate' }, body: deflateSync(refusal) })],
    ['500 with Brotli', httpAnswer({ status: 500, headers: { 'Content-Encoding': 'BR' }, body: brotliCompressSync(refusal) })],
    [
      '400 at the end of 4 KiB, with more behind it',
      httpAnswer({ status: 400, body: ' '.repeat(4089) + refusal.slice(18, 25) + ' '.repeat(90_000) }),
    ],
    [
      '500 in two pieces',
      (_request: unknown, connection: { write: (bytes: string) => void }) => {
        connection.write('HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n4\r\n LGN\r\n');
        setImmediate(() => connection.write('4\r\n0022\r\n0\r\n\r\n'));
      },
    ],
  ] satisfies [string, Script][])(
    'B30 LGN0022 under %s is taken as a 401: a fresh token, and the call once more',
    async (_name, answer) => {
      await using stage = await setStage([answer, served]);
      expect(await call(stage.url)).toMatchObject({ status: 200, body: 'served' });
      expect(stage.issuer.requests).toBe(2);
      expect(new Set(stage.api.requests.map(({ headers }) => JSON.stringify(headers))).size).toBe(2);
    },
  );

  test.each([
    ['another fault', fault('LGN0001')],
    ['nothing', ''],
    ['a large fault that holds it late', ' '.repeat(5000) + refusal],
    ['a fault of 2 MiB', 'x'.repeat(2 * 1024 * 1024)],
  ])('B30 an error with %s passes unchanged and costs no token', async (_name, body) => {
    await using stage = await setStage(httpAnswer({ status: 500, headers: { 'X-Odd': 'a' }, body }));
    const answer = await call(stage.url);
    expect(answer).toMatchObject({ status: 500, statusText: 'Scripted', failure: undefined, body });
    expect(answer.headers).toMatchObject({ 'x-odd': 'a', 'content-length': String(body.length) });
    expect(stage.issuer.requests).toBe(1);
    expect(stage.api.requests).toHaveLength(1);
  });

  test.each(['gzip', 'compress', 'gzip, gzip'])('B30 a %s that cannot be read passes as it came', async (coding) => {
    const body = `not compressed: ${refusal}`;
    await using stage = await setStage(httpAnswer({ status: 500, headers: { 'Content-Encoding': coding }, body }));
    expect(await call(stage.url)).toMatchObject({ status: 500, body });
    expect(stage.issuer.requests).toBe(1);
  });

  test('B30 an error that comes slowly is passed on after two seconds, and then as it is sent, with its trailers', async () => {
    await using stage = await setStage('HTTP/1.1 500 No\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nslow\r\n');
    await using client = connectRaw(stage.sidecar);
    client.sendHead('GET /api HTTP/1.1', 'Host: localhost');
    await stage.api.received(1);
    const [connection] = stage.api.connections;
    while (client.received === '') {
      stage.sidecar.clock.pass(3_000);
      await new Promise(setImmediate);
    }
    await client.until('slow');
    connection?.write('7\r\nLGN0022\r\n');
    await client.until('LGN0022');
    connection?.write('0\r\nX-Sum: 1\r\n\r\n');
    await client.until('X-Sum: 1');
    expect(client.received).toMatch(/^HTTP\/1\.1 500 No\r\n/);
    expect(stage.issuer.requests).toBe(1);
  });

  test('B30 an error that comes slowly in the middle of an upload does not wait for the end of that', async () => {
    await using stage = await setStage('');
    await using client = connectRaw(stage.sidecar);
    client.sendHead('POST /api HTTP/1.1', 'Host: localhost', 'Transfer-Encoding: chunked');
    client.send('1\r\n0\r\n');
    const arrived = (): string => String(stage.api.connections[0]?.received);
    await expect.poll(arrived).toContain('\r\n\r\n');
    stage.api.connections[0]?.write('HTTP/1.1 413 No\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nslow\r\n');
    for (let count = 1; count < 10; count++) {
      client.send(`1\r\n${count}\r\n`);
      await expect.poll(arrived).toContain(`\r\n1\r\n${count}`);
      stage.sidecar.clock.pass(1_000);
    }
    await new Promise(setImmediate);
    expect(client.received).toMatch(/^HTTP\/1\.1 413 No\r\n/);
    await client.until('slow');
  });

  test('B30 a second LGN0022 comes through, and calls with a token that is always refused make no storm', async () => {
    await using stage = await setStage(httpAnswer({ status: 403, body: refusal }));
    for (let i = 0; i < 20; i++) expect(await call(stage.url)).toMatchObject({ status: 403, body: refusal, failure: undefined });
    expect(stage.issuer.requests).toBe(2);
  });

  test('B30 LGN0022 passes where it is no refusal: under 200, and with the profile of RFC 7522', async () => {
    await using ok = await setStage(httpAnswer({ body: refusal }));
    expect(await call(ok.url)).toMatchObject({ status: 200, body: refusal });
    await using other = await setStage(httpAnswer({ status: 500, body: refusal }), 'RFC7522');
    expect(await call(other.url)).toMatchObject({ status: 500, body: refusal });
    expect([ok.issuer.requests, other.issuer.requests]).toEqual([1, 1]);
  });

  test('B30 an error that breaks off before anything of it was passed on is a failure of the API', async () => {
    await using stage = await setStage((_request, connection) => {
      connection.write('HTTP/1.1 500 No\r\nContent-Length: 100\r\n\r\nhalf');
      setImmediate(() => connection.reset());
    });
    expect(await call(stage.url)).toMatchObject({ status: 502, failure: 'upstream_protocol' });
  });
});
