import { describe, expect, it } from 'vitest';
import { systemClock } from '../../crds/clock.ts';
import { canarySecret, canaryToken, traces } from '../../test/support/canary.ts';
import { httpAnswer, jsonAnswer } from '../../test/support/http-answer.ts';
import { configOf, credentialManifest, secretManifest, type SpecParts } from '../../test/support/manifest.ts';
import { type RecordedRequest, type Script, startRecordingServer } from '../../test/support/recording-server.ts';
import { headerValue } from '../../test/support/read-requests.ts';
import { startIas, startUaa } from '../../test/support/sap-token-servers.ts';
import { unsignedJwt } from '../../test/support/unsigned-jwt.ts';
import { applyChanges } from '../apply-changes.ts';
import type { Change, Outcome, Step, Verdict } from '../examination.ts';
import { examineToken, type IssuedToken } from './examine-token.ts';

const secret = canarySecret('of acme');

interface Examined {
  readonly outcome: Outcome<IssuedToken>;
  readonly steps: readonly Step[];
}

interface Options {
  readonly probe?: boolean;
  readonly secrets?: Readonly<Record<string, string>>;
  readonly changes?: readonly Change[];
}

async function examine(spec: SpecParts, { probe = true, secrets = {}, changes = [] }: Options = {}): Promise<Examined> {
  const config = applyChanges(configOf(credentialManifest(spec), secretManifest({ 'client-secret': secret, ...secrets })), changes);
  const steps: Step[] = [];
  const record = (step: Step): void => void steps.push(step);
  const outcome = await examineToken({ config, probe, version: 'test' }, { clock: systemClock, record });
  return { outcome, steps };
}

/** What is found where the endpoint answers so, each time. */
async function found(script: Script | readonly Script[], spec: Partial<SpecParts> = {}, options: Options = {}) {
  await using server = await startRecordingServer(script);
  const tokenEndpoint = { ...spec.tokenEndpoint, url: `${server.url}/token` };
  const examined = await examine({ ...spec, tokenEndpoint }, options);
  return { ...examined, requests: server.requests, host: new URL(server.url).host };
}

function verdictOf({ outcome }: Pick<Examined, 'outcome'>): Verdict {
  if (outcome.ok) throw new Error('there is a token');
  return outcome.verdict;
}

/** The changes that are proposed, and the same examination with them. */
async function mended(spec: SpecParts, options: Options = {}) {
  const before = await examine(spec, options);
  const { code, sentence, mend } = verdictOf(before);
  if (mend?.kind !== 'manifest') throw new Error(`no change is proposed: ${JSON.stringify(mend)}`);
  const after = await examine(spec, { ...options, changes: mend.changes });
  return { code, sentence, changes: mend.changes, tried: mend.tried, tries: triesOf(before), works: after.outcome.ok };
}

it('shows of an answer no escape sequence, and of a token that is a number its length', async () => {
  const page = await found(httpAnswer({ status: 400, body: '<p>no \u001B[2J\u009B31m such client</p>' }));
  expect(page.steps.flatMap(({ details }) => details).join('')).not.toMatch(/\p{Cc}/u);
  const number = await found(jsonAnswer({ access_token: 4_711_081_500, expires_in: 60 }));
  const details = detailsOf(number, 'Token answer');
  expect(details).toContain('body    access_token=[token, 10 characters]');
  expect(details).toContain('body    expires_in=60');
});

const triesOf = ({ steps }: Pick<Examined, 'steps'>): readonly string[] =>
  steps.flatMap(({ name, summary }) => (name === 'Try' ? [summary] : []));
const detailsOf = ({ steps }: Pick<Examined, 'steps'>, name: Step['name']): readonly string[] =>
  steps.find((step) => step.name === name)?.details ?? [];

const refusal = (error: string, status = 400): Buffer => jsonAnswer({ error }, { status });
const token = jsonAnswer({ access_token: canaryToken('issued'), token_type: 'Bearer', expires_in: 60 });
const isBasic = ({ headers }: RecordedRequest): boolean => headers.some(([name]) => name === 'Authorization');

