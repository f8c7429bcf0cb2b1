import { generateKeyPairSync } from 'node:crypto';
import * as fc from 'fast-check';
import type { OAuth2Credential } from '../../crds/oauth2-credential.ts';
import { parseCredential } from '../../crds/parse-credential.ts';
import type { Sources } from '../../crds/sources.ts';
import { opaque, sources } from './credential.ts';
import { makeCertificate } from './make-certificate.ts';

/** A credential that validation accepts, and all that it refers to. */
export interface AnyCredential {
  readonly credential: OAuth2Credential;
  readonly sources: Sources;
  /** The data of the one Secret, `material`, that every reference names. */
  readonly data: Readonly<Record<string, string>>;
  /** What is stored under the key `saml`, as XML. */
  readonly samlXml: string;
}

const secretName = 'material';
const ref = (key: string) => ({ name: secretName, key });

const rsa = makeCertificate('rsa', { rsaBits: 2048 });
const ec = makeCertificate('ec');
const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });
/** By its key in the Secret: PEM, PKCS#8, as it is rendered. */
const keys = { 'rsa.crt': rsa.certificate, 'rsa.key': rsa.key, 'ec.crt': ec.certificate, 'ec.key': ec.key, 'ed.key': ed25519 };

type Optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.Arbitrary<T | undefined>;
const optional: Optional = (arbitrary) => fc.option(arbitrary, { nil: undefined });
const partial = <T extends object>(fields: { [K in keyof T]: fc.Arbitrary<T[K]> }) => fc.record(fields, { requiredKeys: [] });

/** Any characters but those that no field may hold: control characters, what is no character, and what bytes that are no UTF-8 become. */
const line = fc
  .string({
    unit: fc.oneof(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }), fc.constantFrom(...Array.from(' +%&=:!|"\'<>#$;/\\?'))),
    minLength: 1,
    maxLength: 20,
  })
  .filter((text) => !/[\p{Cc}\ufeff\ufffd-\uffff]/u.test(text));
const word = fc.stringMatching(/^[a-z]{1,8}$/);
const headerValue = fc.stringMatching(/^[!-~]([ -~]{0,20}[!-~])?$/);
const base64url = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
const lines = fc.uniqueArray(line, { maxLength: 3 });

interface Entry {
  readonly name: string;
  readonly value?: string;
}
const valueOrRef = (key: string, value: fc.Arbitrary<string> = line) =>
  fc.oneof(
    value.map((text) => ({ value: text })),
    fc.constant({ secretKeyRef: ref(key) }),
  );
const entries = <E extends Entry>(entry: fc.Arbitrary<E>) =>
  optional(fc.uniqueArray(entry, { maxLength: 3, selector: (made) => JSON.stringify(made) }));
const header = fc
  .tuple(fc.stringMatching(/^X-[a-z]{1,8}$/), valueOrRef('header', headerValue))
  .map(([name, value]) => ({ name, ...value }));

const upstream = fc.record({
  url: word.map((path) => `https://acme.example/${path}`),
  allow: optional(fc.constant([{ methods: ['GET'], paths: ['/a/**'] }, { paths: ['/'] }])),
  headers: entries(header),
  queryParameters: entries(fc.tuple(word, valueOrRef('parameter')).map(([name, value]) => ({ name, ...value }))),
  connectTimeoutSeconds: fc.integer({ min: 1, max: 300 }),
  responseTimeoutSeconds: fc.constantFrom(0, 60, 61),
});

const signing = fc
  .constantFrom(
    { algorithm: 'RS256', keyRef: ref('rsa.key'), certificateRef: ref('rsa.crt') },
    { algorithm: 'PS256', keyRef: ref('rsa.key'), certificateRef: undefined },
    { algorithm: 'ES256', keyRef: ref('ec.key'), certificateRef: ref('ec.crt') },
    { algorithm: 'EdDSA', keyRef: ref('ed.key'), certificateRef: undefined },
  )
  .chain((fields) => fc.record({ keyId: optional(line) }).map((more) => ({ ...fields, ...more })));

