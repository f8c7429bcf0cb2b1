import { expect, it } from 'vitest';
import { parseSidecarConfig } from '../../crds/parse-sidecar-config.ts';
import { Sensitive } from '../../crds/sensitive.ts';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { canarySecret, canaryToken, findTraces } from '../../test/support/canary.ts';
import { testConfig, type TestConfig } from '../../test/support/sidecar-config.ts';
import { unsignedJwt } from '../../test/support/unsigned-jwt.ts';
import { describeToken } from './describe-token.ts';
import { findOddities } from './odd-claims.ts';
import { readTokenFacts } from './token-facts.ts';

const nowMs = Date.parse('2030-01-01T00:00:00Z');
const now = nowMs / 1000;
const issue = { nowMs, lifetimeMs: 3_600_000 };

function configOf(config: Partial<TestConfig>): SidecarConfig {
  const text = testConfig({ upstream: 'https://api.example/v1', tokenEndpoint: 'https://login.example/token', ...config });
  const parsed = parseSidecarConfig(new Sensitive(JSON.stringify(text)));
  if (!parsed.ok || 'invalid' in parsed.config) throw new Error('not a configuration');
  return parsed.config;
}

type Claims = Readonly<Record<string, unknown>>;

const usual = { iss: 'https://login.example', aud: 'orders', iat: now, exp: now + 3600 };

const describe = (token: string, config: Partial<TestConfig> = {}) =>
  describeToken({ token, facts: readTokenFacts(token), issue, material: {} }, configOf(config));

const oddities = (claims: Claims, config: Partial<TestConfig> = {}, lifetimeMs = issue.lifetimeMs): string[] => {
  const header = Buffer.from(JSON.stringify({ alg: 'RS256' })).toString('base64url');
  const [, payload] = unsignedJwt({ ...usual, ...claims }).split('.');
  const facts = readTokenFacts(`${header}.${payload}.x`);
  return facts === undefined
    ? []
    : findOddities(facts, configOf(config), { nowMs, lifetimeMs }).map(({ code, text }) => `${code}: ${text}`);
};

it('lists the claims that say for whom a token is, and of the others the names alone', () => {
  const token = unsignedJwt({
    ...usual,
    aud: ['orders', 'https://api.example'],
    sub: 'service-7',
    azp: 'acme',
    scope: 'read write',
    realm_access: { roles: ['admin'] },
    tid: 'tenant-1',
    jti: canaryToken('jti'),
    email: 'erika@example.org',
    cnf: { jkt: canaryToken('cnf') },
  });
  const { details, summary } = describe(token);
  expect(summary).toBe('a JWT of https://login.example, read and not verified; odd: unsigned');
  expect(details).toEqual([
    'issuer      https://login.example',
    'audience    orders, https://api.example',
    'subject     service-7',
    'client      acme',
    'scopes      read write admin',
    'tenant      tenant-1 (tid)',
    'issued      2030-01-01T00:00:00Z, 0 s ago',
    'expires     2030-01-01T01:00:00Z, in 1 h',
    'header      alg none',
    'not shown   jti, email (of a person), cnf',
    'odd: It is not signed (alg none): no API should take it.',
  ]);
  expect(findTraces(details.join('\n'))).toEqual([]);
});

it('shows no person, no secret and nothing that steers a terminal', () => {
  const { details } = describe(
    unsignedJwt({ ...usual, sub: 'erika@example.org', iss: canarySecret('client'), client_id: 'a\u001b[31mb', aud: 'x'.repeat(500) }),
  );
  const text = details.join('\n');
  expect(text).not.toMatch(/erika|(?!\n)\p{Cc}/u);
  expect(text).toContain('subject     an address (not shown)');
  expect(text).toContain('issuer      [redacted]');
  expect(Math.max(...details.map((line) => line.length))).toBeLessThan(150);
  expect(findTraces(text)).toEqual([]);
});

it('says of a token that cannot be read what can be said', () => {
  expect(describe(canaryToken('opaque'))).toMatchObject({
    outcome: 'ok',
    summary: expect.stringMatching(/^no JWT, 19 characters/),
    details: ['lives for 1 h'],
  });
  const header = Buffer.from(JSON.stringify({ alg: 'RSA-OAEP', enc: 'A256GCM' })).toString('base64url');
  expect(describe(`${header}.a.b.c.d`).summary).toMatch(/^an encrypted JWT/);
});

