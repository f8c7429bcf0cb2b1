import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { Sensitive } from '../../crds/sensitive.ts';
import { type SidecarConfig, sidecarConfigFile } from '../../crds/sidecar-config.ts';
import { tokenIdentity } from './token-identity.ts';

function decode(json: unknown): SidecarConfig {
  const config = sidecarConfigFile.parse(json);
  if ('invalid' in config) throw new Error(config.invalid);
  return config;
}

/** Few and tricky values, so that two configurations often are alike and often look alike. */
const text = fc.constantFrom(
  'a',
  'b',
  'ab',
  '',
  'a,b',
  '"',
  '\\',
  '\\"',
  '":"',
  '[',
  ']',
  '{}',
  'null',
  '\u0000',
  'a\u0000b',
  '\ud800',
  '\ud801',
  '�',
);
const some = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> => fc.option(arbitrary, { nil: undefined, freq: 1 });
const texts = some(fc.array(text, { maxLength: 2 }));
const tls = some(fc.record({ ca: text, certificate: text, key: text, serverName: text }, { requiredKeys: [] }));
const proxy = some(fc.record({ url: text, username: text, password: text }, { requiredKeys: ['url'] }));
const supplied = fc.oneof(fc.record({ value: text }), fc.constant({ from: 'ProjectedToken' }));
const signing = { key: text, algorithm: fc.constantFrom('RS256', 'ES256'), keyId: text, thumbprint: text };
const nameAndValue = fc.record({ name: text, value: text });
const samlBearer = fc.record(
  {
    profile: fc.constantFrom('RFC7522', 'SuccessFactors'),
    companyId: text,
    supplied: text,
    assertion: fc.record(
      {
        nameID: text,
        nameIDType: fc.constantFrom('UserID', 'UserName'),
        attributes: fc.array(nameAndValue, { maxLength: 2 }),
        key: text,
        certificate: text,
      },
      { requiredKeys: ['nameID', 'key', 'certificate'] },
    ),
  },
  { requiredKeys: [] },
);
const jwtBearer = fc.record(
  {
    supplied: text,
    assertion: fc.record(
      { issuer: text, subject: text, claims: fc.array(nameAndValue, { maxLength: 2 }), ...signing },
      { requiredKeys: ['subject', 'key'] },
    ),
  },
  { requiredKeys: [] },
);
const tokenExchange = fc.record(
  { subjectToken: supplied, subjectTokenType: text, actorToken: supplied, actorTokenType: text, requestedTokenType: text },
  { requiredKeys: ['subjectToken', 'subjectTokenType'] },
);
const parameter = fc.record(
  { name: text, value: text, in: fc.constantFrom('Body', 'Header', 'Query') },
  { requiredKeys: ['name', 'value'] },
);

const asking = fc.record(
  {
    tokenEndpoint: fc.record(
      {
        url: text,
        method: fc.constantFrom('POST', 'GET'),
        contentType: fc.constantFrom('application/x-www-form-urlencoded', 'application/json'),
        grantTypeIn: fc.constantFrom('Body', 'Query'),
        parameters: fc.array(parameter, { maxLength: 2 }),
        response: fc.record({ accessToken: text, expiresIn: text, tokenType: text, error: text }, { requiredKeys: [] }),
        defaultLifetimeSeconds: fc.constantFrom(300, 301),
        timeoutSeconds: fc.constantFrom(10, 11),
        tls,
        proxy,
      },
      { requiredKeys: ['url'] },
    ),
    client: fc.record(
      {
        id: text,
        authentication: fc.constantFrom('ClientSecretBasic', 'ClientSecretPost', 'PrivateKeyJWT', 'ClientAssertion', 'None'),
        secret: text,
        privateKeyJWT: fc.record(signing, { requiredKeys: ['key'] }),
        clientAssertion: supplied,
        assertionAudience: text,
        basicEncoding: fc.constantFrom('Raw', 'FormURLEncoded'),
        bodyId: text,
      },
      { requiredKeys: [] },
    ),
    grant: some(
      fc.record(
        {
          type: fc.constantFrom('ClientCredentials', 'Password', 'RefreshToken', 'None'),
          scope: text,
          audience: texts,
          resource: texts,
          password: fc.record({ username: text, password: text }),
          saml2Bearer: samlBearer,
          jwtBearer,
          tokenExchange,
          refreshToken: fc.record({ refreshToken: text }),
        },
        { requiredKeys: [] },
      ),
    ),
  },
  { requiredKeys: ['tokenEndpoint', 'client'] },
);

