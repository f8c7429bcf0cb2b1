import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { hintRows, type HintedAnswer } from '../../sidecar/token/hint-rows.ts';
import { askForToken, type Ask } from '../support/ask-for-token.ts';
import { canarySecret } from '../support/canary.ts';
import { httpAnswer, jsonAnswer } from '../support/http-answer.ts';
import type { Script } from '../support/recording-server.ts';

const error = (name: string, status = 400): Script => jsonAnswer({ error: name }, { status });
const status = (code: number): Script => jsonAnswer({}, { status: code });
const html = (code: number): Script =>
  httpAnswer({ status: code, headers: { 'Content-Type': 'text/html' }, body: '<!DOCTYPE html><title>Log in</title>' });

const user: Ask = {
  grant: { type: 'Password', password: { username: 'job', passwordRef: { name: 'acme-secret' } } },
  secretData: { password: canarySecret('password') },
};
const refreshToken: Ask = {
  grant: { type: 'RefreshToken', refreshToken: { refreshTokenRef: { name: 'acme-secret' } } },
  secretData: { 'refresh-token': canarySecret('refresh') },
};
const exchange: Ask = {
  grant: { type: 'TokenExchange', tokenExchange: { subjectTokenRef: { name: 'acme-secret', key: 'subject' } } },
  secretData: { subject: canarySecret('subject') },
};
const json: Ask = { tokenEndpoint: { contentType: 'application/json' } };

interface Shown {
  readonly answer: Script;
  readonly ask?: Ask;
  readonly hint: RegExp;
  readonly code?: string;
}

const lgn0022 = {
  error: { code: 'LGN0022', message: { lang: 'en-US', value: '[LGN0022]The access token is either rejected or expired' } },
};

