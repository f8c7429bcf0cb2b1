import * as z from 'zod';
import { client } from './client-schema.ts';
import { choice, flag, integer, list, record, text } from './field.ts';
import { grant } from './grant-schema.ts';
import { configMapKeyRef, objectName, secretKeyRef, secretName } from './references.ts';
import { matching } from './rule.ts';
import { methodRule, methodsOrPaths, pathPatternRule } from './rules/allow-rules.ts';
import { assertionNamesItsIssuer, clientIdIsNamed, tlsClientAuthHasCertificate } from './rules/client-rules.ts';
import { exactlyOne } from './rules/exactly-one.ts';
import { grantTypeIsSent } from './rules/grant-rules.ts';
import { headerNameRules, headerParameterRules, injectionHeaderIsFree, token, upstreamHeaderRules } from './rules/header-rules.ts';
import { noDuplicates, notBlank, notInTheQueryAlready } from './rules/parameter-rules.ts';
import { noReservedParameters } from './rules/reserved-parameters.ts';
import { noBrokenJson, noCurlyQuotes } from './rules/scope-rules.ts';
import { soapHeaderAlone } from './rules/soap-rules.ts';
import { proxyUrlRules, tokenUrlRules, upstreamUrlRules } from './rules/url-rules.ts';

/**
 * The spec of an OAuth2Credential, tokenward.dev/v1alpha1: the one source of the types, the CRD (generated from it) and the
 * offline validation. A field or an enum value is here only when it works.
 */
const tls = record('How TLS connections to this endpoint are made.', {
  caBundle: record(
    'Certificate authorities, as PEM, to be trusted in place of the built-in ones.',
    { configMapKeyRef: configMapKeyRef.optional(), secretKeyRef: secretKeyRef.optional() },
    [exactlyOne('configMapKeyRef', 'secretKeyRef')],
  ).optional(),
  clientCertificate: record('The certificate to present to a server that asks for one.', {
    secretName: objectName(
      'A Secret of type kubernetes.io/tls with the keys tls.crt and tls.key, labelled tokenward.dev/credential: "true".',
    ),
  }).optional(),
  serverName: text("The name to expect in the server's certificate, and to send as SNI, if it is not the URL's host.", {
    min: 0,
    max: 253,
    rules: [
      matching(
        'InvalidField',
        '^(([0-9A-Za-z_]([0-9A-Za-z_-]*[0-9A-Za-z_])?\\.)*[A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?)?$',
        'must be a DNS name, without scheme and port',
      ),
    ],
  }).optional(),
});

const proxy = record(
  'An HTTP proxy on the way to this endpoint (CONNECT for https URLs).',
  {
    url: text('The proxy as http://host:port. Empty: no proxy.', { min: 0, max: 2048, rules: proxyUrlRules }).optional(),
    credentialsSecretRef: secretName('The Secret with the keys username and password for the proxy.').optional(),
  },
  [
    {
      reason: 'InvalidField',
      at: ['url'],
      cel: "!has(self.credentialsSecretRef) || (has(self.url) && self.url != '')",
      holds: (self) => self.credentialsSecretRef === undefined || (self.url ?? '') !== '',
      message: 'is required beside credentialsSecretRef: set it to http://host:port, or remove credentialsSecretRef',
    },
  ],
);

const entryName = text('The name.', { max: 1024, rules: [notBlank] });
const entryValue = text('The value. For one that is secret use secretKeyRef.', { max: 1024 }).optional();
const valueOrSecret = exactlyOne('value', 'secretKeyRef');

const upstream = record('The API that the workload calls.', {
  url: text('The base URL: a call to /<alias>/<path> goes to <url>/<path>. https, or http to loopback and cluster-local names.', {
    max: 2048,
    rules: upstreamUrlRules,
  }),
  allow: list(
    'What a workload may call: a request that no rule matches is refused. Absent: everything below the base URL.',
    record(
      'A rule: it matches a request whose method and path it names.',
      {
        methods: list(
          'HTTP methods; GET implies HEAD. Absent: all.',
          text('An HTTP method in capital letters.', { max: 32, rules: [methodRule] }),
          {
            min: 1,
            max: 16,
          },
        ).optional(),
        paths: list(
          'Path patterns relative to the base URL. Absent: all.',
          text('A pattern such as /odatav4/**: * is one segment, ** any number of segments.', { max: 512, rules: [pathPatternRule] }),
          { min: 1, max: 32 },
        ).optional(),
      },
      [methodsOrPaths],
    ),
    { min: 1, max: 32 },
  ).optional(),
  headers: list(
    "Headers sent on every request, in place of the caller's.",
    record('A header.', { name: entryName, value: entryValue, secretKeyRef: secretKeyRef.optional() }, [
      valueOrSecret,
      ...upstreamHeaderRules,
    ]),
    { max: 20, rules: [noDuplicates] },
  ).optional(),
  queryParameters: list(
    "Query parameters sent on every request, in place of the caller's.",
    record('A query parameter.', { name: entryName, value: entryValue, secretKeyRef: secretKeyRef.optional() }, [valueOrSecret]),
    { max: 20, rules: [noDuplicates] },
  ).optional(),
  connectTimeoutSeconds: integer('How long to wait for a connection, in seconds.', 1, 300).default(5),
  responseTimeoutSeconds: integer("How long to wait for the response's headers, in seconds; 0: without limit.", 0, 86_400).default(60),
  tls: tls.optional(),
  proxy: proxy.optional(),
});

const responsePath = (description: string) =>
  text(description, {
    max: 256,
    rules: [
      matching(
        'InvalidField',
        '^[^.\\t\\n\\f\\r ]+(\\.[^.\\t\\n\\f\\r ]+)*$',
        'must be field names joined by dots, such as data.accessToken',
      ),
    ],
  }).optional();

