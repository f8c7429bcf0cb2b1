import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { TokenAnswer } from '../../sidecar/token/attempt.ts';
import type { TokenFailure } from '../../sidecar/failure.ts';
import { authorizationValue } from '../../sidecar/token/authorization-value.ts';
import { longestLifetimeMs } from '../../sidecar/token/token-limits.ts';
import { askForToken, type Ask } from '../support/ask-for-token.ts';
import { httpAnswer, jsonAnswer } from '../support/http-answer.ts';

async function tokenFrom(answer: Ask['answer'], ask: Ask = {}): Promise<TokenAnswer> {
  const { attempt } = await askForToken({ ...ask, ...(answer !== undefined && { answer }) });
  if (!attempt.ok) throw new Error(JSON.stringify(attempt.failure));
  return attempt.answer;
}

/** The failure of an answer that is not worth asking again at once. */
async function failureFrom(answer: Ask['answer'], ask: Ask = {}): Promise<TokenFailure> {
  const { attempt } = await askForToken({ ...ask, ...(answer !== undefined && { answer }) });
  if (attempt.ok) throw new Error('there is a token');
  expect(attempt.retry).toBe('never');
  return attempt.failure;
}

/** What callers see; the rest is for the log. */
function shown({ log: _log, ...failure }: TokenFailure): string {
  return JSON.stringify(failure);
}

