import { manifest, type CorpusEntry } from './credential-corpus.ts';

type Json = Readonly<Record<string, unknown>>;

const corpus: CorpusEntry[] = [];
const add = (verdict: CorpusEntry['verdict'], title: string, document: Json) => corpus.push({ verdict, title, document });

const ref = { name: 'a', key: 'b' };
const secret = { name: 'a' };
const withoutSecret = { secretRef: undefined };
const publicClient = { authentication: 'None', secretRef: undefined };
const nobody = { ...publicClient, id: undefined };
const longest = (length: number) => '😀'.repeat(length);

// Client authentication.
const signing = { keyRef: secret };
const everySigning = { keyRef: ref, keyId: 'k1', certificateRef: secret };
const client = (authentication: string, more: Json = withoutSecret, rest: Readonly<Record<string, Json>> = {}) =>
  manifest({ client: { authentication, ...more }, ...rest });

add('accepted', 'ClientSecretJWT', client('ClientSecretJWT', { assertionAudience: 'urn:x' }));
add('rule', 'ClientSecretJWT without a secret', client('ClientSecretJWT'));
add('accepted', 'PrivateKeyJWT', client('PrivateKeyJWT', { ...withoutSecret, privateKeyJWT: signing }));
for (const algorithm of ['RS256', 'PS256', 'ES256', 'EdDSA']) {
  const privateKeyJWT = { ...everySigning, algorithm };
  add('accepted', `PrivateKeyJWT by ${algorithm}`, client('PrivateKeyJWT', { ...withoutSecret, privateKeyJWT, assertionAudience: 'a' }));
}
add('accepted', 'an empty key id', client('PrivateKeyJWT', { ...withoutSecret, privateKeyJWT: { ...signing, keyId: '' } }));
add('rule', 'a key id with a line break', client('PrivateKeyJWT', { ...withoutSecret, privateKeyJWT: { ...signing, keyId: 'a\n' } }));
for (const algorithm of ['none', 'HS256', 'RS512', 'ES384', ''])
  add('schema', `the algorithm ${algorithm}`, client('PrivateKeyJWT', { ...withoutSecret, privateKeyJWT: { ...signing, algorithm } }));
add('schema', 'PrivateKeyJWT without a key', client('PrivateKeyJWT', { ...withoutSecret, privateKeyJWT: {} }));
add('rule', 'PrivateKeyJWT without its arm', client('PrivateKeyJWT'));
add('rule', 'PrivateKeyJWT with a secret', client('PrivateKeyJWT', { privateKeyJWT: signing }));
add('rule', "PrivateKeyJWT's arm beside another authentication", client('ClientSecretPost', { privateKeyJWT: signing }));
add('accepted', 'ClientAssertion from a Secret', client('ClientAssertion', { ...withoutSecret, clientAssertion: { assertionRef: ref } }));
const projected = { assertionFrom: 'ProjectedToken' };
add('accepted', 'ClientAssertion from a projected token', client('ClientAssertion', { ...withoutSecret, clientAssertion: projected }));
add('schema', 'ClientAssertion from a file', client('ClientAssertion', { ...withoutSecret, clientAssertion: { assertionFrom: 'File' } }));
add('rule', 'ClientAssertion without its arm', client('ClientAssertion'));
add('rule', 'ClientAssertion from nowhere', client('ClientAssertion', { ...withoutSecret, clientAssertion: {} }));
add(
  'rule',
  'ClientAssertion from two places',
  client('ClientAssertion', { ...withoutSecret, clientAssertion: { assertionRef: ref, ...projected } }),
);
add('rule', "ClientAssertion's arm beside another authentication", client('ClientSecretBasic', { clientAssertion: { assertionRef: ref } }));
add('rule', 'an audience that no assertion names', client('ClientSecretBasic', { assertionAudience: 'a' }));
add('rule', 'an audience with a line break', client('ClientSecretJWT', { assertionAudience: 'a\n' }));

