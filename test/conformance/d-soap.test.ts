import { describe, expect, test } from 'vitest';
import { type Answer, call, type CallOptions } from '../support/call.ts';
import { canaryToken } from '../support/canary.ts';
import { httpAnswer } from '../support/http-answer.ts';
import { connectRaw } from '../support/raw-client.ts';
import { headerValue } from '../support/read-requests.ts';
import { soap11, soap12 } from '../support/soap/any-envelope.ts';
import { type ManifestStage, setManifestStage } from './manifest-stage.ts';

const injection = { soapHeader: { element: 'AccessToken', namespace: 'urn:acme:auth' } };
const element = (token: string): string => `<AccessToken xmlns="urn:acme:auth">${token}</AccessToken>`;
const setSoapStage = (api: Parameters<typeof setManifestStage>[0]['api'] = httpAnswer(), more: object = {}): Promise<ManifestStage> =>
  setManifestStage({ api, injection: { ...injection, ...more } });

const headers11 = { 'Content-Type': 'text/xml; charset=utf-8', SOAPAction: '"urn:getUser"' };
const post = (stage: ManifestStage, body: string | Uint8Array, headers: CallOptions['headers'] = headers11): Promise<Answer> =>
  call(`${stage.url}/UserService?x=%20y`, { method: 'POST', headers, body });

const minimal = `<Envelope xmlns="${soap11}"><Body/></Envelope>`;
const filled = (token: string): string => minimal.replace('<Body', `<Header>${element(token)}</Header><Body`);

