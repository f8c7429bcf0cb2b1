import { createPublicKey, X509Certificate } from 'node:crypto';
import { decodeProtectedHeader, jwtVerify } from 'jose';
import type { CredentialSpec } from '../../crds/oauth2-credential.ts';
import type { AnyCredential } from './any-credential.ts';
import { decodeBase64 } from './parse-token-request.ts';

/** A field that a token request must have. What differs each time is read by `read` first. */
export interface ExpectedField {
  readonly name: string;
  readonly value: unknown;
  readonly read?: (sent: string) => Promise<unknown>;
}

export interface ExpectedTokenRequest {
  readonly query: readonly ExpectedField[];
  readonly body: readonly ExpectedField[];
  readonly headers: readonly ExpectedField[];
  /** User and password. */
  readonly basic: readonly (string | undefined)[] | undefined;
}

type Client = CredentialSpec['client'];
type Grant = CredentialSpec['grant'];
type Signing = NonNullable<Client['privateKeyJWT']>;
interface Key {
  readonly key: string;
}

/** What a credential says, read from the manifest that its users write and not from what is rendered of it. */
interface Material {
  readonly spec: CredentialSpec;
  readonly valueOf: (ref: Key | undefined) => string;
  readonly supplied: (ref: Key | undefined) => string;
  readonly clientId: string | undefined;
  readonly samlXml: string;
}

/** The token request of a credential, fields in their order. `projected` is the projected service account token. */
export function expectedTokenRequest({ credential, data, samlXml }: AnyCredential, projected: string): ExpectedTokenRequest {
  const { spec } = credential;
  const { client, grant, tokenEndpoint } = spec;
  const valueOf = (ref: Key | undefined): string => data[ref?.key ?? ''] ?? '';
  const clientId = client.idFrom === undefined ? client.id : valueOf(client.idFrom.secretKeyRef);
  const material = { spec, valueOf, supplied: (ref: Key | undefined) => (ref ? valueOf(ref) : projected), clientId, samlXml };

  const parameters = (place: string): ExpectedField[] =>
    (tokenEndpoint.parameters ?? [])
      .filter((parameter) => parameter.in === place)
      .map(({ name, value, secretKeyRef }) => ({ name, value: secretKeyRef ? valueOf(secretKeyRef) : value }));
  const asksBy = field('grant_type', grantTypes[grant.type]);
  const main = [
    ...clientFields[client.authentication](material),
    ...grantFields[grant.type](material),
    ...field('scope', grant.scope === '' ? undefined : grant.scope),
    ...(grant.resource ?? []).flatMap((resource) => field('resource', resource)),
    ...(grant.audience ?? []).flatMap((audience) => field('audience', audience)),
    ...parameters('Body'),
  ];
  const isGet = tokenEndpoint.method === 'GET';
  const asksInQuery = isGet || tokenEndpoint.grantTypeIn === 'Query';
  const body = isGet ? [] : asksInQuery ? main : [...asksBy, ...main];
  return {
    query: [...(asksInQuery ? asksBy : []), ...(isGet ? main : []), ...parameters('Query')],
    body: tokenEndpoint.contentType === 'application/json' ? together(body) : body,
    headers: parameters('Header'),
    basic: client.authentication === 'ClientSecretBasic' ? [clientId, valueOf(client.secretRef)] : undefined,
  };
}

const field = (name: string, value: string | undefined): ExpectedField[] => (value === undefined ? [] : [{ name, value }]);

/** JSON has the values of one name together, in the place of the first. */
function together(fields: readonly ExpectedField[]): ExpectedField[] {
  const names = new Set(fields.map(({ name }) => name));
  return [...names].flatMap((name) => fields.filter((other) => other.name === name));
}

const grantTypes: Record<Grant['type'], string | undefined> = {
  ClientCredentials: 'client_credentials',
  Password: 'password',
  SAML2Bearer: 'urn:ietf:params:oauth:grant-type:saml2-bearer',
  JWTBearer: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  TokenExchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
  RefreshToken: 'refresh_token',
  None: undefined,
};

type FieldsOf = (material: Material) => ExpectedField[];

const idInBody: FieldsOf = ({ spec, clientId }) => field('client_id', spec.client.bodyId ?? clientId);
const assertionType = field('client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer');

const signedByClient: FieldsOf = (material) => {
  const { client, tokenEndpoint } = material.spec;
  const { clientId, valueOf } = material;
  const key = client.privateKeyJWT ?? Buffer.from(valueOf(client.secretRef));
  const claims = { iss: clientId, sub: clientId, aud: client.assertionAudience ?? tokenEndpoint.url };
  return [...idInBody(material), ...assertionType, jwtField('client_assertion', material, key, claims)];
};

