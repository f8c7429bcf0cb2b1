import { describe, expect, it } from 'vitest';
import { authorizationValue } from '../../sidecar/token/authorization-value.ts';
import { askForToken, failureFrom, tokenFrom } from '../support/ask-for-token.ts';
import { call } from '../support/call.ts';
import { httpAnswer, jsonAnswer } from '../support/http-answer.ts';
import { makeCertificate } from '../support/make-certificate.ts';
import { headerValue, type WireRequest } from '../support/read-requests.ts';
import { startRecordingServer } from '../support/recording-server.ts';
import { testConfig } from '../support/sidecar-config.ts';
import { startTestSidecar } from '../support/start-test-sidecar.ts';
import { unsignedJwt } from '../support/unsigned-jwt.ts';

const text = ({ body }: WireRequest): string => body.toString('utf8');
const key = (name: string): object => ({ name: 'acme-secret', key: name });
const publicClient = { authentication: 'None' };

describe('part B: the token request of the other grants', () => {
  const passwordGrant = { type: 'Password', password: { username: 'admin user', passwordRef: key('password') } };
  const secretData = { password: 'p+s%w&rd', username: 'técnico' };

  it('B20 Password: user name and password beside the client (RFC 6749 section 4.3.2)', async () => {
    const { request } = await askForToken({ grant: { ...passwordGrant, scope: 'a b' }, secretData });
    expect(text(request)).toBe('grant_type=password&username=admin+user&password=p%2Bs%25w%26rd&scope=a+b');
    expect(headerValue(request, 'authorization')).toBe('Basic YWNtZTpzM2NyM3Q=');
  });

  it('B20 Password: the user name from a Secret, a client in the body, and JSON', async () => {
    const { request } = await askForToken({
      tokenEndpoint: { contentType: 'application/json' },
      client: { authentication: 'ClientSecretPost' },
      grant: { type: 'Password', password: { usernameRef: key('username'), passwordRef: key('password') } },
      secretData,
    });
    expect(text(request)).toBe(
      '{"grant_type":"password","client_id":"acme","client_secret":"s3cr3t","username":"técnico","password":"p+s%w&rd"}',
    );
  });

  it.each([
    ['UAA', 401, { error: 'unauthorized', error_description: 'Name or password mismatch' }],
    ['a server that says no more', 401, undefined],
    ['Keycloak', 401, { error: 'invalid_grant', error_description: 'Invalid user credentials' }],
    ['RFC 6749 section 5.2', 400, { error: 'invalid_grant' }],
  ])('B20 Password: the hint names the user and not the client, and nothing is asked again (%s)', async (_server, status, answer) => {
    const body = answer === undefined ? httpAnswer({ status }) : jsonAnswer(answer, { status });
    // Throws if it may be asked again.
    const failure = await failureFrom(body, { grant: passwordGrant, secretData });
    expect(failure.code).toBe('token_rejected');
    expect(failure.hint).toMatch(/grant\.password: the user name, the password/);
    expect(failure.hint).not.toContain('client.');
  });

  it('B20 Password: of a client that is wrong the hint names the client', async () => {
    const failure = await failureFrom(jsonAnswer({ error: 'invalid_client' }, { status: 401 }), { grant: passwordGrant, secretData });
    expect(failure.hint).toContain('client.secretRef');
  });

  const jwt = unsignedJwt({ sub: 'u1' });
  const jwtBearer = { type: 'JWTBearer', jwtBearer: { assertionRef: key('jwt') } };

  it('B24 JWTBearer: a JWT from a Secret (RFC 7523 section 2.1)', async () => {
    const { request } = await askForToken({ client: publicClient, grant: jwtBearer, secretData: { jwt } });
    expect(text(request)).toBe(`grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&client_id=acme&assertion=${jwt}`);
    expect(headerValue(request, 'authorization')).toBeUndefined();
  });

  it('B24 JWTBearer: signed here, for the token endpoint and from the client unless the credential says otherwise', async () => {
    const { key: privateKey } = makeCertificate('jwt', { rsaBits: 2048 });
    const claimsOf = async (fields: object): Promise<object> => {
      const assertion = { subject: 'u1', keyRef: key('tls.key'), ...fields };
      const { request, origin } = await askForToken({
        grant: { type: 'JWTBearer', jwtBearer: { assertion } },
        secretData: { 'tls.key': privateKey },
      });
      const [, claims = ''] = new URLSearchParams(text(request)).get('assertion')?.split('.') ?? [];
      return { origin, ...JSON.parse(Buffer.from(claims, 'base64url').toString()) };
    };
    const plain = await claimsOf({});
    expect(plain).toMatchObject({ iss: 'acme', sub: 'u1', aud: `${'origin' in plain ? String(plain.origin) : ''}/token` });
    expect(await claimsOf({ issuer: 'idp', audience: 'sts', claims: [{ name: 'tenant', value: 't1' }] })).toMatchObject({
      iss: 'idp',
      aud: 'sts',
      tenant: 't1',
    });
  });

  it('B24 JWTBearer: of an assertion that has expired the hint says when', async () => {
    const failure = await failureFrom(jsonAnswer({ error: 'invalid_grant' }, { status: 400 }), {
      grant: jwtBearer,
      secretData: { jwt: unsignedJwt({ sub: 'u1', exp: 1_700_000_000 }) },
    });
    expect(failure.hint).toContain('The assertion expired at 2023-11-14T22:13:20.000Z.');
    expect(failure.hint).toContain('grant.jwtBearer.assertionRef');
  });

  const exchange = { subjectTokenRef: key('subject'), subjectTokenType: 'urn:ietf:params:oauth:token-type:jwt' };
  const tokens = { subject: 'subject+token', actor: 'actor' };

  it('B25 TokenExchange: subject and actor, the type that is wanted, audience and resource (RFC 8693 section 2.1)', async () => {
    const { request } = await askForToken({
      grant: {
        type: 'TokenExchange',
        tokenExchange: { ...exchange, actorTokenRef: key('actor'), requestedTokenType: 'urn:ietf:params:oauth:token-type:access_token' },
        scope: 'read',
        resource: ['https://api.example/'],
        audience: ['orders'],
      },
      secretData: tokens,
    });
    const type = 'urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3A';
    expect(text(request)).toBe(
      `grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token=subject%2Btoken&subject_token_type=${type}jwt` +
        `&actor_token=actor&actor_token_type=${type}access_token&requested_token_type=${type}access_token` +
        '&scope=read&resource=https%3A%2F%2Fapi.example%2F&audience=orders',
    );
  });

  it('B25 TokenExchange: what was issued is kept with the token', async () => {
    const issued = 'urn:ietf:params:oauth:token-type:access_token';
    const ask = { grant: { type: 'TokenExchange', tokenExchange: exchange }, secretData: tokens };
    const answer = { access_token: 'tok', token_type: 'Bearer', expires_in: 60 };
    expect(await tokenFrom(jsonAnswer({ ...answer, issued_token_type: issued }), ask)).toMatchObject({ issuedTokenType: issued });
    expect(await tokenFrom(jsonAnswer({ ...answer, issued_token_type: 'subject+token' }), ask)).not.toHaveProperty('issuedTokenType');
  });

  it('B25 TokenExchange: what was issued is in the log', async () => {
    const issued = 'urn:ietf:params:oauth:token-type:access_token';
    await using endpoint = await startRecordingServer(jsonAnswer({ access_token: 'tok', token_type: 'Bearer', issued_token_type: issued }));
    await using api = await startRecordingServer(httpAnswer());
    const tokenExchange = { subjectToken: { value: 'subject+token' }, subjectTokenType: 'urn:x' };
    const grant = { type: 'TokenExchange' as const, tokenExchange };
    await using sidecar = await startTestSidecar({ configs: { a: testConfig({ upstream: api.url, tokenEndpoint: endpoint.url, grant }) } });
    expect((await call(`${sidecar.url}/a/orders`)).status).toBe(200);
    expect(sidecar.log.find((line) => line.includes('Token obtained'))).toContain(`"issuedTokenType":"${issued}"`);
  });

  it('B25 TokenExchange: a token of type N_A is no bearer token, unless the credential says how it is sent (RFC 8693 section 2.2.1)', async () => {
    const issued = 'urn:ietf:params:oauth:token-type:saml2';
    const ask = { grant: { type: 'TokenExchange', tokenExchange: exchange }, secretData: tokens };
    const { accessToken: value, tokenType: type = '' } = await tokenFrom(
      jsonAnswer({ access_token: 'tok', token_type: 'N_A', issued_token_type: issued }),
      ask,
    );
    expect(authorizationValue({ value, type, issuedType: issued }, { header: 'Authorization' })).toMatchObject({
      ok: false,
      failure: { code: 'token_malformed', detail: expect.stringContaining(issued), hint: expect.stringContaining('injection.scheme') },
    });
    expect(authorizationValue({ value, type }, { header: 'Authorization', scheme: 'SAML' })).toEqual({ ok: true, value: 'SAML tok' });
  });

  it('B25 TokenExchange: a subject token that is refused is named (RFC 8693 section 2.2.2)', async () => {
    const ask = { grant: { type: 'TokenExchange', tokenExchange: exchange }, secretData: tokens };
    const failure = await failureFrom(jsonAnswer({ error: 'invalid_request' }, { status: 400 }), ask);
    expect(failure.hint).toContain('grant.tokenExchange.subjectTokenRef');
  });

  const refresh = { grant: { type: 'RefreshToken', refreshToken: { refreshTokenRef: key('refresh') } }, secretData: { refresh: 'r/1' } };

  it.each([
    ['none', {}],
    ['an empty one', { refresh_token: '' }],
    ['the same', { refresh_token: 'r/1' }],
  ])('B26 RefreshToken: an answer with %s is a token (RFC 6749 section 6)', async (_name, fields) => {
    const answer = jsonAnswer({ access_token: 'tok', ...fields });
    const { request, attempt } = await askForToken({ ...refresh, answer });
    expect(text(request)).toBe('grant_type=refresh_token&refresh_token=r%2F1');
    expect(attempt.ok).toBe(true);
  });

  it('B26 RefreshToken: an answer with another one is an error with a hint, and shows neither', async () => {
    const failure = await failureFrom(jsonAnswer({ access_token: 'tok', refresh_token: 'rotated-one' }), refresh);
    expect(failure).toMatchObject({ code: 'token_malformed', hint: expect.stringContaining('rotates refresh tokens') });
    expect(JSON.stringify(failure)).not.toMatch(/rotated-one|r\/1|tok"/);
  });

  it('B26 RefreshToken: one that is no longer good is named', async () => {
    const failure = await failureFrom(jsonAnswer({ error: 'invalid_grant' }, { status: 400 }), refresh);
    expect(failure.hint).toContain('grant.refreshToken.refreshTokenRef');
  });

  it('B27 IAS technical user: the resource of a dependency, and Basic as the RFC has it', async () => {
    const { request } = await askForToken({
      client: { id: '09f1ee2a:x', basicEncoding: 'FormURLEncoded' },
      secret: 'p+s%w rd',
      grant: { ...passwordGrant, resource: ['urn:sap:identity:application:provider:name:orders'] },
      secretData,
    });
    expect(text(request)).toBe(
      'grant_type=password&username=admin+user&password=p%2Bs%25w%26rd&resource=urn%3Asap%3Aidentity%3Aapplication%3Aprovider%3Aname%3Aorders',
    );
    const basic = headerValue(request, 'authorization')?.replace('Basic ', '') ?? '';
    expect(Buffer.from(basic, 'base64').toString()).toBe('09f1ee2a%3Ax:p%2Bs%25w+rd');
  });

  it.each([
    ['Password', passwordGrant, 'password'],
    ['JWTBearer', jwtBearer, 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
    ['RefreshToken', refresh.grant, 'refresh_token'],
  ])('a server that does not offer the grant %s: the hint names it', async (_name, grant, grantType) => {
    const data = { ...secretData, jwt, refresh: 'r' };
    const failure = await failureFrom(jsonAnswer({ error: 'unsupported_grant_type' }, { status: 400 }), { grant, secretData: data });
    expect(failure.hint).toContain(`the grant ${grantType},`);
  });

  it('a login that is no OAuth sends what its parameters say and no grant_type, by POST or GET', async () => {
    const parameters = [
      { name: 'user', value: 'admin' },
      { name: 'pass', secretKeyRef: key('password') },
    ];
    const ask = { client: { id: undefined, ...publicClient }, grant: { type: 'None' }, secretData };
    const post = await askForToken({ ...ask, tokenEndpoint: { contentType: 'application/json', parameters } });
    expect(text(post.request)).toBe('{"user":"admin","pass":"p+s%w&rd"}');
    const get = await askForToken({ ...ask, path: '/login?sap-client=100', tokenEndpoint: { method: 'GET', parameters } });
    expect(get.request.target).toBe('/login?sap-client=100&user=admin&pass=p%2Bs%25w%26rd');
  });

  it('a client without an id sends none', async () => {
    const { request } = await askForToken({
      client: { id: undefined, ...publicClient },
      grant: refresh.grant,
      secretData: refresh.secretData,
    });
    expect(text(request)).toBe('grant_type=refresh_token&refresh_token=r%2F1');
  });
});
