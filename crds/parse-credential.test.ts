import { expect, test } from 'vitest';
import { parseCredential } from './parse-credential.ts';

const leastThatWorks = {
  upstream: { url: 'https://api.iot.example' },
  tokenEndpoint: { url: 'https://iot.authentication.example/oauth/token' },
  client: { id: 'sb-iot!b1', secretRef: { name: 'leonardo-iot' } },
};

const manifest = (spec: unknown = leastThatWorks, more: object = {}) => ({
  apiVersion: 'tokenward.dev/v1alpha1',
  kind: 'OAuth2Credential',
  metadata: { name: 'leonardo-iot', namespace: 'iot' },
  spec,
  ...more,
});

/** `path: message` of each problem; none if the document is valid. */
function problemsOf(document: unknown): string[] {
  const parsed = parseCredential(document);
  return parsed.ok ? [] : parsed.problems.map(({ path, message }) => `${path}: ${message}`);
}

test('the least that works gets the defaults', () => {
  expect(parseCredential(manifest())).toEqual({
    ok: true,
    credential: manifest({
      upstream: { url: 'https://api.iot.example', connectTimeoutSeconds: 5, responseTimeoutSeconds: 60 },
      tokenEndpoint: {
        url: 'https://iot.authentication.example/oauth/token',
        method: 'POST',
        contentType: 'application/x-www-form-urlencoded',
        grantTypeIn: 'Body',
        defaultLifetimeSeconds: 300,
        timeoutSeconds: 10,
      },
      client: {
        id: 'sb-iot!b1',
        authentication: 'ClientSecretBasic',
        secretRef: { name: 'leonardo-iot', key: 'client-secret' },
        basicEncoding: 'Raw',
      },
      grant: { type: 'ClientCredentials' },
      injection: { header: 'Authorization' },
      cache: { refreshBeforeSeconds: 300, refreshOn403: false },
    }),
  });
});

test('what the cluster adds to an object is no mistake', () => {
  const metadata = { name: 'a', namespace: 'b', uid: 'c', generation: 2, labels: { d: 'e' }, managedFields: [{}], creationTimestamp: 'f' };
  expect(problemsOf(manifest(leastThatWorks, { metadata, status: { observedGeneration: 1, conditions: [] } }))).toEqual([]);
});

test.each([undefined, null, 3, 'text', [], [manifest()]])('%j is no manifest', (document) => {
  expect(problemsOf(document)).toEqual([': must be a manifest: a mapping with apiVersion, kind, metadata and spec']);
});

test('a document of another kind is told so, and nothing else', () => {
  expect(problemsOf({ apiVersion: 'v1', kind: 'Secret', data: {} })).toEqual([
    'apiVersion: must be tokenward.dev/v1alpha1, not "v1"',
    'kind: must be OAuth2Credential, not "Secret"',
  ]);
  expect(problemsOf({})).toEqual([
    'apiVersion: is required: set it to tokenward.dev/v1alpha1',
    'kind: is required: set it to OAuth2Credential',
  ]);
});

test('each unknown field is reported, with the field that was probably meant', () => {
  const spec = {
    ...leastThatWorks,
    tokenEndpoint: {
      ...leastThatWorks.tokenEndpoint,
      contenttype: 'application/json',
      parameters: [{ name: 'a', value: 'b', where: 'Body' }],
    },
    client: { ...leastThatWorks.client, secret: 's3cr3t', zone: null },
  };
  expect(problemsOf(manifest(spec, { metadata: { name: 'a', namspace: 'b' } }))).toEqual([
    'metadata.namspace: is not a field: did you mean namespace?',
    'spec.tokenEndpoint.parameters[0].where: is not a field: remove it; the fields here are name, value, secretKeyRef, in',
    'spec.tokenEndpoint.contenttype: is not a field: did you mean contentType?',
    'spec.client.secret: is not a field: did you mean secretRef?',
    'spec.client.zone: is not a field: remove it; the fields here are id, idFrom, authentication, secretRef, basicEncoding, bodyId, privateKeyJWT, clientAssertion, assertionAudience',
  ]);
});

