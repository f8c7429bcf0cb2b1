import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { authorizationValue } from '../../sidecar/token/authorization-value.ts';
import { longestLifetimeMs } from '../../sidecar/token/token-limits.ts';
import { askForToken, failureFrom, tokenFrom } from '../support/ask-for-token.ts';
import { httpAnswer, jsonAnswer } from '../support/http-answer.ts';
import { unsignedJwt as jwt } from '../support/unsigned-jwt.ts';

describe('part C: a lifetime', () => {
  it('C33 expires_in as a string and token_type BearerToken: 3600 s, Bearer', async () => {
    const { accessToken, lifetimeMs, tokenType } = await tokenFrom(
      jsonAnswer({ access_token: 'sf-token', expires_in: '3600', token_type: 'BearerToken' }),
    );
    expect(lifetimeMs).toBe(3_600_000);
    expect(authorizationValue({ value: accessToken, type: tokenType ?? '' }, { header: 'Authorization' })).toEqual({
      ok: true,
      value: 'Bearer sf-token',
    });
  });

  it('C34 without expires_in a JWT lives from its iat to its exp, whatever the time is here', async () => {
    const token = jwt({ iat: 1_000_000, exp: 1_000_900 });
    expect((await tokenFrom(jsonAnswer({ access_token: token }))).lifetimeMs).toBe(900_000);
  });

  it('C34 a JWT that the endpoint hands out once more has only the rest of its time', async () => {
    const date = new Date(1_000_600_000).toUTCString();
    const token = jwt({ iat: 1_000_000, exp: 1_000_900 });
    expect((await tokenFrom(jsonAnswer({ access_token: token }, { headers: { Date: date } }))).lifetimeMs).toBe(300_000);
  });

  it('C34 a JWT without iat and an answer without Date: our clock has to do', async () => {
    const { lifetimeMs } = await tokenFrom(jsonAnswer({ access_token: jwt({ exp: Math.floor(Date.now() / 1000) + 600 }) }));
    expect(lifetimeMs).toBeGreaterThan(590_000);
    expect(lifetimeMs).toBeLessThanOrEqual(600_000);
  });

  it.each([
    ['an opaque token', 'opaque'],
    ['a JWT without exp', jwt({ iat: 1 })],
    ['what only looks like a JWT', 'a.b.c'],
    ['a JWT of null', ['e30', Buffer.from('null').toString('base64url'), 'sig'].join('.')],
  ])('C34 %s without expires_in: the default, never forever', async (_name, token) => {
    expect((await tokenFrom(jsonAnswer({ access_token: token }))).lifetimeMs).toBe(300_000);
    const ask = { tokenEndpoint: { defaultLifetimeSeconds: 77 } };
    expect((await tokenFrom(jsonAnswer({ access_token: token, expires_in: null }), ask)).lifetimeMs).toBe(77_000);
  });

  it.each([
    ['expires_on', 1_700_003_600],
    ['expires_on', '1700003600'],
    ['expiresOn', '1700003600'],
    ['expiresOn', 1_700_003_600],
  ])('C35 only %s as %o: an absolute end, by the clock of the answer', async (name, end) => {
    const headers = { Date: new Date(1_700_000_000_000).toUTCString() };
    expect((await tokenFrom(jsonAnswer({ access_token: 't', [name]: end }, { headers }))).lifetimeMs).toBe(3_600_000);
  });

  it.each([
    ['0', 0],
    [0, 0],
    [-5, 0],
    ['-5', 0],
    ['abc', 300_000],
    ['', 300_000],
    [true, 300_000],
    [{}, 300_000],
    ['0x10', 300_000],
    [1e12, longestLifetimeMs],
    ['1000000000000', longestLifetimeMs],
    [12.5, 12_500],
  ])('C36 expires_in %o is a lifetime of %i ms', async (expiresIn, lifetimeMs) => {
    expect((await tokenFrom(jsonAnswer({ access_token: 't', expires_in: expiresIn }))).lifetimeMs).toBe(lifetimeMs);
  });

  it('C36 expires_in 1e999 is no number of anybody, and clamped', async () => {
    const answer = httpAnswer({ body: '{"access_token":"t","expires_in":1e999}' });
    expect((await tokenFrom(answer)).lifetimeMs).toBe(longestLifetimeMs);
  });
});