const certificate = { tls: { clientCertificate: { secretName: 'tls' } } };
add('accepted', 'TLSClientAuth', client('TLSClientAuth', withoutSecret, { tokenEndpoint: certificate }));
add('rule', 'TLSClientAuth without a certificate', client('TLSClientAuth'));
add(
  'rule',
  'TLSClientAuth without a certificate for the token endpoint',
  client('TLSClientAuth', withoutSecret, { upstream: certificate }),
);
add(
  'rule',
  'TLSClientAuth over plain http',
  client('TLSClientAuth', withoutSecret, { tokenEndpoint: { url: 'http://localhost/', ...certificate } }),
);
for (const authentication of ['ClientSecretJWT', 'ClientSecretPost', 'ClientSecretBasic'])
  add('rule', `${authentication} without an id`, client(authentication, { id: undefined }));
add('rule', 'client credentials of nobody', manifest({ client: nobody }));

// Password.
const password = (arm: Json, more: Json = {}) => manifest({ grant: { type: 'Password', password: arm }, client: more });
const user = { username: 'u', passwordRef: secret };
add('accepted', 'Password', password(user));
add('accepted', 'Password with the user name from a Secret', password({ usernameRef: secret, passwordRef: ref }));
add('accepted', 'Password of a client without a name', password(user, nobody));
add('accepted', 'a user name of 1024 characters', password({ ...user, username: longest(1024) }));
add('schema', 'a user name of 1025 characters', password({ ...user, username: longest(1025) }));
add('schema', 'an empty user name', password({ ...user, username: '' }));
add('rule', 'a user name with a line break', password({ ...user, username: 'u\n' }));
add('rule', 'Password without a user', password({ passwordRef: secret }));
add('rule', 'Password with two users', password({ ...user, usernameRef: secret }));
add('schema', 'Password without a password', password({ username: 'u' }));
add('schema', 'Password with the password in the open', password({ ...user, password: 'p' }));
add('rule', 'Password without its arm', manifest({ grant: { type: 'Password' } }));

// SAML2Bearer.
const saml2Bearer = (arm: Json, more: Json = {}) => manifest({ grant: { type: 'SAML2Bearer', saml2Bearer: arm }, client: more });
const saml = { nameID: 'u', issuer: 'i', audience: 'a', keyRef: secret, certificateRef: secret };
const samlLines = { ...saml, nameIDType: 'EmailAddress', recipient: 'https://acme.example/token', lifetimeSeconds: 86_400 };
const toSuccessFactors = { profile: 'SuccessFactors', companyId: 'acme' };
const least = { nameID: 'u', keyRef: secret, certificateRef: secret };
const attributes = [
  { name: 'a', value: 'x\ty\n' },
  { name: 'A', value: '' },
];
add('accepted', 'SAML2Bearer', saml2Bearer({ assertion: saml }));
add('accepted', 'SAML2Bearer with all that it can say', saml2Bearer({ profile: 'RFC7522', assertion: { ...samlLines, attributes } }));
add('accepted', 'SAML2Bearer with an assertion from a Secret', saml2Bearer({ assertionRef: ref }));
add('accepted', 'SAML2Bearer of a client without a name', saml2Bearer({ assertion: saml }, nobody));
add('accepted', 'SuccessFactors', saml2Bearer({ ...toSuccessFactors, assertion: least }, publicClient));
add('accepted', 'SuccessFactors with an assertion from a Secret', saml2Bearer({ ...toSuccessFactors, assertionRef: ref }, publicClient));
for (const nameIDType of ['UserID', 'EmailAddress', 'UserName', 'ExternalLearningUser'])
  add('accepted', `SuccessFactors with a ${nameIDType}`, saml2Bearer({ ...toSuccessFactors, assertion: { ...least, nameIDType } }));