const secretRef = fc.constant(ref('client-secret'));
const clientId = fc.oneof(
  line.map((id) => ({ id })),
  fc.constant({ idFrom: { secretKeyRef: ref('id') } }),
);
const assertionAudience = optional(line);
const bodyId = optional(line);
const arms = fc.oneof(
  fc.record({
    authentication: fc.constant('ClientSecretBasic'),
    secretRef,
    basicEncoding: fc.constantFrom('Raw', 'FormURLEncoded'),
    bodyId,
  }),
  fc.record({ authentication: fc.constant('ClientSecretPost'), secretRef, bodyId }),
  fc.record({ authentication: fc.constant('ClientSecretJWT'), secretRef, assertionAudience, bodyId }),
  fc.record({ authentication: fc.constant('PrivateKeyJWT'), privateKeyJWT: signing, assertionAudience, bodyId }),
  fc.record({
    authentication: fc.constant('ClientAssertion'),
    clientAssertion: fc.constantFrom({ assertionRef: ref('jwt') }, { assertionFrom: 'ProjectedToken' }),
    bodyId,
  }),
  fc.record({ authentication: fc.constantFrom('TLSClientAuth', 'None'), bodyId }),
);
/** RFC 7617 section 2: no colon in a user name. Where the id comes from the Secret, `anyCredential` sees to it. */
const client = fc.tuple(clientId, arms).map(([id, arm]) => {
  const isRaw = 'basicEncoding' in arm && arm.basicEncoding === 'Raw';
  return { ...('id' in id && isRaw ? { id: id.id.replaceAll(':', '_') } : id), ...arm };
});

const nameAndValue = (name: fc.Arbitrary<string>, max: number) =>
  optional(fc.uniqueArray(fc.record({ name, value: line }), { maxLength: max, selector: (made) => made.name }));
const samlRefs = { keyRef: fc.constant(ref('rsa.key')), certificateRef: fc.constant(ref('rsa.crt')) };
const samlLines = { nameID: line, recipient: optional(line), attributes: nameAndValue(line, 3), lifetimeSeconds: fc.constantFrom(60, 600) };
const samlSupplied = fc.constant({ assertionRef: ref('saml') });

const grantArms = fc.oneof(
  fc.constant({ type: 'ClientCredentials' }),
  fc.record({
    type: fc.constant('Password'),
    password: fc
      .oneof(
        line.map((username) => ({ username })),
        fc.constant({ usernameRef: ref('username') }),
      )
      .map((user) => ({ ...user, passwordRef: ref('password') })),
  }),
  fc.record({
    type: fc.constant('SAML2Bearer'),
    saml2Bearer: fc.oneof(
      samlSupplied,
      fc
        .record({ ...samlLines, ...samlRefs, issuer: line, audience: line, nameIDType: fc.constantFrom('UserID', 'EmailAddress') })
        .map((assertion) => ({ assertion })),
    ),
  }),
  fc.record({
    type: fc.constant('SAML2Bearer'),
    saml2Bearer: fc
      .oneof(
        samlSupplied,
        fc
          .record({
            ...samlLines,
            ...samlRefs,
            issuer: optional(line),
            audience: optional(line),
            nameIDType: fc.constantFrom('UserID', 'EmailAddress', 'UserName', 'ExternalLearningUser'),
            attributes: nameAndValue(
              line.map((name) => `a_${name}`),
              3,
            ),
          })
          .map((assertion) => ({ assertion })),
      )
      .chain((assertion) => line.map((companyId) => ({ profile: 'SuccessFactors', companyId, ...assertion }))),
  }),
  fc.record({
    type: fc.constant('JWTBearer'),
    jwtBearer: fc.oneof(
      fc.constant({ assertionRef: ref('jwt') }),
      fc
        .tuple(
          signing,
          fc.record({
            issuer: optional(line),
            subject: line,
            audience: optional(line),
            claims: nameAndValue(
              line.map((name) => `c_${name}`),
              3,
            ),
            lifetimeSeconds: fc.constantFrom(10, 300),
          }),
        )
        .map(([key, claims]) => ({ assertion: { ...key, ...claims } })),
    ),
  }),
  fc.record({
    type: fc.constant('TokenExchange'),
    tokenExchange: fc
      .tuple(
        fc.constantFrom({ subjectTokenRef: ref('token') }, { subjectTokenFrom: 'ProjectedToken' }),
        fc.constantFrom({}, { actorTokenRef: ref('actor-token') }, { actorTokenFrom: 'ProjectedToken', actorTokenType: 'urn:x' }),
        partial({ subjectTokenType: line, requestedTokenType: line }),
      )
      .map(([subject, actor, types]) => ({ ...subject, ...actor, ...types })),
  }),
  fc.constant({ type: 'RefreshToken', refreshToken: { refreshTokenRef: ref('refresh-token') } }),
  fc.constant({ type: 'None' }),
);