describe('what is shown', () => {
  it('shows the request as it goes out and the answer as it came, without what is secret', async () => {
    const jwt = unsignedJwt({ sub: canaryToken('subject') });
    const answer = jsonAnswer({ access_token: jwt, token_type: 'Bearer', expires_in: 60, scope: 'read' }, { headers: { Server: 'nginx' } });
    const examined = await found(
      answer,
      {
        tokenEndpoint: {
          url: '',
          parameters: [
            { name: 'tenant', secretKeyRef: { name: 'acme-secret', key: 'tenant' } },
            { name: 'X-Key', value: canarySecret('k'), in: 'Header' },
          ],
        },
        grant: { scope: 'read write' },
        client: { basicEncoding: 'FormURLEncoded', id: 'sb-acme!b1' },
      },
      { secrets: { tenant: canarySecret('tenant') } },
    );
    expect(examined.outcome.ok).toBe(true);
    expect(detailsOf(examined, 'Token request')).toEqual([
      'header  Accept: application/json',
      'header  User-Agent: tokenward/test',
      `header  Authorization: Basic sb-acme%21b1:[secret, ${secret.length} characters] (both form-encoded)`,
      'header  Content-Type: application/x-www-form-urlencoded',
      `header  X-Key: [value, ${canarySecret('k').length} characters]`,
      'body    grant_type=client_credentials',
      'body    scope=read write',
      `body    tenant=[value, ${canarySecret('tenant').length} characters]`,
    ]);
    expect(detailsOf(examined, 'Token answer')).toEqual([
      'status  200',
      'header  content-type: application/json',
      'header  server: nginx',
      `body    access_token=[token, ${jwt.length} characters, JWT]`,
      'body    token_type=Bearer',
      'body    expires_in=60',
      'body    scope=read',
    ]);
    expect(traces.filter((trace) => JSON.stringify(examined.steps).includes(trace))).toEqual([]);
  });

  it('shows a signed assertion as what it says, without its signature', async () => {
    const examined = await found(token, { client: { authentication: 'ClientSecretJWT' } });
    const lines = detailsOf(examined, 'Token request');
    expect(lines).toContainEqual(expect.stringMatching(/^body {4}client_assertion=\[assertion, \d+ characters\]$/));
    expect(lines).toContainEqual('client_assertion, decoded, without its signature: header: alg=HS256, typ=JWT');
    expect(lines).toContainEqual(expect.stringMatching(/: claims: iss=acme, sub=acme, aud=http.*, iat=2\d{3}-.*Z, exp=2.*Z, jti=[\w-]+$/));
  });

  it('shows a web page as its text, a redirect without its query, and a word not at all', async () => {
    const page = await found(
      httpAnswer({ headers: { 'Content-Type': 'text/html' }, body: '<html><script>x</script><h1>Log in</h1>' }),
      {},
      { probe: false },
    );
    expect(detailsOf(page, 'Token answer')).toContain('body    a web page: Log in');
    const redirect = await found(httpAnswer({ status: 302, headers: { Location: '/login?state=abcdefghijk1234567890' } }));
    expect(detailsOf(redirect, 'Token answer')).toContain(`header  location: http://${redirect.host}/login?…`);
    const word = await found(httpAnswer({ body: canaryToken('bare') }));
    expect(detailsOf(word, 'Token answer')).toContain(`body    [text, ${canaryToken('bare').length} characters]`);
  });

  it('does not show values of an unknown answer that may be tokens', async () => {
    const examined = await found(jsonAnswer({ data: { session: canaryToken('x') } }), {}, { probe: false });
    expect(detailsOf(examined, 'Token answer')).toContain(`body    data.session=[text, ${canaryToken('x').length} characters]`);
  });

  it('says where the clocks differ', async () => {
    const late = jsonAnswer({ access_token: canaryToken(1) }, { headers: { Date: new Date(Date.now() - 600_000).toUTCString() } });
    const { steps, outcome } = await found(late);
    expect(outcome.ok).toBe(true);
    expect(steps.at(-1)).toMatchObject({
      outcome: 'odd',
      details: expect.arrayContaining([expect.stringMatching(/^odd: the clock here is (9 min 5\d s|10 min) ahead of/)]),
    });
    const inTime = jsonAnswer({ access_token: canaryToken(1) }, { headers: { Date: new Date(Date.now() - 20_000).toUTCString() } });
    expect((await found(inTime)).steps.at(-1)).toMatchObject({ outcome: 'ok' });
  });
});