test('what is missing, of the wrong type or out of bounds is said in plain English', () => {
  const spec = {
    upstream: { url: 'https://a.example', connectTimeoutSeconds: 301, responseTimeoutSeconds: 0.5, allow: [] },
    tokenEndpoint: { contentType: 'aplication/json', timeoutSeconds: '10', defaultLifetimeSeconds: 0, parameters: 'a' },
    client: { id: 1, secretRef: { name: '' }, authentication: 'basic' },
    grant: { type: 'Code', audience: [null], scope: 'a'.repeat(4097) },
    cache: { refreshOn403: 'yes' },
  };
  expect(problemsOf(manifest(spec))).toEqual([
    'spec.upstream.allow: must have at least one entry, or be left out',
    'spec.upstream.connectTimeoutSeconds: must be at most 300',
    'spec.upstream.responseTimeoutSeconds: must be a whole number, not a number with a fraction',
    'spec.tokenEndpoint.url: is required: add it',
    'spec.tokenEndpoint.contentType: must be one of application/x-www-form-urlencoded, application/json: did you mean application/json?',
    'spec.tokenEndpoint.parameters: must be a list, not a string',
    'spec.tokenEndpoint.defaultLifetimeSeconds: must be at least 1',
    'spec.tokenEndpoint.timeoutSeconds: must be a whole number, not a string',
    'spec.client.id: must be a string, not a number; put it in quotes',
    'spec.client.authentication: must be one of ClientSecretBasic, ClientSecretPost, ClientSecretJWT, PrivateKeyJWT, TLSClientAuth, ClientAssertion, None',
    'spec.client.secretRef.name: must not be empty',
    'spec.grant.type: must be one of ClientCredentials, Password, SAML2Bearer, JWTBearer, TokenExchange, RefreshToken, None',
    'spec.grant.scope: must have at most 4096 characters: shorten it',
    'spec.grant.audience[0]: must be a string, not null',
    'spec.cache.refreshOn403: must be true or false, not a string',
  ]);
});

test('a problem is sorted by a reason of the condition Accepted', () => {
  const parsed = parseCredential(
    manifest({ ...leastThatWorks, client: { authentication: 'None', id: 'a' }, upstream: { url: 'http://a.example' } }),
  );
  expect(parsed.ok ? [] : parsed.problems).toMatchObject([{ condition: 'Accepted', reason: 'InvalidURL', path: 'spec.upstream.url' }]);
});

test('a mistake elsewhere does not hide the one in the name', () => {
  const document = manifest({ ...leastThatWorks, grant: { scope: 1 } }, { metadata: { name: 'Leonardo.IoT' } });
  expect(problemsOf(document)).toEqual([
    'metadata.name: the name must be a DNS label, for it is an alias: at most 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit',
    'spec.grant.scope: must be a string, not a number; put it in quotes',
  ]);
});

test.each([
  [
    '{“userId”:"u1"}',
    'holds the curly quote U+201C at offset 1: JSON has straight quotes (U+0022) only; type the quotes anew in a plain-text editor',
  ],
  ['😀 ’', 'holds the curly quote U+2019 at offset 2: JSON has straight quotes (U+0022) only; type the quotes anew in a plain-text editor'],
  [
    '{"userId":"u1",}',
    'begins like JSON and is not: a quoted name expected at offset 15, found } (U+007D); correct it there, for a scope sent as application/json must be a JSON object or plain text',
  ],
])('the scope %s is refused at its place, under JSON only', (scope, message) => {
  const spec = (contentType: string) => ({
    ...leastThatWorks,
    tokenEndpoint: { ...leastThatWorks.tokenEndpoint, contentType },
    grant: { scope },
  });
  expect(problemsOf(manifest(spec('application/json')))).toEqual([`spec.grant.scope: ${message}`]);
  expect(problemsOf(manifest(spec('application/x-www-form-urlencoded')))).toEqual([]);
});