/** Undefined members are what JSON leaves out. */
function file(part: object, upstream = 'https://api.example'): unknown {
  return JSON.parse(JSON.stringify({ version: 1, upstream: { url: upstream }, ...part }));
}

/** What the token request is made of, as the codec itself writes it. */
function asked(config: SidecarConfig): unknown {
  const encoded = z.encode(sidecarConfigFile, config);
  if ('invalid' in encoded) throw new Error(encoded.invalid);
  const { tokenEndpoint, client, grant } = encoded;
  return { tokenEndpoint, client, grant };
}

function reordered<T>(value: T): T;
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((member) => reordered(member));
  if (typeof value !== 'object' || value === null || value instanceof Sensitive) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, member]) => [name, reordered(member)]),
  );
}

/** Jest's equality, without its leniency for members that are undefined: the codec writes none. */
function alike(a: unknown, b: unknown): boolean {
  try {
    expect(a).toStrictEqual(b);
    return true;
  } catch {
    return false;
  }
}

test('two configurations have one identity exactly if their token requests are alike', () => {
  // Half of the pairs differ in one part only.
  const pair = fc.tuple(asking, asking, fc.subarray(['tokenEndpoint', 'client', 'grant'] as const)).map(([a, b, kept]) => {
    const near: Record<string, unknown> = { ...b };
    for (const name of kept) near[name] = a[name];
    return [a, near] as const;
  });
  const seen = { alike: 0, different: 0 };
  fc.assert(
    fc.property(pair, ([a, b]) => {
      const one = decode(file(a));
      const other = decode(file(b));
      const same = alike(asked(one), asked(other));
      seen[same ? 'alike' : 'different'] += 1;
      expect(tokenIdentity(one) === tokenIdentity(other)).toBe(same);
    }),
    { numRuns: 2000 },
  );
  expect(Math.min(seen.alike, seen.different)).toBeGreaterThan(50);
});

/** Two of each kind of material, and of what goes with it. */
function materialVariants(client: object, grant: object): object[] {
  const clients = ['1', '2'].flatMap((n) => [
    { assertionAudience: n },
    { privateKeyJWT: { key: n } },
    { privateKeyJWT: { key: n, algorithm: 'PS256' } },
    { privateKeyJWT: { key: n, keyId: n } },
    { privateKeyJWT: { key: n, thumbprint: n } },
    { clientAssertion: { value: n } },
  ]);
  const saml = { nameID: 'u', key: 'k', certificate: 'c' };
  const grants = ['1', '2'].flatMap((n) => [
    { password: { username: n, password: 'p' } },
    { password: { username: 'u', password: n } },
    { saml2Bearer: { supplied: n } },
    { saml2Bearer: { assertion: saml, companyId: n } },
    { saml2Bearer: { assertion: { ...saml, nameID: n } } },
    { saml2Bearer: { assertion: { ...saml, key: n } } },
    { saml2Bearer: { assertion: { ...saml, certificate: n } } },
    { saml2Bearer: { assertion: { ...saml, attributes: [{ name: 'a', value: n }] } } },
    { jwtBearer: { supplied: n } },
    { jwtBearer: { assertion: { subject: n, key: 'k' } } },
    { jwtBearer: { assertion: { subject: 'u', key: n } } },
    { jwtBearer: { assertion: { subject: 'u', key: 'k', claims: [{ name: 'c', value: n }] } } },
    { tokenExchange: { subjectToken: { value: n }, subjectTokenType: 't' } },
    { tokenExchange: { subjectToken: { value: 's' }, subjectTokenType: n } },
    { tokenExchange: { subjectToken: { value: 's' }, subjectTokenType: 't', actorToken: { value: n }, actorTokenType: 't' } },
    { tokenExchange: { subjectToken: { value: 's' }, subjectTokenType: 't', requestedTokenType: n } },
    { refreshToken: { refreshToken: n } },
  ]);
  return [
    ...clients.map((fields) => ({ client: { ...client, ...fields } })),
    { client: { ...client, clientAssertion: { from: 'ProjectedToken' } } },
    ...grants.map((fields) => ({ grant: { ...grant, ...fields } })),
    { grant: { ...grant, tokenExchange: { subjectToken: { from: 'ProjectedToken' }, subjectTokenType: 't' } } },
    ...['Password', 'None'].map((type) => ({ grant: { ...grant, type } })),
  ];
}