describe('who said no', () => {
  it.each<[string, Script, Partial<SpecParts>, Partial<Verdict>]>([
    [
      'token_client_refused',
      refusal('invalid_client', 401),
      {},
      { failure: 'token_rejected', mend: { kind: 'secret', field: 'spec.client.secretRef', advice: expect.any(String) as string } },
    ],
    ['token_scope_refused', refusal('invalid_scope'), { grant: { scope: 'a' } }, {}],
    ['token_grant_refused', refusal('invalid_grant'), {}, {}],
    ['token_grant_unsupported', refusal('unsupported_grant_type'), {}, {}],
    ['token_request_refused', httpAnswer({ status: 422 }), {}, {}],
    ['token_forbidden', httpAnswer({ status: 403 }), {}, {}],
    ['token_not_found', httpAnswer({ status: 404 }), {}, {}],
    ['token_method_refused', httpAnswer({ status: 405 }), {}, {}],
    ['token_throttled', httpAnswer({ status: 429 }), {}, { failure: 'token_rejected' }],
    ['token_endpoint_failed', httpAnswer({ status: 503 }), {}, { failure: 'token_unavailable' }],
    [
      'token_redirected',
      httpAnswer({ status: 302, headers: { Location: 'https://login.example/start' } }),
      {},
      { failure: 'token_malformed' },
    ],
    ['token_web_page', httpAnswer({ headers: { 'Content-Type': 'text/html' }, body: '<!DOCTYPE html><p>Log in' }), {}, {}],
    ['token_error_in_success', jsonAnswer({ error: 'nobody_home' }), {}, { failure: 'token_rejected' }],
    ['token_empty', jsonAnswer({ access_token: '', token_type: 'Bearer' }), {}, { failure: 'token_malformed' }],
    ['token_empty', httpAnswer(), {}, {}],
    ['token_missing', jsonAnswer({ result: 1 }), {}, {}],
    ['token_malformed', httpAnswer({ body: 'not a token answer' }), {}, {}],
    ['connection_broken', (_request, connection) => connection.reset(), {}, { failure: 'token_unavailable' }],
  ])('%s', async (code, script, spec, expected) => {
    const examined = await found(script, spec, { probe: false });
    const verdict = verdictOf(examined);
    expect(verdict).toMatchObject({ code, ...expected });
    expect(verdict.sentence).toContain(examined.host);
    expect(verdict.sentence).toMatch(/^[A-Z].*\.$/);
    expect(verdict.mend).toBeDefined();
  });

  it('names the clock where an assertion that is signed here is refused and the clocks differ', async () => {
    const refused = jsonAnswer(
      { error: 'invalid_client' },
      { status: 401, headers: { Date: new Date(Date.now() + 600_000).toUTCString() } },
    );
    const verdict = verdictOf(await found(refused, { client: { authentication: 'ClientSecretJWT' } }));
    expect(verdict).toMatchObject({
      code: 'clock_skew',
      sentence: expect.stringMatching(/is (9 min 5\d s|10 min) behind that of the endpoint\.$/) as string,
      mend: { kind: 'elsewhere' },
    });
    // Keycloak sends no Date.
    const untold = jsonAnswer({ error: 'invalid_client', error_description: 'Token is not active' }, { status: 400 });
    expect(verdictOf(await found(untold, { client: { authentication: 'ClientSecretJWT' } }))).toMatchObject({
      code: 'clock_skew',
      sentence: expect.stringMatching(
        /not to be valid at this time, and the clock here, by which it is dated, says 2[-\dT:]+Z\.$/,
      ) as string,
    });
    // A secret does not age.
    expect(verdictOf(await found(refused))).toMatchObject({ code: 'token_client_refused' });
  });

  it('finds the token under another name in the very answer that came', async () => {
    await using server = await startRecordingServer(
      jsonAnswer({ status: 'ok', data: { accessToken: canaryToken('deep'), refreshToken: 'x' } }),
    );
    const result = await mended({ tokenEndpoint: { url: server.url } });
    expect(result).toMatchObject({ code: 'token_missing', works: true, tried: true, tries: [] });
    expect(result.changes).toEqual([{ path: 'spec.tokenEndpoint.response.accessToken', value: 'data.accessToken' }]);
  });

  it('says why there is no request to send', async () => {
    const examined = await found(token, {
      client: { authentication: 'ClientAssertion', clientAssertion: { assertionFrom: 'ProjectedToken' } },
    });
    expect(verdictOf(examined)).toMatchObject({ code: 'token_not_requested', failure: 'token_not_requested' });
    expect(examined.requests).toHaveLength(0);
    expect(examined.steps).toMatchObject([{ name: 'Token request', outcome: 'failed' }]);
  });
});