add('rule', 'SuccessFactors without a company id', saml2Bearer({ profile: 'SuccessFactors', assertion: least }));
add('rule', 'SuccessFactors of a client without a name', saml2Bearer({ ...toSuccessFactors, assertion: least }, nobody));
for (const name of ['api_key', 'use_username', 'external_user']) {
  const own = [{ name, value: 'v' }];
  add('rule', `SuccessFactors with the attribute ${name}`, saml2Bearer({ ...toSuccessFactors, assertion: { ...least, attributes: own } }));
  add('accepted', `SAML2Bearer with the attribute ${name}`, saml2Bearer({ assertion: { ...saml, attributes: own } }));
}
add('rule', 'SAML2Bearer with a company id', saml2Bearer({ companyId: 'acme', assertion: saml }));
add('rule', 'SAML2Bearer without an issuer', saml2Bearer({ assertion: { ...saml, issuer: undefined } }));
add('rule', 'SAML2Bearer without an audience', saml2Bearer({ assertion: { ...saml, audience: undefined } }));
for (const nameIDType of ['UserName', 'ExternalLearningUser'])
  add('rule', `SAML2Bearer with a ${nameIDType}`, saml2Bearer({ assertion: { ...saml, nameIDType } }));
add('rule', 'SAML2Bearer without an assertion', saml2Bearer({}));
add('rule', 'SAML2Bearer with two assertions', saml2Bearer({ assertion: saml, assertionRef: ref }));
add('rule', 'SAML2Bearer without its arm', manifest({ grant: { type: 'SAML2Bearer' } }));
add('schema', 'an unknown profile', saml2Bearer({ profile: 'Neo', assertion: saml }));
add('schema', 'an unknown kind of user', saml2Bearer({ assertion: { ...saml, nameIDType: 'Persistent' } }));
for (const field of ['nameID', 'keyRef', 'certificateRef'])
  add('schema', `an assertion without ${field}`, saml2Bearer({ assertion: { ...saml, [field]: undefined } }));
for (const field of ['nameID', 'issuer', 'audience', 'recipient'])
  for (const character of ['\n', '\u0000', '\uffff']) {
    const title = `a character ${JSON.stringify(character)} in ${field}`;
    add('rule', title, saml2Bearer({ assertion: { ...saml, [field]: `a${character}` } }));
  }
add('rule', 'a line break in a company id', saml2Bearer({ ...toSuccessFactors, companyId: 'a\n', assertion: least }));
add('rule', 'an attribute twice', saml2Bearer({ assertion: { ...saml, attributes: [...attributes, { name: 'a', value: 'z' }] } }));
for (const value of ['\u0000', '\u001f', '\ufffe', '\uffff'])
  add('rule', `the attribute value ${JSON.stringify(value)}`, saml2Bearer({ assertion: { ...saml, attributes: [{ name: 'a', value }] } }));
add('rule', 'an attribute name with a line break', saml2Bearer({ assertion: { ...saml, attributes: [{ name: 'a\n', value: 'v' }] } }));
add('schema', 'an attribute without a value', saml2Bearer({ assertion: { ...saml, attributes: [{ name: 'a' }] } }));
const many = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `${index}${longest(200)}`, value: longest(1024) }));
add('accepted', '20 attributes', saml2Bearer({ assertion: { ...saml, attributes: many(20) } }));
add('schema', '21 attributes', saml2Bearer({ assertion: { ...saml, attributes: many(21) } }));
for (const lifetimeSeconds of [60, 86_400])
  add('accepted', `a SAML assertion for ${lifetimeSeconds} s`, saml2Bearer({ assertion: { ...saml, lifetimeSeconds } }));
for (const lifetimeSeconds of [59, 86_401])
  add('schema', `a SAML assertion for ${lifetimeSeconds} s`, saml2Bearer({ assertion: { ...saml, lifetimeSeconds } }));