describe('part D: a token in the envelope', () => {
  test.each([
    [
      '1.1 with a prefix and other header blocks',
      'text/xml',
      `\u{feff}<?xml version="1.0" encoding="utf-8"?>\r\n<SOAP-ENV:Envelope\txmlns:SOAP-ENV='${soap11}'><SOAP-ENV:Header id='>'>|<w:Security xmlns:w="urn:w"/></SOAP-ENV:Header><SOAP-ENV:Body>Grüße &amp;\t<AccessToken xmlns="urn:acme:auth">data</AccessToken></SOAP-ENV:Body></SOAP-ENV:Envelope>\n`,
      (token: string) => element(token),
    ],
    [
      '1.2 without a Header',
      'application/soap+xml; charset=UTF-8; action="urn:getUser; charset=x"',
      `<!--a--><env:Envelope xmlns:env="${soap12}">|<env:Body><env:Header/></env:Body></env:Envelope>`,
      (token: string) => `<env:Header>${element(token)}</env:Header>`,
    ],
    [
      '1.1 in the default namespace and Latin 1',
      'text/xml; charset=ISO-8859-1',
      `<Envelope xmlns="${soap11}"><Header>|</Header><Body>\u{fc}</Body></Envelope>`,
      (token: string) => element(token),
    ],
  ])('D54 an envelope of %s gets the token into its Header, and every other byte arrives', async (_name, contentType, marked, written) => {
    await using stage = await setSoapStage();
    const encoding = contentType.includes('8859') ? 'latin1' : 'utf8';
    const sent = Buffer.from(marked.replace('|', ''), encoding);
    const headers = { 'Content-Type': contentType, SOAPAction: '"urn:getUser"', Authorization: 'Basic bWluZTptaW5l' };
    expect((await post(stage, sent, headers)).status).toBe(200);

    const { request } = stage.api;
    expect(request.target).toBe('/UserService?x=%20y');
    expect(request.body.toString(encoding)).toBe(marked.replace('|', written(canaryToken(1))));
    expect(request.headers).toContainEqual(['SOAPAction', '"urn:getUser"']);
    expect(request.headers).toContainEqual(['Content-Type', contentType]);
    expect(request.headers).toContainEqual(['content-length', String(request.body.length)]);
    expect(headerValue(request, 'authorization')).toBeUndefined();
    expect(request.raw.toString('latin1').split(canaryToken(1))).toHaveLength(2);
  });

  test('D54 an element of that name that the caller sent goes, and an empty Header is opened', async () => {
    await using stage = await setSoapStage();
    const envelope = (header: string): string => `<s:Envelope xmlns:s="${soap11}" xmlns:a="urn:acme:auth">${header}<s:Body/></s:Envelope>`;
    await post(stage, envelope('<s:Header><a:AccessToken s:mustUnderstand="1">mine</a:AccessToken><a:Tenant/></s:Header>'));
    await post(stage, envelope('<s:Header />'));
    expect(stage.api.requests.map(({ body }) => body.toString())).toEqual([
      envelope(`<s:Header>${element(canaryToken(1))}<a:Tenant/></s:Header>`),
      envelope(`<s:Header >${element(canaryToken(1))}</s:Header>`),
    ]);
  });

  test('D54 an envelope in chunks goes out with its length, and digests of what it was do not', async () => {
    await using stage = await setSoapStage();
    const digests = { 'Content-MD5': 'x', Digest: 'x', 'Content-Digest': 'x', 'Repr-Digest': 'x' };
    await post(stage, minimal, { ...headers11, ...digests, 'Transfer-Encoding': 'chunked', Expect: '100-continue' });
    const { request } = stage.api;
    expect(request.body.toString()).toBe(filled(canaryToken(1)));
    expect(headerValue(request, 'content-length')).toBe(String(request.body.length));
    const names = request.headers.map(([name]) => name.toLowerCase());
    expect(names.filter((name) => /digest|md5|transfer-encoding|expect/.test(name))).toEqual([]);
  });

  test('D54 the element is in no namespace where none is named, and holds the scheme where one is', async () => {
    await using bare = await setManifestStage({ api: httpAnswer(), injection: { soapHeader: { element: 'T' } } });
    await post(bare, minimal);
    expect(bare.api.request.body.toString()).toContain(`<Header><T xmlns="">${canaryToken(1)}</T></Header>`);
    await using scheme = await setSoapStage(httpAnswer(), { scheme: 'Bearer' });
    await post(scheme, minimal);
    expect(scheme.api.request.body.toString()).toBe(filled(`Bearer ${canaryToken(1)}`));
  });

  test('D54 after a 401 the same envelope goes out with a fresh token, however large; a second 401 comes through', async () => {
    const large = minimal.replace('<Body/>', `<Body>${'x'.repeat(3_000_000)}</Body>`);
    await using stage = await setSoapStage([httpAnswer({ status: 401 }), httpAnswer({ body: 'done' }), httpAnswer({ status: 401 })]);
    expect(await post(stage, large)).toMatchObject({ status: 200, body: 'done' });
    expect(stage.api.requests.map(({ body }) => body.toString().replace(/x{3000000}/, ''))).toEqual(
      [1, 2].map((n) => filled(canaryToken(n)).replace('<Body/>', '<Body></Body>')),
    );
    expect(await post(stage, minimal)).toMatchObject({ status: 401, failure: undefined });
  });

  test('D54 a description of the service is asked for without a token, and its 401 costs none', async () => {
    await using stage = await setSoapStage(httpAnswer({ status: 401 }));
    for (const method of ['GET', 'HEAD']) {
      const headers = { Authorization: 'Basic bWluZTptaW5l' };
      expect(await call(`${stage.url}/UserService?wsdl`, { method, headers })).toMatchObject({ status: 401, failure: undefined });
    }
    expect(stage.api.requests.map((request) => [request.target, headerValue(request, 'authorization')])).toEqual([
      ['/UserService?wsdl', undefined],
      ['/UserService?wsdl', undefined],
    ]);
    expect(stage.issuer.requests).toBe(0);
  });

  const xml = { 'Content-Type': 'text/xml' };
  test.each([
    ['no envelope', '<a/>', xml, 'expected the Envelope of SOAP 1.1 or 1.2, found an element of another name or namespace at byte 0'],
    ['a document type declaration', `<!DOCTYPE a>${minimal}`, xml, 'found a document type declaration at byte 0'],
    ['UTF-16', Buffer.from(`\u{feff}${minimal}`, 'utf16le'), xml, 'found UTF-16 or UTF-32'],
    ['UTF-16 by its charset', minimal, { 'Content-Type': 'text/xml; charset="utf-16"' }, 'charset of the request'],
    ['nothing', '', xml, 'found the end of the body at byte 0'],
    ['JSON', '{}', { 'Content-Type': 'application/json' }, 'neither text/xml nor application/soap+xml'],
    ['no Content-Type', minimal, {}, 'neither text/xml nor application/soap+xml'],
    ['MTOM', minimal, { 'Content-Type': 'multipart/related; type="application/xop+xml"' }, 'MTOM or attachments'],
    ['gzip', minimal, { ...xml, 'Content-Encoding': 'gzip' }, 'has a Content-Encoding'],
  ])('D54 %s is refused as soap_invalid, and the API is not called', async (_name, body, headers, detail) => {
    await using stage = await setSoapStage();
    const answer = await post(stage, body, headers);
    expect(answer).toMatchObject({ status: 400, failure: 'soap_invalid' });
    expect(JSON.parse(answer.body)).toMatchObject({ detail: expect.stringContaining(detail), hint: expect.any(String) });
    expect(stage.api.requests).toHaveLength(0);
    expect(await stage.sidecar.metric('tokenward_errors_total{alias="api",code="soap_invalid"}')).toBe(1);
    expect(await post(stage, minimal)).toMatchObject({ status: 200 });
  });

  test('D54 an envelope of more than 4 MiB is refused as body_too_large: by its length at once, in chunks when it gets there', async () => {
    await using stage = await setSoapStage();
    await using client = connectRaw(stage.sidecar);
    client.sendHead('POST /api HTTP/1.1', 'Host: localhost', 'Content-Type: text/xml', 'Content-Length: 4194305', 'Expect: 100-continue');
    expect(await client.until('4 MiB')).toMatch(/^HTTP\/1\.1 413 [^]*\r\nTokenward-Error: body_too_large\r\n/);

    const spaces = ' '.repeat(4 * 1024 * 1024 - minimal.length);
    const chunked = { ...xml, 'Transfer-Encoding': 'chunked' };
    expect(await post(stage, `${spaces}${minimal}`, chunked)).toMatchObject({ status: 200 });
    expect(await post(stage, ` ${spaces}${minimal}`, chunked)).toMatchObject({ status: 413, failure: 'body_too_large' });
    expect(stage.api.requests).toHaveLength(1);
  });
});
