import * as z from 'zod/mini';
import { Sensitive } from './sensitive.ts';

/**
 * `<alias>.json`: what the operator (or `tokenward run`) hands to a sidecar. It mirrors an `OAuth2Credential`'s spec with every
 * reference replaced by what it refers to. Defaults are omitted when rendering, so that a credential that uses nothing
 * new stays readable for older sidecars; unknown fields are refused.
 *
 * `z.decode` turns JSON into a `SidecarConfig`, `z.encode` turns it back: secrets are `Sensitive` on the inside.
 */
const sensitive = z.codec(z.string(), z.instanceof(Sensitive), {
  decode: (value) => new Sensitive(value),
  encode: (value) => value.reveal(),
});

const seconds = z.number().check(z.int(), z.nonnegative());

const tls = z.strictObject({
  /** PEM. Replaces the built-in authorities. */
  ca: z.optional(z.string()),
  /** PEM. Presented to a server that asks for it. */
  certificate: z.optional(z.string()),
  /** PEM, the certificate's private key. */
  key: z.optional(sensitive),
  serverName: z.optional(z.string()),
});

const proxy = z.strictObject({
  url: z.string(),
  username: z.optional(z.string()),
  password: z.optional(sensitive),
});

const field = z.strictObject({ name: z.string(), value: sensitive });

const upstream = z.strictObject({
  url: z.string(),
  allow: z.optional(z.array(z.strictObject({ methods: z.optional(z.array(z.string())), paths: z.optional(z.array(z.string())) }))),
  headers: z._default(z.array(field), []),
  queryParameters: z._default(z.array(field), []),
  connectTimeoutSeconds: z._default(seconds, 5),
  /** Until the response's headers; 0 = none. */
  responseTimeoutSeconds: z._default(seconds, 60),
  tls: z._default(tls, {}),
  proxy: z.optional(proxy),
});

const tokenEndpoint = z.strictObject({
  url: z.string(),
  method: z._default(z.enum(['POST', 'GET']), 'POST'),
  contentType: z._default(z.enum(['application/x-www-form-urlencoded', 'application/json']), 'application/x-www-form-urlencoded'),
  grantTypeIn: z._default(z.enum(['Body', 'Query']), 'Body'),
  parameters: z._default(
    z.array(z.strictObject({ name: z.string(), value: sensitive, in: z._default(z.enum(['Body', 'Header', 'Query']), 'Body') })),
    [],
  ),
  /** Dotted field paths into the answer, for servers that do not use the RFC's names. */
  response: z._default(
    z.strictObject({
      accessToken: z.optional(z.string()),
      expiresIn: z.optional(z.string()),
      tokenType: z.optional(z.string()),
      error: z.optional(z.string()),
    }),
    {},
  ),
  defaultLifetimeSeconds: z._default(seconds, 300),
  timeoutSeconds: z._default(seconds, 10),
  tls: z._default(tls, {}),
  proxy: z.optional(proxy),
});

const signing = {
  /** PEM. */
  key: sensitive,
  algorithm: z._default(z.enum(['RS256', 'PS256', 'ES256', 'EdDSA']), 'RS256'),
  keyId: z.optional(z.string()),
  /** x5t#S256, base64url. */
  thumbprint: z.optional(z.string()),
};

/** A token that is there already: its value, or where it is read afresh for every token request. */
const supplied = z.union([z.strictObject({ value: sensitive }), z.strictObject({ from: z.enum(['ProjectedToken']) })]);

const client = z.strictObject({
  id: z.optional(z.string()),
  authentication: z._default(
    z.enum(['ClientSecretBasic', 'ClientSecretPost', 'ClientSecretJWT', 'PrivateKeyJWT', 'TLSClientAuth', 'ClientAssertion', 'None']),
    'ClientSecretBasic',
  ),
  secret: z.optional(sensitive),
  basicEncoding: z._default(z.enum(['Raw', 'FormURLEncoded']), 'Raw'),
  /** A client_id in the body that differs from the one in the header. */
  bodyId: z.optional(z.string()),
  privateKeyJWT: z.optional(z.strictObject(signing)),
  clientAssertion: z.optional(supplied),
  /** Absent: the token endpoint's URL. */
  assertionAudience: z.optional(z.string()),
});