// JWTBearer.
const jwtBearer = (arm: Json, more: Json = {}) => manifest({ grant: { type: 'JWTBearer', jwtBearer: arm }, client: more });
const jwt = { subject: 's', keyRef: secret };
const claims = [
  { name: 'a', value: 'x\ny' },
  { name: 'Iss', value: '' },
];
add('accepted', 'JWTBearer', jwtBearer({ assertion: jwt }));
add(
  'accepted',
  'JWTBearer with all that it can say',
  jwtBearer({ assertion: { ...jwt, ...everySigning, algorithm: 'EdDSA', issuer: 'i', audience: 'a', claims, lifetimeSeconds: 10 } }),
);
add('accepted', 'JWTBearer with an assertion from a Secret', jwtBearer({ assertionRef: ref }));
add('accepted', 'JWTBearer of a client without a name', jwtBearer({ assertion: { ...jwt, issuer: 'i' } }, nobody));
add('rule', 'JWTBearer of a client without a name and no issuer', jwtBearer({ assertion: jwt }, nobody));
add('rule', 'JWTBearer without an assertion', jwtBearer({}));
add('rule', 'JWTBearer with two assertions', jwtBearer({ assertion: jwt, assertionRef: ref }));
add('rule', 'JWTBearer without its arm', manifest({ grant: { type: 'JWTBearer' } }));
add('schema', 'a JWT without a subject', jwtBearer({ assertion: { keyRef: secret } }));
add('schema', 'a JWT without a key', jwtBearer({ assertion: { subject: 's' } }));
for (const name of ['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti'])
  add('rule', `the claim ${name}`, jwtBearer({ assertion: { ...jwt, claims: [{ name, value: 'v' }] } }));
add('rule', 'a claim twice', jwtBearer({ assertion: { ...jwt, claims: [...claims, { name: 'a', value: 'z' }] } }));
add('rule', 'a claim whose name has a line break', jwtBearer({ assertion: { ...jwt, claims: [{ name: 'a\n', value: 'v' }] } }));
add('accepted', '20 claims', jwtBearer({ assertion: { ...jwt, claims: many(20) } }));
add('schema', '21 claims', jwtBearer({ assertion: { ...jwt, claims: many(21) } }));
for (const field of ['issuer', 'subject', 'audience'])
  add('rule', `a line break in ${field}`, jwtBearer({ assertion: { ...jwt, [field]: 'a\n' } }));
for (const lifetimeSeconds of [9, 86_401])
  add('schema', `a JWT for ${lifetimeSeconds} s`, jwtBearer({ assertion: { ...jwt, lifetimeSeconds } }));

// TokenExchange.
const tokenExchange = (arm: Json, more: Json = {}) =>
  manifest({ grant: { type: 'TokenExchange', tokenExchange: arm, audience: ['a'], resource: ['b'] }, client: more });
const subject = { subjectTokenRef: ref };
const idToken = 'urn:ietf:params:oauth:token-type:id_token';
add('accepted', 'TokenExchange', tokenExchange(subject));
add(
  'accepted',
  'TokenExchange with all that it can say',
  tokenExchange({
    ...subject,
    subjectTokenType: idToken,
    actorTokenFrom: 'ProjectedToken',
    actorTokenType: idToken,
    requestedTokenType: idToken,
  }),
);
add('accepted', 'TokenExchange of a projected token', tokenExchange({ subjectTokenFrom: 'ProjectedToken', actorTokenRef: ref }, nobody));
add('rule', 'TokenExchange without a subject', tokenExchange({ subjectTokenType: idToken }));
add('rule', 'TokenExchange with two subjects', tokenExchange({ ...subject, subjectTokenFrom: 'ProjectedToken' }));
add('rule', 'TokenExchange with two actors', tokenExchange({ ...subject, actorTokenRef: ref, actorTokenFrom: 'ProjectedToken' }));
add('rule', 'the type of no actor token', tokenExchange({ ...subject, actorTokenType: idToken }));
add('rule', 'TokenExchange without its arm', manifest({ grant: { type: 'TokenExchange' } }));
add('schema', 'the caller as the subject', tokenExchange({ subjectTokenFrom: 'Caller' }));
add('schema', 'an empty token type', tokenExchange({ ...subject, requestedTokenType: '' }));
for (const field of ['subjectTokenType', 'requestedTokenType'])
  add('rule', `a line break in ${field}`, tokenExchange({ ...subject, [field]: 'a\n' }));