describe('part C: where the token stands, and its type', () => {
  it.each([
    ['accessToken', { accessToken: 'tok', expires_in: 60 }],
    ['data.accessToken', { data: { accessToken: 'tok' }, expires_in: 60 }],
    ['results.0.token', { results: [{ token: 'tok' }], expires_in: 60 }],
  ])('C37 a token in %s, by tokenEndpoint.response', async (path, document) => {
    const answer = await tokenFrom(jsonAnswer(document), { tokenEndpoint: { response: { accessToken: path } } });
    expect(answer.accessToken.reveal()).toBe('tok');
    expect(answer.lifetimeMs).toBe(60_000);
  });

  it('C37 lifetime, type and error have paths of their own', async () => {
    const tokenEndpoint = {
      response: { accessToken: 'data.accessToken', expiresIn: 'data.expire', tokenType: 'type', error: 'msg' },
    };
    const document = { msg: 'success', type: 'bearer', data: { accessToken: 'tok', expire: '120' } };
    expect(await tokenFrom(jsonAnswer(document), { tokenEndpoint })).toMatchObject({ lifetimeMs: 120_000, tokenType: 'bearer' });

    const failure = await failureFrom(jsonAnswer({ msg: 'no_such_client', data: null }), { tokenEndpoint });
    expect(failure).toMatchObject({ code: 'token_rejected', tokenEndpoint: { status: 200, error: 'no_such_client' } });
  });

  it('C37 unmapped: the error lists the names it saw, and no values', async () => {
    const failure = await failureFrom(
      jsonAnswer({
        accessToken: 'canary-1',
        data: { token: 'canary-2', list: ['canary-3'] },
        expires_in: 5,
        '<b>': 1,
        eyJhbGciOiJub25lIn0: 1,
      }),
    );
    expect(failure.code).toBe('token_malformed');
    expect(failure.detail).toContain('accessToken, data.token, data.list.0, expires_in.');
    expect(failure.hint).toContain('tokenEndpoint.response.accessToken');
    expect(JSON.stringify(failure)).not.toMatch(/canary|<b>|eyJ/);
  });

  it.each([['Bearer'], ['bearer'], ['BEARER'], ['BearerToken'], [undefined], [null], ['']])('C38 token_type %o: Bearer', async (type) => {
    const { accessToken, tokenType } = await tokenFrom(jsonAnswer({ access_token: 'tok', token_type: type }));
    const token = { value: accessToken, ...(tokenType !== undefined && { type: tokenType }) };
    expect(authorizationValue(token, { header: 'Authorization' })).toEqual({ ok: true, value: 'Bearer tok' });
  });

  it.each([['DPoP'], ['mac'], ['N_A'], ['pop token\u0000 <b>']])(
    'C38 token_type %o: refused unless injection.scheme is set',
    async (type) => {
      const { accessToken, tokenType } = await tokenFrom(jsonAnswer({ access_token: 'tok', token_type: type }));
      const token = { value: accessToken, type: tokenType ?? '' };
      const refused = authorizationValue(token, { header: 'Authorization' });
      expect(refused).toMatchObject({ ok: false, failure: { code: 'token_malformed', hint: expect.stringContaining('injection.scheme') } });
      expect(JSON.stringify(refused)).not.toContain('<b>');

      const { config } = await askForToken({ injection: { scheme: 'DPoP' } });
      expect(authorizationValue(token, config.injection)).toEqual({ ok: true, value: 'DPoP tok' });
      expect(authorizationValue(token, { header: 'X-Api-Token', scheme: '' })).toEqual({ ok: true, value: 'tok' });
    },
  );
});

describe('part C: what is parsed whatever its label says', () => {
  it.each(['text/plain', 'text/html; charset=utf-8', 'text/javascript', 'application/octet-stream', 'nonsense'])(
    'C40 JSON labelled %s',
    async (type) => {
      const answer = httpAnswer({ headers: { 'Content-Type': type }, body: '\ufeff {"access_token":"tok","expires_in":60}\n' });
      expect((await tokenFrom(answer)).lifetimeMs).toBe(60_000);
    },
  );

  it.each(['application/x-www-form-urlencoded', 'text/plain', 'application/json', ''])('C40 a form labelled "%s"', async (type) => {
    const body = 'access_token=tok%2B1&expires_in=60&token_type=bearer\n';
    const answer = await tokenFrom(httpAnswer({ headers: { 'Content-Type': type }, body }));
    expect(answer).toMatchObject({ lifetimeMs: 60_000, tokenType: 'bearer' });
    expect(answer.accessToken.reveal()).toBe('tok+1');
  });

  const packed = Buffer.from('{"access_token":"tok","expires_in":60}');
  it.each([
    ['gzip', gzipSync(packed)],
    ['x-gzip', gzipSync(packed)],
    ['deflate', deflateSync(packed)],
    ['deflate', deflateRawSync(packed)],
    ['br', brotliCompressSync(packed)],
    ['gzip, br', brotliCompressSync(gzipSync(packed))],
    ['identity', packed],
  ])('C41 an answer in Content-Encoding %s is decoded', async (coding, body) => {
    expect((await tokenFrom(httpAnswer({ headers: { 'Content-Encoding': coding }, body }))).lifetimeMs).toBe(60_000);
  });
});