test('each single difference in a token request is another identity', () => {
  const base = { tokenEndpoint: { url: 'https://idp.example/token' }, client: { id: 'acme', secret: 's3cr3t' }, grant: { scope: 'admin' } };
  const { tokenEndpoint, client, grant } = base;
  const parameters = [
    { name: 'p', value: 'v' },
    { name: 'q', value: 'v' },
  ];
  const variants: object[] = [
    {},
    { tokenEndpoint: { ...tokenEndpoint, url: 'https://idp.example/token2' } },
    { tokenEndpoint: { ...tokenEndpoint, method: 'GET' } },
    { tokenEndpoint: { ...tokenEndpoint, contentType: 'application/json' } },
    { tokenEndpoint: { ...tokenEndpoint, grantTypeIn: 'Query' } },
    { tokenEndpoint: { ...tokenEndpoint, parameters } },
    { tokenEndpoint: { ...tokenEndpoint, parameters: parameters.toReversed() } },
    { tokenEndpoint: { ...tokenEndpoint, parameters: [{ ...parameters[0], in: 'Query' }, parameters[1]] } },
    { tokenEndpoint: { ...tokenEndpoint, response: { accessToken: 'data.token' } } },
    { tokenEndpoint: { ...tokenEndpoint, tls: { ca: 'pem' } } },
    { tokenEndpoint: { ...tokenEndpoint, tls: { certificate: 'pem', key: 'k1' } } },
    { tokenEndpoint: { ...tokenEndpoint, tls: { certificate: 'pem', key: 'k2' } } },
    { tokenEndpoint: { ...tokenEndpoint, proxy: { url: 'http://proxy.example' } } },
    { tokenEndpoint: { ...tokenEndpoint, proxy: { url: 'http://proxy.example', username: 'u', password: 'p1' } } },
    { tokenEndpoint: { ...tokenEndpoint, proxy: { url: 'http://proxy.example', username: 'u', password: 'p2' } } },
    { client: { ...client, id: 'acme2' } },
    { client: { ...client, secret: 'rotated' } },
    { client: { ...client, authentication: 'ClientSecretPost' } },
    { client: { ...client, basicEncoding: 'FormURLEncoded' } },
    { client: { ...client, bodyId: 'acme' } },
    { grant: { ...grant, scope: 'user' } },
    { grant: { ...grant, audience: ['x'] } },
    { grant: { ...grant, resource: ['x'] } },
    ...materialVariants(client, grant),
  ];
  const identities = variants.map((variant) => tokenIdentity(decode(file({ ...base, ...variant }))));
  expect(new Set(identities).size).toBe(variants.length);
});

test('upstream, injection and cache make no difference, nor do spelled-out defaults or the order of members', () => {
  const base = { tokenEndpoint: { url: 'https://idp.example/token' }, client: { id: 'acme', secret: 's3cr3t' } };
  const identity = tokenIdentity(decode(file(base)));
  const others = [
    file(base, 'https://other.example'),
    file({ ...base, injection: { header: 'X-Api-Token', scheme: '' } }),
    file({ ...base, cache: { refreshBeforeSeconds: 60, refreshOn403: true } }),
    file({
      ...base,
      tokenEndpoint: { ...base.tokenEndpoint, method: 'POST', parameters: [], tls: {} },
      grant: { type: 'ClientCredentials' },
    }),
  ];
  for (const other of others) expect(tokenIdentity(decode(other))).toBe(identity);
  expect(tokenIdentity(reordered(decode(file(base))))).toBe(identity);
});

test('an identity shows no secret', () => {
  const identity = tokenIdentity(decode(file({ tokenEndpoint: { url: 'https://idp.example' }, client: { id: 'acme', secret: 's3cr3t' } })));
  expect(identity).toMatch(/^[\w-]{43}$/u);
});