test('what belongs together in a grant is told by its field', () => {
  const key = { keyRef: { name: 'k' }, certificateRef: { name: 'k' } };
  const ofGrant = (grant: object, rest: object = {}) => problemsOf(manifest({ ...leastThatWorks, grant, ...rest }));
  expect(ofGrant({ type: 'Password', refreshToken: { refreshTokenRef: { name: 'r' } } })).toEqual([
    'spec.grant.password: is required by type: Password',
    'spec.grant.refreshToken: is used by type: RefreshToken alone: set that, or remove this field',
  ]);
  expect(
    ofGrant({ type: 'SAML2Bearer', saml2Bearer: { assertion: { nameID: 'u', nameIDType: 'UserName', issuer: 'i', ...key } } }),
  ).toEqual([
    'spec.grant.saml2Bearer.assertion.audience: is required by profile: RFC7522; only with profile: SuccessFactors can it be left out',
    'spec.grant.saml2Bearer.assertion.nameIDType: is understood by SuccessFactors alone: set profile: SuccessFactors, or choose UserID or EmailAddress',
  ]);
  const claims = ['aud', 'a', 'a'].map((name) => ({ name, value: 'v' }));
  expect(ofGrant({ type: 'JWTBearer', jwtBearer: { assertion: { subject: 's', ...key, claims } } })).toEqual([
    'spec.grant.jwtBearer.assertion.claims: holds the same name twice: remove one of the two entries',
    'spec.grant.jwtBearer.assertion.claims: must not hold iss, sub, aud, exp, iat, nbf, jti: issuer, subject, audience and lifetimeSeconds set some of them, the others are made anew for each assertion',
  ]);
  const tokenEndpoint = { ...leastThatWorks.tokenEndpoint, parameters: [{ name: 'refresh_token', value: 'v' }] };
  expect(ofGrant({ type: 'RefreshToken', refreshToken: { refreshTokenRef: { name: 'r' } } }, { tokenEndpoint })).toEqual([
    'spec.tokenEndpoint.parameters: the name refresh_token is reserved: set spec.grant.refreshToken.refreshTokenRef and remove this entry',
  ]);
  expect(ofGrant({ type: 'None' }, { tokenEndpoint })).toEqual([]);
});

test('no message repeats a value: it may be a secret in the wrong place', () => {
  const secret = 's3cr3t-canary';
  const spec = {
    upstream: {
      url: secret,
      allow: secret,
      headers: [{ name: secret, value: `${secret}\n`, secretKeyRef: { name: secret, key: `${secret}/` } }],
    },
    tokenEndpoint: {
      url: `https://acme:${secret}@a.example`,
      method: secret,
      contentType: 'application/json',
      tls: { serverName: `${secret}:` },
    },
    client: { id: `${secret}:`, secretRef: secret },
    grant: {
      scope: `{“${secret}`,
      audience: { [`a${secret}`]: 1 },
      resource: secret,
      password: { username: `${secret}\n`, passwordRef: secret },
      saml2Bearer: { assertion: { nameID: `${secret}\n`, attributes: [{ name: `${secret}\n`, value: `${secret}\u0000` }] } },
      jwtBearer: { assertion: { subject: `${secret}\n`, algorithm: secret, keyId: `${secret}\n` } },
      tokenExchange: { subjectTokenFrom: secret, subjectTokenType: `${secret}\n` },
      refreshToken: { refreshTokenRef: { name: secret, key: `${secret}/` } },
    },
    cache: secret,
  };
  const problems = problemsOf(manifest(spec));
  expect(problems.length).toBeGreaterThan(15);
  expect(problems.join('\n')).not.toContain(secret);
});

test('what is wrong in the grant is laid to the grant, and what is wrong in the client to the client', () => {
  const signing = { keyRef: { name: 'acme' }, keyId: 'k\u0001' };
  const reasonsOf = (parts: object): string[] => {
    const parsed = parseCredential(manifest({ ...leastThatWorks, ...parts }));
    return parsed.ok ? [] : parsed.problems.map(({ path, reason }) => `${path}: ${reason}`);
  };
  expect(reasonsOf({ grant: { type: 'Password', password: { username: 'u\n1', passwordRef: { name: 'acme' } } } })).toEqual([
    'spec.grant.password.username: InvalidGrant',
  ]);
  expect(reasonsOf({ grant: { type: 'JWTBearer', jwtBearer: { assertion: { subject: 'u1', ...signing } } } })).toEqual([
    'spec.grant.jwtBearer.assertion.keyId: InvalidGrant',
  ]);
  expect(reasonsOf({ client: { id: 'acme', authentication: 'PrivateKeyJWT', privateKeyJWT: signing } })).toEqual([
    'spec.client.privateKeyJWT.keyId: InvalidClient',
  ]);
});