describe('tries', () => {
  it('finds that the secret belongs into the body', async () => {
    await using server = await startRecordingServer((request) => (isBasic(request) ? refusal('invalid_client', 401) : token));
    const result = await mended({ tokenEndpoint: { url: server.url } });
    expect(result).toMatchObject({ code: 'token_wrong_way', tried: true, works: true });
    expect(result.sentence).toMatch(
      /refuses the request as the manifest has it \(status 401, invalid_client\), and gives a token if it is asked with the client secret in the body\.$/,
    );
    expect(result.changes).toEqual([{ path: 'spec.client.authentication', value: 'ClientSecretPost' }]);
    expect(result.tries[0]).toMatch(
      /^at most 2 other ways are tried, until one works; for 127\.0\.0\.1:\d+ each that it refuses is one failed login$/,
    );
  });

  it('finds that the secret belongs into the header, and encodes an id that could not stand there raw', async () => {
    await using server = await startRecordingServer((request) => (isBasic(request) ? token : refusal('invalid_client', 401)));
    const result = await mended({ tokenEndpoint: { url: server.url }, client: { authentication: 'ClientSecretPost', id: 'urn:acme' } });
    expect(result).toMatchObject({ code: 'token_wrong_way', works: true });
    expect(result.changes).toEqual([
      { path: 'spec.client.authentication', value: 'ClientSecretBasic' },
      { path: 'spec.client.basicEncoding', value: 'FormURLEncoded' },
    ]);
  });

  const special = { id: 'sb-acme!b1|x', secret: canarySecret('p+s%w:rd ä') };

  it('finds that XSUAA takes id and secret as they are', async () => {
    await using uaa = await startUaa(special);
    const client = { id: special.id, basicEncoding: 'FormURLEncoded' };
    const result = await mended({ tokenEndpoint: { url: uaa.url }, client }, { secrets: { 'client-secret': special.secret } });
    expect(result).toMatchObject({ code: 'token_wrong_way', works: true, changes: [{ path: 'spec.client.basicEncoding', value: 'Raw' }] });
    expect(result.tries).toHaveLength(2);
  });

  it('finds that a UAA has to be told of the encoding where an id cannot stand raw', async () => {
    const client = { id: 'urn:acme', secret: special.secret };
    await using uaa = await startUaa(client);
    const spec = { tokenEndpoint: { url: uaa.url }, client: { id: client.id, basicEncoding: 'FormURLEncoded' } };
    const result = await mended(spec, { secrets: { 'client-secret': special.secret } });
    expect(result).toMatchObject({ works: true });
    expect(result.changes).toEqual([
      { path: 'spec.tokenEndpoint.parameters[]', value: { name: 'X-CF-ENCODED-CREDENTIALS', value: 'true', in: 'Header' } },
    ]);
  });

  it('finds that Identity Authentication wants id and secret encoded', async () => {
    await using ias = await startIas(special);
    const result = await mended(
      { tokenEndpoint: { url: ias.url }, client: { id: special.id } },
      { secrets: { 'client-secret': special.secret } },
    );
    expect(result).toMatchObject({ works: true, changes: [{ path: 'spec.client.basicEncoding', value: 'FormURLEncoded' }] });
  });

  it.each<[string, Readonly<Record<string, unknown>>, string, (request: RecordedRequest) => boolean, Change]>([
    [
      'JSON',
      {},
      'invalid_request',
      ({ body }) => body.toString().startsWith('{'),
      { path: 'spec.tokenEndpoint.contentType', value: 'application/json' },
    ],
    [
      'a form',
      { contentType: 'application/json' },
      'unsupported_grant_type',
      ({ body }) => !body.toString().startsWith('{'),
      { path: 'spec.tokenEndpoint.contentType', value: 'application/x-www-form-urlencoded' },
    ],
    [
      'grant_type in the body',
      { grantTypeIn: 'Query' },
      'method_not_allowed',
      ({ target }) => !target.includes('?'),
      { path: 'spec.tokenEndpoint.grantTypeIn', value: 'Body' },
    ],
    [
      'grant_type in the query',
      {},
      'unsupported_grant_type',
      ({ target }) => target.includes('?grant_type='),
      { path: 'spec.tokenEndpoint.grantTypeIn', value: 'Query' },
    ],
    [
      'POST',
      { method: 'GET' },
      'method_not_allowed',
      ({ method }) => method === 'POST',
      { path: 'spec.tokenEndpoint.method', value: 'POST' },
    ],
  ])('finds that the endpoint wants %s', async (_name, tokenEndpoint, error, isWanted, change) => {
    await using server = await startRecordingServer((request) =>
      isWanted(request) ? token : refusal(error, error === 'method_not_allowed' ? 405 : 400),
    );
    expect(await mended({ tokenEndpoint: { ...tokenEndpoint, url: server.url } })).toMatchObject({
      works: true,
      tried: true,
      changes: [change],
    });
  });

  it('goes on from a way that comes further', async () => {
    const answer = (request: RecordedRequest): Buffer => {
      if (request.body.toString().startsWith('{')) return httpAnswer({ status: 415 });
      return isBasic(request) ? token : refusal('invalid_client', 401);
    };
    await using server = await startRecordingServer(answer);
    const spec = { tokenEndpoint: { url: server.url, contentType: 'application/json' }, client: { authentication: 'ClientSecretPost' } };
    const result = await mended(spec);
    expect(result).toMatchObject({ code: 'token_wrong_way', works: true });
    expect(result.changes).toEqual([
      { path: 'spec.tokenEndpoint.contentType', value: 'application/x-www-form-urlencoded' },
      { path: 'spec.client.authentication', value: 'ClientSecretBasic' },
    ]);
    expect(result.sentence).toContain('if it is asked by a form and with the client secret in the Authorization header.');
  });

  it('says how far another way comes that is refused as well', async () => {
    const answer = (request: RecordedRequest): Buffer =>
      request.body.toString().startsWith('{') ? httpAnswer({ status: 415 }) : refusal('invalid_grant');
    const { outcome, requests } = await found(answer, { tokenEndpoint: { url: '', contentType: 'application/json' } });
    expect(outcome).toMatchObject({
      verdict: {
        code: 'token_grant_refused',
        sentence: expect.stringContaining(
          '(status 415); asked by a form it comes further, and refuses that too (status 400, invalid_grant).',
        ) as string,
        mend: { kind: 'manifest', tried: false, changes: [{ path: 'spec.tokenEndpoint.contentType' }] },
      },
    });
    expect(requests).toHaveLength(2);
  });

  it('finds that the scope is what is refused, and warns of doing without', async () => {
    await using server = await startRecordingServer(({ body }) => (body.includes('scope=') ? refusal('invalid_scope') : token));
    const examined = await examine({ tokenEndpoint: { url: server.url }, grant: { scope: 'read' } });
    expect(verdictOf(examined)).toMatchObject({
      code: 'token_wrong_way',
      mend: {
        kind: 'manifest',
        tried: true,
        changes: [{ path: 'spec.grant.scope', value: undefined }],
        advice: expect.stringContaining('API') as string,
      },
    });
    expect(triesOf(examined)[0]).toContain('one other way is tried');
  });

  it('sends a wrong secret at most four more times, never twice in the same way, and then blames the secret', async () => {
    const { outcome, requests, steps } = await found(refusal('unauthorized', 401), {
      tokenEndpoint: { url: '', contentType: 'application/json' },
      client: { id: 'sb-acme!b1' },
    });
    expect(requests).toHaveLength(5);
    expect(new Set(requests.map(({ raw }) => raw.toString())).size).toBe(5);
    expect(outcome).toMatchObject({
      verdict: {
        code: 'token_client_refused',
        mend: { kind: 'secret', field: 'spec.client.secretRef', advice: expect.stringContaining('4 other ways') as string },
      },
    });
    expect(steps.filter(({ name, outcome: result }) => name === 'Try' && result === 'failed')).toHaveLength(4);
  });

  it('tries nothing if it may not, and says what it would have tried', async () => {
    const { requests, steps } = await found(refusal('invalid_client', 401), {}, { probe: false });
    expect(requests).toHaveLength(1);
    expect(steps.at(-1)).toMatchObject({ name: 'Try', outcome: 'skipped', summary: expect.stringContaining('--no-probe') as string });
  });

  it.each<[string, Script, Partial<SpecParts>, Readonly<Record<string, string>>]>([
    [
      'a refresh token may be good for one request',
      refusal('invalid_client', 401),
      { grant: { type: 'RefreshToken', refreshToken: { refreshTokenRef: { name: 'acme-secret' } } } },
      { 'refresh-token': canaryToken('refresh') },
    ],
    [
      'a user could be locked out',
      refusal('invalid_grant', 401),
      { grant: { type: 'Password', password: { username: 'job', passwordRef: { name: 'acme-secret' } } } },
      { password: canarySecret('p') },
    ],
    ['the endpoint failed', httpAnswer({ status: 500 }), {}, {}],
    ['the endpoint is asked too often', httpAnswer({ status: 429 }), {}, {}],
    ['it sends elsewhere', httpAnswer({ status: 302, headers: { Location: '/login' } }), {}, {}],
  ])('tries nothing where %s', async (_name, script, spec, secrets) => {
    const { requests, steps } = await found(script, spec, { secrets });
    expect(requests).toHaveLength(1);
    expect(steps.some(({ name }) => name === 'Try')).toBe(false);
  });

  it('stops where the endpoint has had enough', async () => {
    const { requests, outcome } = await found([refusal('invalid_client', 401), httpAnswer({ status: 429 })], {
      client: { id: 'sb-acme!b1' },
    });
    expect(requests).toHaveLength(2);
    expect(outcome).toMatchObject({ verdict: { code: 'token_client_refused' } });
  });

  it('follows no redirect and asks for no other token than the credential does', async () => {
    const { requests } = await found(httpAnswer({ status: 307, headers: { Location: '/elsewhere' } }));
    expect(requests.map(({ target }) => target)).toEqual(['/token']);
    expect(requests[0] && headerValue(requests[0], 'user-agent')).toBe('tokenward/test');
  });
});
