import { describe, expect, it } from 'vitest';
import { authorizationValue } from '../../sidecar/token/authorization-value.ts';
import { askForToken, version } from '../support/ask-for-token.ts';
import { httpAnswer, jsonAnswer } from '../support/http-answer.ts';
import { headerValue, type WireRequest } from '../support/read-requests.ts';

const json = { contentType: 'application/json' };
const text = ({ body }: WireRequest): string => body.toString('utf8');

describe('part A: the token request of client credentials', () => {
  it('A1 SuccessFactors Learning: Basic and JSON with the scope as an object, every byte of it', async () => {
    const { attempt, request, origin } = await askForToken({
      path: '/learning/oauth-api/rest/v1/token',
      tokenEndpoint: json,
      grant: { scope: '{"userId":"u1","companyId":"acme","userType":"admin","resourceType":"learning_public_api"}' },
      answer: jsonAnswer({ access_token: 'lms-token', expires_in: 1800, token_type: 'Bearer' }),
    });

    const body =
      '{"grant_type":"client_credentials","scope":{"userId":"u1","companyId":"acme","userType":"admin","resourceType":"learning_public_api"}}';
    expect(request.raw.toString('latin1')).toBe(
      [
        'POST /learning/oauth-api/rest/v1/token HTTP/1.1',
        `host: ${new URL(origin).host}`,
        'connection: keep-alive',
        'Accept: application/json',
        `User-Agent: tokenward/${version}`,
        'Authorization: Basic YWNtZTpzM2NyM3Q=',
        'Content-Type: application/json',
        `content-length: ${body.length}`,
        '',
        body,
      ].join('\r\n'),
    );
    expect(attempt).toMatchObject({ ok: true, answer: { lifetimeMs: 1_800_000, tokenType: 'Bearer' } });
  });

  it('A1 a scope object keeps its order, its long numbers and its escapes; only the white space between them goes', async () => {
    const { request } = await askForToken({
      tokenEndpoint: json,
      grant: { scope: '{\n  "z": 12345678901234567890,\n  "1": "a \\"b\\" \\u00e4  c",\t"n": [1.0, {}]\n}\n' },
    });
    expect(text(request)).toBe(
      '{"grant_type":"client_credentials","scope":{"z":12345678901234567890,"1":"a \\"b\\" \\u00e4  c","n":[1.0,{}]}}',
    );
  });

  it('A2 Leonardo IoT: Basic and a form with the grant type alone; a token of type bearer is injected as Bearer', async () => {
    const { attempt, request, config } = await askForToken({
      path: '/oauth/token',
      answer: jsonAnswer({ access_token: 'iot-token', expires_in: 899, token_type: 'bearer' }),
    });

    expect(request.target).toBe('/oauth/token');
    expect(text(request)).toBe('grant_type=client_credentials');
    expect(headerValue(request, 'content-type')).toBe('application/x-www-form-urlencoded');
    expect(headerValue(request, 'accept')).toBe('application/json');
    if (!attempt.ok) throw new Error(attempt.failure.detail);
    expect(attempt.answer.lifetimeMs).toBe(899_000);
    const token = { value: attempt.answer.accessToken, type: attempt.answer.tokenType ?? '' };
    expect(authorizationValue(token, config.injection)).toEqual({ ok: true, value: 'Bearer iot-token' });
  });

  it.each([
    ['a form without a scope', {}, undefined, 'grant_type=client_credentials'],
    ['a form with an empty scope', {}, '', 'grant_type=client_credentials'],
    ['JSON without a scope', json, undefined, '{"grant_type":"client_credentials"}'],
    ['JSON with an empty scope', json, '', '{"grant_type":"client_credentials"}'],
  ])('A3 %s has no scope key', async (_name, tokenEndpoint, scope, body) => {
    const { request } = await askForToken({ tokenEndpoint, grant: scope === undefined ? {} : { scope } });
    expect(text(request)).toBe(body);
  });

  it.each([
    ['a form with the scope "a b"', {}, 'a b', 'grant_type=client_credentials&scope=a+b'],
    ['a form with the scope "a,b"', {}, 'a,b', 'grant_type=client_credentials&scope=a%2Cb'],
    ['JSON with the scope "a b"', json, 'a b', '{"grant_type":"client_credentials","scope":"a b"}'],
    ['a form with a scope object', {}, '{"a": 1}', 'grant_type=client_credentials&scope=%7B%22a%22%3A+1%7D'],
    ['JSON with a list as scope', json, '["a"]', '{"grant_type":"client_credentials","scope":"[\\"a\\"]"}'],
  ])('A4 %s', async (_name, tokenEndpoint, scope, body) => {
    const { request } = await askForToken({ tokenEndpoint, grant: { scope } });
    expect(text(request)).toBe(body);
  });

  it('A6 ClientSecretPost and form: both in the body, no Authorization', async () => {
    const { request } = await askForToken({ client: { authentication: 'ClientSecretPost' } });
    expect(text(request)).toBe('grant_type=client_credentials&client_id=acme&client_secret=s3cr3t');
    expect(headerValue(request, 'authorization')).toBeUndefined();
  });

  it('A6 ClientSecretPost and form: what is special in a form is encoded', async () => {
    const { request } = await askForToken({ client: { id: 'sb-iot!b1|x', authentication: 'ClientSecretPost' }, secret: 'p+s%w rd&=ü' });
    expect(text(request)).toBe('grant_type=client_credentials&client_id=sb-iot%21b1%7Cx&client_secret=p%2Bs%25w+rd%26%3D%C3%BC');
  });

  it('A7 ClientSecretPost and JSON: both in the body, no Authorization', async () => {
    const { request } = await askForToken({ tokenEndpoint: json, client: { authentication: 'ClientSecretPost' }, secret: 's"3\\c' });
    expect(text(request)).toBe('{"grant_type":"client_credentials","client_id":"acme","client_secret":"s\\"3\\\\c"}');
    expect(headerValue(request, 'authorization')).toBeUndefined();
  });

  it.each([{}, json])('A8 ClientSecretBasic: neither secret nor client_id in the body (%o)', async (tokenEndpoint) => {
    const { request } = await askForToken({ tokenEndpoint });
    expect(headerValue(request, 'authorization')).toBe('Basic YWNtZTpzM2NyM3Q=');
    expect(text(request)).not.toMatch(/s3cr3t|client_secret|client_id/);
  });

  it('A8 None: the client only names itself, in the body', async () => {
    const { request } = await askForToken({ client: { authentication: 'None' } });
    expect(text(request)).toBe('grant_type=client_credentials&client_id=acme');
    expect(headerValue(request, 'authorization')).toBeUndefined();
  });

  it('A9 grantTypeIn Query: the grant type is in the query and not in the body', async () => {
    const { request } = await askForToken({ tokenEndpoint: { grantTypeIn: 'Query' }, grant: { scope: 's' } });
    expect(request.method).toBe('POST');
    expect(request.target).toBe('/token?grant_type=client_credentials');
    expect(text(request)).toBe('scope=s');
  });

  it.each([
    ['a form', {}, ''],
    ['JSON', json, '{}'],
  ])('A9 grantTypeIn Query: %s with nothing else in it still says its length', async (_name, tokenEndpoint, body) => {
    const { request } = await askForToken({ tokenEndpoint: { ...tokenEndpoint, grantTypeIn: 'Query' } });
    expect(text(request)).toBe(body);
    expect(headerValue(request, 'content-length')).toBe(String(body.length));
  });

  it('A9 an answer 405 to a grant type in the query: the hint says Body', async () => {
    const { attempt } = await askForToken({ tokenEndpoint: { grantTypeIn: 'Query' }, answer: httpAnswer({ status: 405 }) });
    expect(attempt).toMatchObject({
      ok: false,
      retry: 'never',
      failure: { code: 'token_rejected', hint: expect.stringContaining('tokenEndpoint.grantTypeIn: Body') },
    });
  });

  it.each([
    ['company_id=x', {}, '/token?company_id=x', 'grant_type=client_credentials'],
    ['company_id=x', { grantTypeIn: 'Query' }, '/token?company_id=x&grant_type=client_credentials', ''],
    ['grant_type=client_credentials', {}, '/token?grant_type=client_credentials', ''],
    ['grant_type=client_credentials', { grantTypeIn: 'Query' }, '/token?grant_type=client_credentials', ''],
    ['a=%2f+%20&grant_type=x&a=2', { method: 'GET' }, '/token?a=%2f+%20&grant_type=x&a=2', ''],
  ])(
    'A10 the query %s of the URL itself is kept as it is, and nothing of it said twice (%o)',
    async (query, tokenEndpoint, target, body) => {
      const { request } = await askForToken({ path: `/token?${query}`, tokenEndpoint });
      expect(request.target).toBe(target);
      expect(text(request)).toBe(body);
    },
  );

  it.each([
    [{}, 'grant_type=client_credentials&resource=urn%3Asap%3Aidentity%3Aapplication&audience=https%3A%2F%2Fapi.example%2F&audience=b'],
    [json, '{"grant_type":"client_credentials","resource":"urn:sap:identity:application","audience":["https://api.example/","b"]}'],
  ])('A11 one resource and two audiences (%o)', async (tokenEndpoint, body) => {
    const grant = { resource: ['urn:sap:identity:application'], audience: ['https://api.example/', 'b'] };
    const { request } = await askForToken({ tokenEndpoint, grant });
    expect(text(request)).toBe(body);
  });

  it('A12 parameters: in the body as fields, in the header as lines, in the query encoded once', async () => {
    const { request } = await askForToken({
      path: '/token?own=1',
      tokenEndpoint: {
        parameters: [
          { name: 'token_format', value: 'jwt & more' },
          { name: 'X-CF-ENCODED-CREDENTIALS', value: 'true', in: 'Header' },
          { name: 'q', value: 'a b%2Fc&d', in: 'Query' },
          { name: 'hidden', secretKeyRef: { name: 'acme-secret', key: 'extra' } },
        ],
      },
      secretData: { extra: 'from the secret' },
    });
    expect(request.target).toBe('/token?own=1&q=a+b%252Fc%26d');
    expect(headerValue(request, 'x-cf-encoded-credentials')).toBe('true');
    expect(request.raw.toString('latin1')).toContain('\r\nX-CF-ENCODED-CREDENTIALS: true\r\n');
    expect(text(request)).toBe('grant_type=client_credentials&token_format=jwt+%26+more&hidden=from+the+secret');
  });

  it('A12 parameters under JSON are strings, and an array where a name comes twice', async () => {
    const parameters = [
      { name: 'n', value: '1' },
      { name: 'o', value: '{"a":1}' },
      { name: 'n', value: '2' },
      { name: '__proto__', value: 'x' },
    ];
    const { request } = await askForToken({ tokenEndpoint: { ...json, parameters } });
    expect(text(request)).toBe('{"grant_type":"client_credentials","n":["1","2"],"o":"{\\"a\\":1}","__proto__":"x"}');
  });

  it('A12 a header parameter may replace Accept, which is sent once', async () => {
    const { request } = await askForToken({ tokenEndpoint: { parameters: [{ name: 'accept', value: 'text/plain', in: 'Header' }] } });
    expect(headerValue(request, 'accept')).toBe('text/plain');
  });

  it('A13 XSUAA authorities', async () => {
    const parameters = [
      { name: 'response_type', value: 'token' },
      { name: 'authorities', value: '{"az_attr":{"ZoneID":"AN02002005169", "external_id":"abcd1234"}}' },
    ];
    const { request } = await askForToken({ tokenEndpoint: { parameters } });
    expect(text(request)).toBe(
      'grant_type=client_credentials&response_type=token&authorities=%7B%22az_attr%22%3A%7B%22ZoneID%22%3A%22AN02002005169%22%2C+%22external_id%22%3A%22abcd1234%22%7D%7D',
    );
  });

  it('A15 the id in the header and the one in the body differ', async () => {
    const { request } = await askForToken({
      client: { id: 'cid-a', bodyId: 'ffffffff-ffff-ffff-ffff-fffffffffff' },
      grant: { scope: 'client' },
    });
    expect(headerValue(request, 'authorization')).toBe('Basic Y2lkLWE6czNjcjN0');
    expect(text(request)).toBe('grant_type=client_credentials&client_id=ffffffff-ffff-ffff-ffff-fffffffffff&scope=client');
  });

  it.each([
    ['A16', 'Raw', 'acme', 'p+s%w rd', 'Basic YWNtZTpwK3MldyByZA=='],
    ['A17', 'FormURLEncoded', 'acme', 'p+s%w rd', 'Basic YWNtZTpwJTJCcyUyNXcrcmQ='],
    ['A16', 'Raw', 'sb-iot!b1', 'sé:', `Basic ${Buffer.from('sb-iot!b1:sé:').toString('base64')}`],
    ['A17', 'FormURLEncoded', 'urn:a', 'sé:', `Basic ${Buffer.from('urn%3Aa:s%C3%A9%3A').toString('base64')}`],
  ])('%s Basic %s: %s with the secret %s', async (_case, basicEncoding, id, secret, authorization) => {
    const { request } = await askForToken({ client: { id, basicEncoding }, secret });
    expect(headerValue(request, 'authorization')).toBe(authorization);
  });

  it('A19 GET: everything is in the query, in its order, and there is no body', async () => {
    const { request } = await askForToken({
      path: '/token?own=1',
      tokenEndpoint: {
        method: 'GET',
        parameters: [
          { name: 'b', value: 'in body' },
          { name: 'q', value: 'in query', in: 'Query' },
        ],
      },
      client: { authentication: 'ClientSecretPost' },
      grant: { scope: 's', resource: ['r'] },
    });
    expect(request.method).toBe('GET');
    expect(request.target).toBe(
      '/token?own=1&grant_type=client_credentials&client_id=acme&client_secret=s3cr3t&scope=s&resource=r&b=in+body&q=in+query',
    );
    expect(request.body).toHaveLength(0);
    expect(headerValue(request, 'content-length')).toBeUndefined();
    expect(headerValue(request, 'content-type')).toBeUndefined();
  });

  it('A19 GET: a failure tells nothing of the query, neither to callers nor to the log', async () => {
    const { attempt } = await askForToken({
      tokenEndpoint: { method: 'GET' },
      client: { authentication: 'ClientSecretPost' },
      answer: (request) => httpAnswer({ status: 400, headers: { 'Content-Type': 'text/plain' }, body: `bad request: ${request.target}` }),
    });
    expect(attempt).toMatchObject({ ok: false, failure: { log: { snippet: expect.stringContaining('bad request') } } });
    expect(JSON.stringify(attempt)).not.toMatch(/s3cr3t/);
  });
});