const tokenEndpoint = record(
  'Where and how the access token is requested.',
  {
    url: text('The token endpoint. https, or http to loopback and cluster-local names. A query of its own is kept.', {
      max: 2048,
      rules: tokenUrlRules,
    }),
    method: choice('The HTTP method. With GET everything goes into the query.', ['POST', 'GET']).default('POST'),
    contentType: choice('How the body of the token request is written.', ['application/x-www-form-urlencoded', 'application/json']).default(
      'application/x-www-form-urlencoded',
    ),
    grantTypeIn: choice('Where grant_type is sent.', ['Body', 'Query']).default('Body'),
    parameters: list(
      'Further parameters of the token request.',
      record(
        'A parameter.',
        {
          name: entryName,
          value: entryValue,
          secretKeyRef: secretKeyRef.optional(),
          in: choice('Where the parameter is sent.', ['Body', 'Header', 'Query']).default('Body'),
        },
        [valueOrSecret, ...headerParameterRules],
      ),
      { max: 20, rules: [noDuplicates] },
    ).optional(),
    response: record("Where an answer that does not use RFC 6749's names holds its values: field names joined by dots.", {
      accessToken: responsePath('The access token, in place of access_token.'),
      expiresIn: responsePath('The lifetime in seconds, in place of expires_in.'),
      tokenType: responsePath('The token type, in place of token_type.'),
      error: responsePath('The error, in place of error.'),
    }).optional(),
    defaultLifetimeSeconds: integer('The lifetime, in seconds, of a token whose answer names none.', 1, 31_536_000).default(300),
    timeoutSeconds: integer('How long one token request may take, in seconds.', 1, 300).default(10),
    tls: tls.optional(),
    proxy: proxy.optional(),
  },
  [notInTheQueryAlready],
);

const injection = record(
  'How the token is put into a request.',
  {
    header: text('The header that carries the token.', { max: 256, rules: headerNameRules }).default('Authorization'),
    scheme: text('What precedes the token. Absent: Bearer, and any other token type is refused. Empty: the bare token.', {
      min: 0,
      max: 64,
      rules: [matching('InvalidHeader', `^(${token})?$`, 'must be one word without spaces, such as Bearer, or empty for the bare token')],
    }).optional(),
    soapHeader: record('Puts the token into an element of the Header of the SOAP envelope, 1.1 or 1.2, in place of an HTTP header.', {
      element: text('The local name of the element.', {
        max: 256,
        rules: [matching('InvalidField', '^[A-Za-z_][A-Za-z0-9_.-]*$', 'must be an XML name without a prefix, such as AccessToken')],
      }),
      namespace: text("The element's namespace. Empty: none.", {
        min: 0,
        max: 1024,
        rules: [matching('InvalidField', '^[^\\x00-\\x20\\x7f\ufffe\uffff]*$', 'must be a URI, without spaces and control characters')],
      }).optional(),
    }).optional(),
  },
  [soapHeaderAlone],
);

const cache = record('How long tokens are kept.', {
  refreshBeforeSeconds: integer(
    'How long before its end a token is renewed in the background, in seconds; half its lifetime at most.',
    0,
    86_400,
  ).default(300),
  refreshOn403: flag('Whether the API answers 403, and not only 401, to a token that it no longer accepts.').default(false),
});

export const credentialSpec = record(
  'The credential: which API, which token endpoint, which client.',
  {
    description: text('What the credential is for.', { min: 0, max: 1024 }).optional(),
    upstream,
    tokenEndpoint,
    client,
    // The API server judges a default by the rules before it fills in what is within.
    grant: grant.prefault({ type: 'ClientCredentials' }),
    injection: injection.prefault({}),
    cache: cache.prefault({}),
  },
  [
    noCurlyQuotes,
    noBrokenJson,
    injectionHeaderIsFree,
    clientIdIsNamed,
    tlsClientAuthHasCertificate,
    assertionNamesItsIssuer,
    grantTypeIsSent,
    noReservedParameters,
  ],
);

/** A credential's name is an alias, and `tokenward-<name>` is the name of its rendering. RFC 1123 section 2.1. */
export const nameIsLabel = matching(
  'InvalidName',
  '^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$',
  'the name must be a DNS label, for it is an alias: at most 63 lower-case letters, digits and hyphens, beginning and ending with a letter or digit',
);

const ignored = z.unknown().optional();
const stringMap = z.record(z.string(), z.string()).optional();

/** metav1.ObjectMeta: what we use of it is typed, the rest is known and ignored. */
const metadata = z.strictObject({
  name: text('The name, and the alias of the credential.', { max: 253, rules: [nameIsLabel] }),
  namespace: z.string().optional(),
  uid: z.string().optional(),
  generation: z.int().optional(),
  labels: stringMap,
  annotations: stringMap,
  creationTimestamp: ignored,
  deletionGracePeriodSeconds: ignored,
  deletionTimestamp: ignored,
  finalizers: ignored,
  generateName: ignored,
  managedFields: ignored,
  ownerReferences: ignored,
  resourceVersion: ignored,
  selfLink: ignored,
});

export const group = 'tokenward.dev';
export const version = 'v1alpha1';
export const kind = 'OAuth2Credential';
export const plural = 'oauth2credentials';

/** What is not a user's is not read: the status is written by the operator only. */
export const oauth2Credential = z.strictObject({
  apiVersion: z.literal(`${group}/${version}`),
  kind: z.literal(kind),
  metadata,
  spec: credentialSpec,
  status: ignored,
});

export type OAuth2Credential = z.output<typeof oauth2Credential>;
export type CredentialSpec = OAuth2Credential['spec'];