it.each<[what: string, claims: Claims, config: Partial<TestConfig>, expected: RegExp]>([
  ['that has expired', { exp: now - 120 }, {}, /^expired: It has expired 2 min ago/],
  ['that is not valid yet', { nbf: now + 30 }, {}, /^too early: It is not valid yet: nbf is 30 s ahead/],
  ['of the future', { iat: now + 600, exp: now + 4200 }, {}, /^too early: It was issued in the future: iat is 10 min ahead/],
  [
    'that does not live as long as the endpoint says',
    { exp: now + 300 },
    {},
    /^lifetime: The endpoint says that it lives for 1 h, the token itself says 5 min/,
  ],
  ['that never expires', { exp: undefined }, {}, /^lifetime: It never expires/],
  [
    'for another host',
    { aud: 'https://other.test/x' },
    {},
    /^audience: Its audience is https:\/\/other\.test\/x, which has nothing to do with the API's host api\.example/,
  ],
  ['for the issuer itself', { aud: 'https://login.example' }, {}, /^audience: Its audience is the issuer itself/],
  ['for Keycloak itself', { aud: 'account' }, {}, /^audience: Its audience is account/],
  [
    'for another audience than was asked for',
    {},
    { grant: { audience: ['billing'] } },
    /^audience: Its audience is orders, though grant\.audience asks for billing/,
  ],
  [
    'for none',
    { aud: undefined },
    { grant: { resource: ['https://api.example'] } },
    /^audience: It has no audience, though grant\.resource asks for/,
  ],
  ['without a scope', {}, { grant: { scope: 'read' } }, /^scope: It has no scope, though grant\.scope asks for read/],
  ['with fewer scopes', { scp: ['read'] }, { grant: { scope: 'read write' } }, /^scope: It lacks scopes that grant\.scope asks for: write/],
  [
    "of another tenant of Entra's",
    { tid: '11111111-2222-3333-4444-555555555555' },
    { tokenEndpoint: 'https://login.microsoftonline.com/aaaaaaaa-2222-3333-4444-555555555555/oauth2/v2.0/token' },
    /^tenant: It is of the tenant 1111.*\(tid\), and tokenEndpoint\.url names aaaa/,
  ],
  [
    'of another subaccount',
    { ext_attr: { zdn: 'other' } },
    { tokenEndpoint: 'https://acme.authentication.eu10.hana.ondemand.com/oauth/token' },
    /^tenant: It is of the tenant other \(ext_attr\.zdn\), and tokenEndpoint\.url names acme/,
  ],
  [
    'of another realm',
    { iss: 'https://kc.example/realms/two' },
    { tokenEndpoint: 'https://kc.example/realms/one/protocol/openid-connect/token' },
    /^tenant: It was issued by the realm two, and tokenEndpoint\.url names one/,
  ],
  ['that is an ID token of Keycloak', { typ: 'ID' }, {}, /^kind: It is an ID token/],
  ['that is a refresh token', { typ: 'Refresh' }, {}, /^kind: It is a refresh token/],
  [
    'that is an ID token, by what it holds',
    { at_hash: 'x' },
    { tokenEndpoint: { url: 'https://login.example/token', response: { accessToken: 'id_token' } } },
    /^kind: It is an ID token.*tokenEndpoint\.response\.accessToken is id_token/,
  ],
])('finds a token odd %s', (_what, claims, config, expected) => {
  const found = oddities(claims, config);
  expect(found[0]).toMatch(expected);
  expect(found).toHaveLength(1);
});

it.each<[what: string, claims: Claims, config: Partial<TestConfig>, lifetimeMs?: number]>([
  ['with a name as its audience', {}, {}],
  ['for the host of the API', { aud: 'https://api.example' }, {}],
  ['for another host of the same owner', { aud: ['https://graph.acme.example/x'] }, { upstream: 'https://api.acme.example' }],
  ['for what was asked for, but for a slash', { aud: 'https://x.test' }, { grant: { resource: ['https://x.test/'] } }],
  ['without an audience', { aud: undefined }, {}],
  [
    'whose scope stands behind an API in the request',
    { scp: 'User.Read' },
    { grant: { scope: 'https://graph.test/User.Read offline_access' } },
  ],
  ['that was asked for by default scopes', { roles: ['a'] }, { grant: { scope: 'api://x/.default' } }],
  ['that the endpoint gives for the second time', { iat: now - 3000, exp: now + 600 }, {}, 600_000],
  ['whose end the endpoint puts a little earlier', {}, {}, 3_300_000],
  ['from a clock that is a little ahead', { iat: now + 20 }, {}],
  [
    'of the tenant of its endpoint',
    { ext_attr: { zdn: 'acme' } },
    { tokenEndpoint: 'https://acme.authentication.eu10.hana.ondemand.com/oauth/token' },
  ],
])('finds nothing odd about a token %s', (_what, claims, config, lifetimeMs) => {
  expect(oddities(claims, config, lifetimeMs)).toEqual([]);
});

it.each<[claims: Claims, hasUser: boolean | undefined]>([
  [{ sub: 'acme', client_id: 'acme' }, false],
  [{ sub: 'x', idtyp: 'app' }, false],
  [{ sub: 'x', azp: 'acme', preferred_username: 'service-account-acme' }, false],
  [{ client_id: 'acme', grant_type: 'client_credentials' }, false],
  [{ sub: 'x', user_name: 'erika', client_id: 'acme' }, true],
  [{ sub: 'x', azp: 'acme' }, undefined],
])('tells a token of a user from one of a client: %j', (claims, hasUser) => {
  expect(readTokenFacts(unsignedJwt(claims))?.hasUser).toBe(hasUser);
});

it('shows no secret in what is no text, nor as the name of a claim', () => {
  const secret = canarySecret('claimed');
  const [, payload] = unsignedJwt({ ...usual, [secret]: 1 }).split('.');
  const header = Buffer.from(JSON.stringify({ alg: 'RS256', kid: { of: secret } })).toString('base64url');
  const described = describe(`${header}.${payload}.x`, { client: { id: 'acme', authentication: 'ClientSecretBasic', secret } });
  expect(JSON.stringify(described)).not.toContain(secret);
  expect(described.details.join()).toContain('kid [redacted]');
});

it('takes an issuer that is no URL for no other realm', () => {
  expect(oddities({ iss: 'acme issuer' }, { tokenEndpoint: 'https://login.example/realms/a/token' })).toEqual([]);
});

it('survives claims of any shape', () => {
  const claims = {
    iss: 1,
    aud: [1, null],
    scope: {},
    roles: 'x',
    realm_access: [],
    ext_attr: null,
    exp: 1e300,
    iat: 'soon',
    nbf: null,
    sub: [],
    azp: {},
  };
  expect(() => describe(unsignedJwt(claims))).not.toThrow();
  expect(() => describe('e30.W10.x')).not.toThrow();
});