add('rule', 'a line break in actorTokenType', tokenExchange({ ...subject, actorTokenRef: ref, actorTokenType: 'a\n' }));

// RefreshToken.
const refreshToken = (arm: Json, more: Json = {}) => manifest({ grant: { type: 'RefreshToken', refreshToken: arm }, client: more });
add('accepted', 'RefreshToken', refreshToken({ refreshTokenRef: secret }));
add('accepted', 'RefreshToken of a client without a name', refreshToken({ refreshTokenRef: ref }, nobody));
add('schema', 'RefreshToken without a token', refreshToken({}));
add('rule', 'RefreshToken without its arm', manifest({ grant: { type: 'RefreshToken' } }));

// No OAuth at all.
const login = (parameters: readonly Json[], parts: Readonly<Record<string, Json>> = {}) =>
  manifest({
    client: { ...nobody, ...parts['client'] },
    tokenEndpoint: { parameters, ...parts['tokenEndpoint'] },
    grant: { type: 'None', ...parts['grant'] },
  });
add('accepted', 'a login without parameters', login([]));
add('accepted', 'a login by GET', login([{ name: 'user', value: 'u' }], { tokenEndpoint: { method: 'GET' } }));
add('accepted', 'a login with a header', login([{ name: 'X-Api-Key', secretKeyRef: ref, in: 'Header' }]));
add('accepted', 'a login by Basic', login([], { client: { authentication: 'ClientSecretBasic', id: 'a', secretRef: secret } }));
add('rule', 'a login with grant_type in the query', login([], { tokenEndpoint: { grantTypeIn: 'Query' } }));
add('accepted', 'a login with an empty scope and lists', login([], { grant: { scope: '', audience: [], resource: [] } }));

// An arm beside another grant.
const arms: Readonly<Record<string, Json>> = {
  password: user,
  saml2Bearer: { assertionRef: ref },
  jwtBearer: { assertionRef: ref },
  tokenExchange: subject,
  refreshToken: { refreshTokenRef: secret },
};
for (const [arm, value] of Object.entries(arms)) {
  add('rule', `the arm ${arm} of another grant`, manifest({ grant: { [arm]: value } }));
  add('rule', `the arm ${arm} of no grant`, manifest({ grant: { type: 'None', [arm]: value } }));
}

// Reserved parameters.
const grants: Readonly<Record<string, Json>> = {
  Password: { type: 'Password', password: user },
  SAML2Bearer: { type: 'SAML2Bearer', saml2Bearer: { assertionRef: ref } },
  SuccessFactors: { type: 'SAML2Bearer', saml2Bearer: { ...toSuccessFactors, assertionRef: ref } },
  JWTBearer: { type: 'JWTBearer', jwtBearer: { assertionRef: ref } },
  TokenExchange: { type: 'TokenExchange', tokenExchange: subject },
  RefreshToken: { type: 'RefreshToken', refreshToken: { refreshTokenRef: secret } },
  ClientCredentials: {},
  None: { type: 'None' },
};
const exchanged = ['subject_token', 'subject_token_type', 'actor_token', 'actor_token_type', 'requested_token_type'];
const ownNames: Readonly<Record<string, readonly string[]>> = {
  Password: ['username', 'password'],
  SAML2Bearer: ['assertion'],
  SuccessFactors: ['assertion', 'company_id', 'new_token'],
  JWTBearer: ['assertion'],
  TokenExchange: exchanged,
  RefreshToken: ['refresh_token'],
};
const someNames = [...new Set(Object.values(ownNames).flat())];
const everyOAuth = [
  'grant_type',
  'client_id',
  'client_secret',
  'client_assertion',
  'client_assertion_type',
  'scope',
  'audience',
  'resource',
];
const withParameter = (grant: Json, entry: Json, more: Json = {}) =>
  manifest({ grant, tokenEndpoint: { parameters: [{ name: 'other', value: 'v' }, entry] }, client: more });