/** One answer for each row, as servers give it, by what the row says. */
const answers: Readonly<Record<string, Shown>> = {
  'a redirect (3xx)': {
    answer: httpAnswer({ status: 302, headers: { Location: 'https://login.acme.example/saml' } }),
    hint: /address it points to, on login\.acme\.example\. /,
    code: 'token_malformed',
  },
  'another refresh token than the one that was sent': {
    ask: refreshToken,
    answer: jsonAnswer({ access_token: 'tok', expires_in: 60, refresh_token: canarySecret('next') }),
    hint: /rotates refresh tokens/,
    code: 'token_malformed',
  },
  'fields, but no token among them': {
    answer: jsonAnswer({ data: { accessToken: 'tok' } }),
    hint: /tokenEndpoint\.response\.accessToken/,
    code: 'token_malformed',
  },
  'an empty token': { answer: jsonAnswer({ access_token: '' }), hint: /whether the client is active/, code: 'token_malformed' },
  'a token with spaces, control characters or letters outside ASCII': {
    answer: jsonAnswer({ access_token: 'tök' }),
    hint: /may hold something else/,
    code: 'token_malformed',
  },
  '`invalid_client`': { answer: error('invalid_client', 401), hint: /ClientSecretPost, or client\.basicEncoding: FormURLEncoded/ },
  '`incorrect_client_credentials`': {
    answer: jsonAnswer({ error: 'incorrect_client_credentials' }),
    hint: /client\.id and the secret that client\.secretRef names/,
  },
  '`unauthorized`, where a person is meant or the client shows no secret': {
    ask: user,
    answer: error('unauthorized', 401),
    hint: /grant\.password/,
  },
  '`unauthorized`, after a header with form-encoded id and secret': {
    ask: { client: { basicEncoding: 'FormURLEncoded' } },
    answer: error('unauthorized', 401),
    hint: /X-CF-ENCODED-CREDENTIALS/,
  },
  '`unauthorized`': { answer: error('unauthorized', 401), hint: /UAA and XSUAA.*client\.secretRef/ },
  '`unauthorized_client`': { answer: error('unauthorized_client', 401), hint: /this grant \(client_credentials\).*client\.secretRef/ },
  '`invalid_scope`': { ask: { grant: { scope: 'nope' } }, answer: error('invalid_scope'), hint: /grant\.scope/ },
  '`invalid_target`': { answer: error('invalid_target'), hint: /grant\.resource and grant\.audience/ },
  '`unsupported_grant_type`, where none is sent': {
    ask: { grant: { type: 'None' } },
    answer: error('unsupported_grant_type'),
    hint: /set grant\.type/,
  },
  '`unsupported_grant_type`': { answer: error('unsupported_grant_type'), hint: /grantTypeIn and tokenEndpoint\.contentType/ },
  '`invalid_request`, to a request in JSON': { ask: json, answer: error('invalid_request'), hint: /may not read JSON/ },
  '`invalid_request`, to a token exchange': { ask: exchange, answer: error('invalid_request'), hint: /grant\.tokenExchange/ },
  '`invalid_request`': { answer: error('invalid_request'), hint: /missing, repeated or unknown/ },
  '`invalid_grant`': { ask: user, answer: error('invalid_grant'), hint: /not locked/ },
  '`LGN0022`': { answer: jsonAnswer(lgn0022, { status: 401 }), hint: /\/oauth\/token on the API server/ },
  'status 405, to GET': { ask: { tokenEndpoint: { method: 'GET' } }, answer: status(405), hint: /tokenEndpoint\.method: POST/ },
  'status 405, to a grant type in the query': {
    ask: { tokenEndpoint: { grantTypeIn: 'Query' } },
    answer: html(405),
    hint: /tokenEndpoint\.grantTypeIn: Body/,
  },
  'status 405': { answer: status(405), hint: /check tokenEndpoint\.url/ },
  'status 403, from SuccessFactors Learning': {
    ask: { path: '/learning/oauth-api/rest/v1/token' },
    answer: html(403),
    hint: /SuccessFactors Learning answers 403 if the secret is wrong/,
  },
  'status 401, where a person is meant or the client shows no secret': { ask: user, answer: status(401), hint: /grant\.password/ },
  'status 401': { answer: html(401), hint: /client\.secretRef/ },
  'status 403': { answer: html(403), hint: /this client or the way here/ },
  'status 404': { answer: html(404), hint: /the path of tokenEndpoint\.url/ },
  'status 407': { answer: html(407), hint: /tokenEndpoint\.proxy/ },
  'status 415, to a request in JSON': { ask: json, answer: status(415), hint: /application\/x-www-form-urlencoded/ },
  'status 415, to a form': { answer: status(415), hint: /contentType: application\/json/ },
  'status 429': { answer: status(429), hint: /how often/ },
  'status 500': { answer: html(500), hint: /its owner/, code: 'token_unavailable' },
  'status 502, 503 or 504': { answer: html(503), hint: /asked again by itself/, code: 'token_unavailable' },
  'another status of 501 or more': { answer: status(501), hint: /its owner/, code: 'token_unavailable' },
  'a web page instead of JSON': { answer: html(200), hint: /not the authorization endpoint/, code: 'token_malformed' },
  'status 2xx and an empty body': { answer: httpAnswer(), hint: /tokenEndpoint\.method/, code: 'token_malformed' },
  'status 2xx and neither JSON nor a form': {
    answer: httpAnswer({ headers: { 'Content-Type': 'text/plain' }, body: 'it works' }),
    hint: /without JSON around it/,
    code: 'token_malformed',
  },
  'status 2xx and more than 1 MiB': {
    answer: httpAnswer({ body: 'x'.repeat(1024 * 1024 + 1) }),
    hint: /that large/,
    code: 'token_malformed',
  },
  'status 2xx and a body that its Content-Encoding does not decode': {
    answer: httpAnswer({ headers: { 'Content-Encoding': 'gzip' }, body: gzipSync('{}').subarray(3) }),
    hint: /compresses/,
    code: 'token_malformed',
  },
  'anything else': { answer: error('a_word_of_its_own', 418), hint: /the sidecar's log/ },
};

test.each(hintRows.map(({ says }) => says))('the token endpoint says %s: the hint is that row’s', async (says) => {
  const { answer, ask = {}, hint, code = 'token_rejected' } = answers[says] ?? {};
  expect(hint).toBeDefined();
  const { attempt, config } = await askForToken({ ...ask, ...(answer !== undefined && { answer }) });
  if (attempt.ok) throw new Error('this is a token');
  const { failure } = attempt;
  expect(failure).toMatchObject({ code, hint: expect.stringMatching(hint ?? '') });
  const row = hintRows.find((candidate) => candidate.says === says);
  const told = typeof row?.hint === 'function' ? row.hint(config, { redirectsTo: 'login.acme.example' } as HintedAnswer) : row?.hint;
  expect(failure.hint).toBe(told);
  expect(failure.doctorHelps).toBe(row?.doctorHelps);
});

test('there is an answer above for each row, and for nothing else', () => {
  expect(Object.keys(answers)).toEqual(hintRows.map(({ says }) => says));
});