const nameAndValue = z.strictObject({ name: z.string(), value: z.string() });

const samlAssertion = z.strictObject({
  nameID: z.string(),
  nameIDType: z._default(z.enum(['UserID', 'EmailAddress', 'UserName', 'ExternalLearningUser']), 'UserID'),
  /** Absent: www.successfactors.com, as for the audience. */
  issuer: z.optional(z.string()),
  audience: z.optional(z.string()),
  /** Absent: the token endpoint's URL. */
  recipient: z.optional(z.string()),
  attributes: z._default(z.array(nameAndValue), []),
  lifetimeSeconds: z._default(seconds, 600),
  /** PEM, RSA. */
  key: sensitive,
  /** PEM. */
  certificate: z.string(),
});

const saml2Bearer = z.strictObject({
  profile: z._default(z.enum(['RFC7522', 'SuccessFactors']), 'RFC7522'),
  companyId: z.optional(z.string()),
  /** The assertion as XML, if it is not signed here. */
  supplied: z.optional(sensitive),
  assertion: z.optional(samlAssertion),
});

const jwtBearer = z.strictObject({
  supplied: z.optional(sensitive),
  assertion: z.optional(
    z.strictObject({
      /** Absent: the client id. */
      issuer: z.optional(z.string()),
      subject: z.string(),
      /** Absent: the token endpoint's URL. */
      audience: z.optional(z.string()),
      claims: z._default(z.array(nameAndValue), []),
      lifetimeSeconds: z._default(seconds, 300),
      ...signing,
    }),
  ),
});

const tokenExchange = z.strictObject({
  subjectToken: supplied,
  subjectTokenType: z.string(),
  actorToken: z.optional(supplied),
  /** There if `actorToken` is. */
  actorTokenType: z.optional(z.string()),
  requestedTokenType: z.optional(z.string()),
});

const grant = z.strictObject({
  type: z._default(
    z.enum(['ClientCredentials', 'Password', 'SAML2Bearer', 'JWTBearer', 'TokenExchange', 'RefreshToken', 'None']),
    'ClientCredentials',
  ),
  scope: z.optional(z.string()),
  audience: z._default(z.array(z.string()), []),
  resource: z._default(z.array(z.string()), []),
  password: z.optional(z.strictObject({ username: z.string(), password: sensitive })),
  saml2Bearer: z.optional(saml2Bearer),
  jwtBearer: z.optional(jwtBearer),
  tokenExchange: z.optional(tokenExchange),
  refreshToken: z.optional(z.strictObject({ refreshToken: sensitive })),
});

const injection = z.strictObject({
  header: z._default(z.string(), 'Authorization'),
  /** Absent = Bearer, and any other token type is refused; empty = the bare token. */
  scheme: z.optional(z.string()),
  /** The token goes into this element of a SOAP envelope's Header, and into no HTTP header. */
  soapHeader: z.optional(z.strictObject({ element: z.string(), namespace: z.optional(z.string()) })),
});

const cache = z.strictObject({
  refreshBeforeSeconds: z._default(seconds, 300),
  refreshOn403: z._default(z.boolean(), false),
});

export const readyConfig = z.strictObject({
  version: z.literal(1),
  /** A name for this version of it; nothing depends on it. Absent: it was not rendered by an operator. */
  revision: z.optional(z.string()),
  upstream,
  tokenEndpoint,
  client,
  grant: z.prefault(grant, {}),
  injection: z.prefault(injection, {}),
  cache: z.prefault(cache, {}),
});

/** A credential that was never valid, with the reason to pass on to callers. */
export const invalidConfig = z.strictObject({ version: z.literal(1), invalid: z.string() });

export const sidecarConfigFile = z.union([invalidConfig, readyConfig]);

export type SidecarConfigFile = z.output<typeof sidecarConfigFile>;
export type SidecarConfig = z.output<typeof readyConfig>;
export type TlsConfig = SidecarConfig['upstream']['tls'];
export type ProxyConfig = NonNullable<SidecarConfig['upstream']['proxy']>;