const clientFields: Record<Client['authentication'], FieldsOf> = {
  ClientSecretBasic: ({ spec }) => field('client_id', spec.client.bodyId),
  ClientSecretPost: (material) => [...idInBody(material), ...field('client_secret', material.valueOf(material.spec.client.secretRef))],
  ClientSecretJWT: signedByClient,
  PrivateKeyJWT: signedByClient,
  TLSClientAuth: idInBody,
  ClientAssertion: (material) => [
    ...idInBody(material),
    ...assertionType,
    ...field('client_assertion', material.supplied(material.spec.client.clientAssertion?.assertionRef)),
  ],
  None: idInBody,
};

const grantFields: Record<Grant['type'], FieldsOf> = {
  ClientCredentials: () => [],
  Password: ({ spec: { grant }, valueOf }) => {
    const { username, usernameRef, passwordRef } = grant.password ?? {};
    return [...field('username', usernameRef ? valueOf(usernameRef) : username), ...field('password', valueOf(passwordRef))];
  },
  SAML2Bearer: ({ spec: { grant }, samlXml }) => {
    const { profile, companyId, assertionRef } = grant.saml2Bearer ?? {};
    const decode = (sent: string): string => decodeBase64(sent, profile === 'SuccessFactors' ? 'base64' : 'base64url').toString();
    const signed = /^<saml:Assertion [^]*<\/saml:Assertion>$/u;
    const read = (sent: string): Promise<unknown> => Promise.resolve(assertionRef ? decode(sent) : signed.test(decode(sent)));
    return [...field('company_id', companyId), { name: 'assertion', value: assertionRef ? samlXml : true, read }];
  },
  JWTBearer: (material) => {
    const { assertionRef, assertion } = material.spec.grant.jwtBearer ?? {};
    if (assertion === undefined) return field('assertion', material.valueOf(assertionRef));
    const { issuer = material.clientId, subject, audience = material.spec.tokenEndpoint.url, claims = [] } = assertion;
    const further = Object.fromEntries(claims.map(({ name, value }) => [name, value]));
    return [jwtField('assertion', material, assertion, { ...further, iss: issuer, sub: subject, aud: audience })];
  },
  TokenExchange: ({ spec: { grant }, supplied }) => {
    const { subjectTokenRef, subjectTokenType, actorTokenRef, actorTokenFrom, actorTokenType, requestedTokenType } =
      grant.tokenExchange ?? {};
    const type = (named: string | undefined, ref: Key | undefined): string =>
      named ?? `urn:ietf:params:oauth:token-type:${ref ? 'access_token' : 'jwt'}`;
    const actor = [...field('actor_token', supplied(actorTokenRef)), ...field('actor_token_type', type(actorTokenType, actorTokenRef))];
    return [
      ...field('subject_token', supplied(subjectTokenRef)),
      ...field('subject_token_type', type(subjectTokenType, subjectTokenRef)),
      ...(actorTokenRef || actorTokenFrom ? actor : []),
      ...field('requested_token_type', requestedTokenType),
    ];
  },
  RefreshToken: ({ spec: { grant }, valueOf }) => field('refresh_token', valueOf(grant.refreshToken?.refreshTokenRef)),
  None: () => [],
};

/** A JWT that is signed anew each time: read are the claims that stay, and what its header says of the key. */
function jwtField(name: string, { valueOf }: Material, by: Signing | Uint8Array, claims: object): ExpectedField {
  const isSecret = by instanceof Uint8Array;
  const { keyId, certificateRef } = isSecret ? {} : by;
  const fingerprint = certificateRef && new X509Certificate(valueOf(certificateRef)).fingerprint256.replaceAll(':', '');
  const key = isSecret ? by : createPublicKey(valueOf(by.keyRef));
  return {
    name,
    value: { claims, kid: keyId, thumbprint: fingerprint && Buffer.from(fingerprint, 'hex').toString('base64url') },
    read: async (sent) => {
      const { payload } = await jwtVerify(sent, key, { requiredClaims: ['exp', 'iat', 'jti'] });
      const { exp: _exp, iat: _iat, jti: _jti, ...stable } = payload;
      const { kid, 'x5t#S256': thumbprint } = decodeProtectedHeader(sent);
      return { claims: stable, kid, thumbprint };
    },
  };
}