for (const [name, grant] of Object.entries(grants)) {
  const reserved = new Set([...(ownNames[name] ?? []), ...(name === 'None' ? [] : everyOAuth)]);
  for (const parameter of [...someNames, ...everyOAuth]) {
    const verdict = reserved.has(parameter) ? 'rule' : 'accepted';
    add(verdict, `the parameter ${parameter} under ${name}`, withParameter(grant, { name: parameter, value: 'v' }));
  }
}
add(
  'accepted',
  'a header with the name of a field',
  withParameter(grants['Password'] ?? {}, { name: 'password', value: 'v', in: 'Header' }),
);
add('rule', 'a reserved name in the query', withParameter(grants['Password'] ?? {}, { name: 'password', value: 'v', in: 'Query' }));
const none = { type: 'None' };
const reservedByField: readonly (readonly [string, Json, Json])[] = [
  ['scope', { ...none, scope: 's' }, {}],
  ['audience', { ...none, audience: ['a'] }, {}],
  ['resource', { ...none, resource: ['a'] }, {}],
  ['client_id', none, publicClient],
  ['client_id', none, { ...publicClient, id: undefined, idFrom: { secretKeyRef: ref } }],
  ['client_id', none, { bodyId: 'b' }],
  ['client_id', none, { ...nobody, bodyId: 'b' }],
  ['client_id', none, { authentication: 'ClientSecretPost' }],
  ['client_secret', none, { authentication: 'ClientSecretPost' }],
  ['client_assertion', none, { authentication: 'ClientSecretJWT' }],
  ['client_assertion_type', none, { ...withoutSecret, authentication: 'PrivateKeyJWT', privateKeyJWT: signing }],
  ['client_assertion', none, { ...withoutSecret, authentication: 'ClientAssertion', clientAssertion: projected }],
];
for (const [name, grant, more] of reservedByField) {
  const title = `a login whose fields send ${name} already: ${JSON.stringify([grant, more])}`;
  add('rule', title, withParameter(grant, { name, value: 'v' }, more));
}
add('accepted', 'a login with an empty body id', withParameter(none, { name: 'client_id', value: 'v' }, { bodyId: '' }));

// SOAP.
const soap = (soapHeader: Json, more: Json = {}) => manifest({ injection: { soapHeader, ...more } });
add('accepted', 'a SOAP header', soap({ element: 'AccessToken' }));
add('accepted', 'a SOAP header with a namespace', soap({ element: '_a.B-1', namespace: 'urn:x:ä' }, { scheme: 'Bearer' }));
add('accepted', 'a SOAP header with an empty namespace', soap({ element: 'a', namespace: '' }, { header: 'Authorization' }));
add('rule', 'a SOAP header beside another one', soap({ element: 'a' }, { header: 'X-Token' }));
add('schema', 'a SOAP header without an element', soap({}));
for (const element of ['a:b', '1a', '-a', 'a b', 'ä', '<a', 'a\n'])
  add('rule', `the element ${JSON.stringify(element)}`, soap({ element }));
for (const namespace of [' ', 'a b', '\n', '\u007f', '\uffff']) {
  add('rule', `the namespace ${JSON.stringify(namespace)}`, soap({ element: 'a', namespace }));
}
add(
  'accepted',
  'Authorization beside a SOAP header',
  manifest({ upstream: { headers: [{ name: 'Authorization', secretKeyRef: ref }] }, injection: { soapHeader: { element: 'a' } } }),
);

export const grantCorpus: readonly CorpusEntry[] = corpus;
