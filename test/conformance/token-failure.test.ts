import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { TokenFailure } from '../../sidecar/failure.ts';
import { askForToken, failureFrom, tokenFrom } from '../support/ask-for-token.ts';
import { httpAnswer, jsonAnswer } from '../support/http-answer.ts';
import { unsignedJwt as jwt } from '../support/unsigned-jwt.ts';

/** What callers see; the rest is for the log. */
function shown({ log: _log, ...failure }: TokenFailure): string {
  return JSON.stringify(failure);
}

const html = (body: string, status = 200) => httpAnswer({ status, headers: { 'Content-Type': 'text/html' }, body });

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
    ['an empty token', jsonAnswer({ access_token: '' }), 'an empty token (access_token)'],
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
      answer: httpAnswer({
        status,
        headers: { Location: 'https://user:pw@a1b2c3d4e5.accounts400.login.acme.example:8443/saml?state=canary' },
      }),
    });
    expect(attempt).toMatchObject({
      ok: false,
      retry: 'never',
      failure: {
        code: 'token_malformed',
        tokenEndpoint: { status },
        hint: expect.stringContaining(' a1b2c3d4e5.accounts400.login.acme.example:8443.'),
      },
    });
    expect(JSON.stringify(attempt)).not.toMatch(/canary|user|pw@|saml/);
  });

  it('C42 a host that holds the secret is not shown', async () => {
    const headers = { Location: 'https://s3cr3t-of-acme.example/' };
    const failure = await failureFrom(httpAnswer({ status: 302, headers }), { secret: 's3cr3t-of-acme' });
    expect(JSON.stringify(failure)).not.toContain('s3cr3t');
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
    [400, { error: 'a_word_of_its_own' }, 'a_word_of_its_own', "the sidecar's log"],
    [400, { error: { code: 'canary' } }, undefined, "the sidecar's log"],
    [400, { error: 'canary"\\<b>' }, undefined, "the sidecar's log"],
    [400, { error: 'e'.repeat(65) }, undefined, "the sidecar's log"],
    [401, {}, undefined, 'client.secretRef'],
    [404, {}, undefined, 'tokenEndpoint.url'],
  ])('C43 %i %j: its own outcome, no retry', async (status, document, error, hint) => {
    const failure = await failureFrom(jsonAnswer(document, { status }));
    expect(failure.code).toBe('token_rejected');
    expect(failure.tokenEndpoint).toEqual({ status, ...(error !== undefined && { error }) });
    expect(failure.hint).toContain(hint);
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

  it('C44 nothing of a text that is logged steers the terminal that the log is read on', async () => {
    const text = 'no \u001b[31m\u009b31m \u202ethis\r\nway';
    const refused = await failureFrom(jsonAnswer({ error: 'odd', error_description: text }, { status: 400 }));
    expect(refused.log).toMatchObject({ description: 'no [31m 31m this way' });
    const page = await failureFrom(httpAnswer({ status: 400, body: text }));
    expect(page.log).toMatchObject({ snippet: 'no [31m 31m this way' });
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