function jwt(claims: Readonly<Record<string, unknown>>): string {
  return [{ alg: 'none' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.') + '.sig';
}

const html = (body: string, status = 200) => httpAnswer({ status, headers: { 'Content-Type': 'text/html' }, body });

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

describe('part C: what is no token', () => {
  it('C39 200 with an error is a failure, even beside a token', async () => {
    const failure = await failureFrom(jsonAnswer({ error: 'invalid_scope', error_description: 'canary', access_token: 'canary' }));
    expect(failure).toMatchObject({ code: 'token_rejected', tokenEndpoint: { status: 200, error: 'invalid_scope' } });
    expect(failure.hint).toContain('grant.scope');
    expect(shown(failure)).not.toContain('canary');
  });

  it.each([null, '', false])('C39 an error that is %o is none', async (error) => {
    expect((await tokenFrom(jsonAnswer({ access_token: 't', error, expires_in: 60 }))).lifetimeMs).toBe(60_000);
  });

  it('C41 200 with an HTML login page: status, content type and a redacted snippet', async () => {
    const page = '<!DOCTYPE html><html><head><title>Log\n in</title></head><body value="s3cr3t-of-acme">Hello</body></html>';
    const failure = await failureFrom(html(page), { secret: 's3cr3t-of-acme' });
    expect(failure).toMatchObject({
      code: 'token_malformed',
      tokenEndpoint: { status: 200 },
      log: { status: 200, contentType: 'text/html', snippet: 'Log in Hello' },
    });
    expect(failure.detail).toMatch(/status 200 and a web page \(text\/html\)/);
    expect(failure.hint).toContain('tokenEndpoint.url');
  });

  it('C41 a snippet holds no secret, in none of the forms in which it may come back', async () => {
    const secret = 'p+s%w rd"ü&-canary';
    const forms = [
      secret,
      encodeURIComponent(secret),
      new URLSearchParams({ s: secret }).toString().slice(2),
      JSON.stringify(secret),
      Buffer.from(secret).toString('base64'),
      Buffer.from(`acme:${secret}`).toString('base64'),
      jwt({ sub: 'x' }),
      'Bearer abcdef',
      'access_token=short&x',
      '"client_secret": "y z"',
    ];
    for (const form of forms) {
      const failure = await failureFrom(httpAnswer({ headers: { 'Content-Type': 'text/plain' }, body: `You sent (${form}) to us` }), {
        secret,
      });
      const { snippet } = { snippet: '', ...failure.log };
      expect(snippet).toMatch(/^You sent .*\[redacted\].* to us$/);
      expect(snippet).not.toMatch(/canary|abcdef|short|y z|[\w+/]{16}/);
    }
  });

  it('C41 a bare token, or a single word that may be one, is not even in the log', async () => {
    const failure = await failureFrom(httpAnswer({ body: 'canary' }));
    expect(JSON.stringify(failure)).not.toContain('canary');
    expect(failure.detail).toContain('neither JSON nor a form');
  });

  it.each([
    ['an empty body', httpAnswer(), 'an empty body'],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', 'status 204 and an empty body'],
    ['an empty body that claims to be gzip', httpAnswer({ headers: { 'Content-Encoding': 'gzip' } }), 'an empty body'],
    ['a JSON list', jsonAnswer(['tok']), 'neither JSON nor a form'],
    ['half a JSON object', httpAnswer({ body: '{"access_token":"canary","expires_in":' }), 'neither JSON nor a form'],
    ['what is not gzip', httpAnswer({ headers: { 'Content-Encoding': 'gzip' }, body: 'plain' }), 'does not decode'],
    ['an unknown coding', httpAnswer({ headers: { 'Content-Encoding': 'rot13' }, body: 'plain' }), 'does not decode'],
    ['an empty object', jsonAnswer({}), 'its fields are: none'],
    ['an empty token', jsonAnswer({ access_token: '' }), 'its fields are: access_token'],
    ['a number for a token', jsonAnswer({ access_token: 5 }), 'its fields are: access_token'],
  ])('C41 200 with %s', async (_name, answer, detail) => {
    const failure = await failureFrom(answer);
    expect(failure.code).toBe('token_malformed');
    expect(failure.detail).toContain(detail);
    expect(JSON.stringify(failure)).not.toContain('canary');
  });

  it('C41 an HTML page in gzip is decoded before it is judged', async () => {
    const headers = { 'Content-Type': 'text/html', 'Content-Encoding': 'gzip' };
    const failure = await failureFrom(httpAnswer({ headers, body: gzipSync('<html><title>Log in</title>') }));
    expect(failure.log).toMatchObject({ content: 'html', snippet: 'Log in' });
  });

  it.each([
    ['with its length', () => jsonAnswer({ access_token: 'tok', filler: 'x'.repeat(1024 * 1024) })],
    [
      'decoded',
      () => httpAnswer({ headers: { 'Content-Encoding': 'gzip' }, body: gzipSync(`{"access_token":"tok"}${' '.repeat(1024 * 1024)}`) }),
    ],
  ])('C41 more than 1 MiB, %s: refused', async (_name, answer) => {
    const failure = await failureFrom(answer());
    expect(failure).toMatchObject({ code: 'token_malformed', detail: expect.stringContaining('more than 1 MiB') });
  });

  it('C41 exactly 1 MiB is accepted', async () => {
    const document = '{"access_token":"tok","expires_in":60}';
    const body = document + ' '.repeat(1024 * 1024 - document.length);
    expect((await tokenFrom(httpAnswer({ body }))).lifetimeMs).toBe(60_000);
  });

  it('C41 an answer without end is left after 1 MiB', async () => {
    const { attempt, request } = await askForToken({
      answer: (_request, connection) => {
        connection.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
        const chunk = Buffer.from(`10000\r\n${'x'.repeat(0x10000)}\r\n`);
        const pump = (): void => {
          while (connection.socket.write(chunk));
        };
        connection.socket.on('drain', pump);
        pump();
      },
    });
    expect(attempt).toMatchObject({ ok: false, failure: { code: 'token_malformed' } });
    await request.connection.closed;
  });

  it.each(['tok en', 'tok\nX-Evil: 1', 'tok\u0000', 'tok\u007f', 'tök', ' tok', 'tok\t'])('C41 the token %j is refused', async (token) => {
    const failure = await failureFrom(jsonAnswer({ access_token: token, expires_in: 60 }));
    expect(failure.code).toBe('token_malformed');
    expect(failure.detail).toContain('a token with spaces, control characters');
    expect(JSON.stringify(failure)).not.toContain('tok ');
  });
});

describe('part C: refusals', () => {
  it.each([301, 302, 303, 307, 308])('C42 %i is not followed; the hint shows the host that it points to', async (status) => {
    const { attempt } = await askForToken({
      answer: httpAnswer({ status, headers: { Location: 'https://user:pw@login.acme.example:8443/saml?state=canary' } }),
    });
    expect(attempt).toMatchObject({
      ok: false,
      retry: 'never',
      failure: { code: 'token_malformed', tokenEndpoint: { status }, hint: expect.stringContaining(' login.acme.example:8443.') },
    });
    expect(JSON.stringify(attempt)).not.toMatch(/canary|user|pw@|saml/);
  });

  it.each([undefined, 'http://[', '/relative'])('C42 a redirect with the Location %o', async (location) => {
    const failure = await failureFrom(httpAnswer({ status: 302, ...(location !== undefined && { headers: { Location: location } }) }));
    expect(failure.detail).toContain('a redirect');
  });

  it.each([
    [401, { error: 'invalid_client', error_description: 'canary' }, 'invalid_client', 'client.secretRef'],
    [400, { error: 'invalid_scope' }, 'invalid_scope', 'grant.scope'],
    [401, { error: 'unauthorized', error_description: 'Bad credentials' }, 'unauthorized', 'UAA'],
    [401, { error: 'unauthorized_client' }, 'unauthorized_client', 'client.secretRef'],
    [400, { error: 'unsupported_grant_type' }, 'unsupported_grant_type', 'tokenEndpoint.grantTypeIn'],
    [400, { error: 'invalid_request' }, 'invalid_request', 'tokenEndpoint.parameters'],
    [400, { error: 'a_word_of_its_own' }, 'a_word_of_its_own', undefined],
    [400, { error: { code: 'canary' } }, undefined, undefined],
    [400, { error: 'canary"\\<b>' }, undefined, undefined],
    [400, { error: 'e'.repeat(65) }, undefined, undefined],
    [401, {}, undefined, 'client.secretRef'],
    [404, {}, undefined, 'tokenEndpoint.url'],
  ])('C43 %i %j: its own outcome, no retry', async (status, document, error, hint) => {
    const failure = await failureFrom(jsonAnswer(document, { status }));
    expect(failure.code).toBe('token_rejected');
    expect(failure.tokenEndpoint).toEqual({ status, ...(error !== undefined && { error }) });
    expect(failure.hint ?? 'none').toContain(hint ?? 'none');
    expect(shown(failure)).not.toMatch(/canary|Bad credentials|<b>/);
  });

  it('C43 the hint of a wrong client names the other ways to authenticate, by the one that was used', async () => {
    const answer = jsonAnswer({ error: 'invalid_client' }, { status: 401 });
    expect((await failureFrom(answer)).hint).toMatch(/ClientSecretPost, or client.basicEncoding: FormURLEncoded/);
    expect((await failureFrom(answer, { client: { basicEncoding: 'FormURLEncoded' } })).hint).toMatch(/basicEncoding: Raw/);
    expect((await failureFrom(answer, { client: { authentication: 'ClientSecretPost' } })).hint).toMatch(/ClientSecretBasic/);
    expect((await failureFrom(answer, { client: { authentication: 'None' } })).hint).toMatch(/No secret is sent/);
  });

  it('C43 invalid_request after a JSON body: the hint says form', async () => {
    const tokenEndpoint = { contentType: 'application/json' };
    const failure = await failureFrom(jsonAnswer({ error: 'invalid_request' }, { status: 400 }), { tokenEndpoint });
    expect(failure.hint).toContain('application/x-www-form-urlencoded');
  });

  it('C43 SuccessFactors Learning answers 403 for a wrong secret: the hint says so', async () => {
    const failure = await failureFrom(html('<html>Forbidden</html>', 403), { path: '/learning/oauth-api/rest/v1/token' });
    expect(failure).toMatchObject({ code: 'token_rejected', tokenEndpoint: { status: 403 } });
    expect(failure.hint).toMatch(/SuccessFactors Learning answers 403 if the secret is wrong\. .*client\.secretRef/);
  });

  it('C43 the description is in the log, with the secret taken out', async () => {
    const document = { error: 'invalid_client', error_description: 'client acme:s3cr3t-of-acme unknown' };
    const failure = await failureFrom(jsonAnswer(document, { status: 401 }), { secret: 's3cr3t-of-acme' });
    expect(failure.log).toMatchObject({ error: 'invalid_client', description: 'client [redacted] unknown' });
  });

  it.each([
    ['SAP API Management', { ErrorCode: 'invalid_client', Error: 'ClientId is Invalid' }, 'invalid_client', 'ClientId is Invalid'],
    [
      'SuccessFactors',
      { errorHttpCode: '401', errorMessage: 'Unable to authenticate the client (Login failed)' },
      undefined,
      'Unable to authenticate the client (Login failed)',
    ],
  ])('C44 the error format of %s: its text is in log and hint', async (_name, document, error, message) => {
    for (const status of [401, 200]) {
      const failure = await failureFrom(jsonAnswer(document, { status }));
      expect(failure.code).toBe('token_rejected');
      expect(failure.tokenEndpoint).toEqual({ status, ...(error !== undefined && { error }) });
      expect(failure.hint).toContain(`"${message}"`);
      expect(failure.log).toMatchObject({ message });
    }
  });

  it('C44 a text that holds a secret, markup or a token is not in the hint', async () => {
    for (const text of ['s3cr3t-of-acme is wrong', '<a href=x>', `sent ${jwt({})}`, 'x'.repeat(201)]) {
      const failure = await failureFrom(jsonAnswer({ errorHttpCode: 401, errorMessage: text }, { status: 401 }), {
        secret: 's3cr3t-of-acme',
      });
      expect(failure.hint).not.toContain('The endpoint says');
      expect(JSON.stringify(failure)).not.toMatch(/s3cr3t-of-acme|eyJ/);
    }
  });
});