/** Anything, but what would be read as broken JSON. */
const scope = fc.oneof(
  line.filter((text) => !/^\s*[[{]|[\u2018\u2019\u201c\u201d]/u.test(text)),
  fc.dictionary(word, word).map((members) => JSON.stringify(members)),
  fc.constant(''),
);
const grant = fc.tuple(grantArms, partial({ scope, audience: lines, resource: lines })).map(([arm, more]) => ({ ...arm, ...more }));

const parameter = fc.oneof(
  header.map((made) => ({ ...made, in: 'Header' })),
  fc
    .tuple(line, valueOrRef('parameter'), fc.constantFrom('Body', 'Query'))
    .map(([name, value, place]) => ({ name: `p_${name}`, ...value, in: place })),
);
const tokenEndpoint = fc.record({
  url: fc.constantFrom('https://login.acme.example/token', 'https://login.acme.example/token?tenant=a%20b&x'),
  method: fc.constantFrom('POST', 'POST', 'GET'),
  contentType: fc.constantFrom('application/json', 'application/x-www-form-urlencoded'),
  grantTypeIn: fc.constantFrom('Body', 'Query'),
  parameters: entries(parameter),
  response: optional(partial({ accessToken: word, error: word })),
  timeoutSeconds: fc.constantFrom(1, 10, 300),
  defaultLifetimeSeconds: fc.constantFrom(1, 300),
});

const injection = fc.oneof(
  fc.record({ header: fc.constantFrom('Authorization', 'Y'), scheme: optional(fc.constantFrom('', 'Bearer')) }),
  fc.record({ soapHeader: fc.record({ element: word, namespace: optional(word) }) }),
);

const jwt = fc.tuple(base64url, base64url, base64url).map((parts) => parts.join('.'));
const samlXml = line.map((text) => {
  const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion">\n<a>${escaped}</a>\n</saml:Assertion>`;
});
const material = fc.record({
  id: line,
  'client-secret': line,
  username: line,
  password: line,
  'refresh-token': line,
  token: headerValue.map((text) => text.replaceAll(' ', '_')),
  'actor-token': jwt,
  jwt,
  header: headerValue,
  parameter: line,
});

/** Credentials of every grant and every client authentication, with values that are hard to encode. */
export const anyCredential: fc.Arbitrary<AnyCredential> = fc
  .record({
    spec: fc.record({
      upstream,
      tokenEndpoint,
      client,
      grant,
      injection,
      cache: fc.record({ refreshBeforeSeconds: fc.constantFrom(0, 300), refreshOn403: fc.boolean() }),
    }),
    material,
    samlXml,
    samlEncoding: fc.constantFrom('utf8', 'base64', 'base64url'),
    isNameless: fc.boolean(),
  })
  .map(({ spec, material: { id, ...values }, samlXml: xml, samlEncoding, isNameless }) => {
    const { client: made, grant: asked, tokenEndpoint: endpoint } = spec;
    const saml = Buffer.from(xml).toString(samlEncoding);
    const data = { ...values, ...keys, id: id.replaceAll(':', '_'), saml, 'tls.crt': ec.certificate, 'tls.key': ec.key };
    const isLogin = asked.type === 'None';
    const document = {
      ...spec,
      client: isNameless && made.authentication === 'None' && nameless.has(asked.type) ? { authentication: 'None' } : made,
      tokenEndpoint: {
        ...endpoint,
        ...(isLogin && { grantTypeIn: 'Body', parameters: [...loginParameters, ...(endpoint.parameters ?? [])] }),
        ...(made.authentication === 'TLSClientAuth' && { tls: { clientCertificate: { secretName } } }),
      },
    };
    return { credential: accepted(document), sources: sources([opaque(secretName, data)]), data, samlXml: xml };
  });

/** Whose client may go without a name, whatever else is said. */
const nameless: ReadonlySet<string> = new Set(['Password', 'TokenExchange', 'RefreshToken', 'None']);
/** What only a login that is no OAuth may name. */
const loginParameters = [
  { name: 'grant_type', value: 'login' },
  { name: 'password', secretKeyRef: ref('password') },
];

function accepted(spec: object): OAuth2Credential {
  const parsed = parseCredential({
    apiVersion: 'tokenward.dev/v1alpha1',
    kind: 'OAuth2Credential',
    metadata: { name: 'any', namespace: 'hr' },
    // A manifest has no undefined in it.
    spec: JSON.parse(JSON.stringify(spec)),
  });
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.credential;
}
