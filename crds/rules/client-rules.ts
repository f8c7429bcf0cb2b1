import { celList, matching, type Rule } from '../rule.ts';
import { armRules } from './arm-rules.ts';

interface Client {
  readonly id?: string | undefined;
  readonly idFrom?: unknown;
  readonly authentication: string;
  readonly basicEncoding: string;
  readonly secretRef?: unknown;
  readonly privateKeyJWT?: unknown;
  readonly clientAssertion?: unknown;
  readonly assertionAudience?: unknown;
}

/** RFC 7617 section 2: the user-id ends at the first colon. */
export const colonInClientId =
  'holds a colon, which ends the user name in a Basic header (RFC 7617): set spec.client.basicEncoding: FormURLEncoded';

export const noControlCharacters = (reason: 'InvalidClient' | 'InvalidGrant'): Rule<string> =>
  matching(reason, '^[^\\x00-\\x1f\\x7f\ufffe\uffff]*$', 'holds a control character, such as a line break: remove it');

const withSecret = ['ClientSecretBasic', 'ClientSecretPost', 'ClientSecretJWT'];
const withSignature = ['ClientSecretJWT', 'PrivateKeyJWT'];

export const clientRules: readonly Rule<Client>[] = [
  {
    reason: 'InvalidClient',
    cel: '!(has(self.id) && has(self.idFrom))',
    holds: (self) => self.id === undefined || self.idFrom === undefined,
    message: 'must have exactly one of id and idFrom: set one and remove the other',
  },
  {
    reason: 'InvalidClient',
    at: ['secretRef'],
    cel: `!(self.authentication in ${celList(withSecret)}) || has(self.secretRef)`,
    holds: (self) => !withSecret.includes(self.authentication) || self.secretRef !== undefined,
    message:
      'is required by this authentication: name the Secret that holds the client secret, or choose another authentication (None sends no secret)',
  },
  {
    reason: 'InvalidClient',
    at: ['secretRef'],
    cel: `self.authentication in ${celList(withSecret)} || !has(self.secretRef)`,
    holds: (self) => withSecret.includes(self.authentication) || self.secretRef === undefined,
    message: `is not used by this authentication: remove it, or choose one of ${withSecret.join(', ')}`,
  },
  {
    reason: 'InvalidClient',
    at: ['id'],
    cel: "self.authentication != 'ClientSecretBasic' || self.basicEncoding != 'Raw' || !has(self.id) || !self.id.contains(':')",
    holds: (self) => self.authentication !== 'ClientSecretBasic' || self.basicEncoding !== 'Raw' || self.id?.includes(':') !== true,
    message: colonInClientId,
  },
  {
    reason: 'InvalidClient',
    at: ['assertionAudience'],
    cel: `self.authentication in ${celList(withSignature)} || !has(self.assertionAudience)`,
    holds: (self) => withSignature.includes(self.authentication) || self.assertionAudience === undefined,
    message: `is not used by this authentication: remove it, or choose one of ${withSignature.join(', ')}`,
  },
  ...armRules({
    reason: 'InvalidClient',
    discriminator: 'authentication',
    arms: { PrivateKeyJWT: 'privateKeyJWT', ClientAssertion: 'clientAssertion' },
  }),
];

interface Spec {
  readonly client: Client;
  readonly grant: {
    readonly type: string;
    readonly saml2Bearer?: { readonly profile: string } | undefined;
    readonly jwtBearer?: { readonly assertion?: { readonly issuer?: string | undefined } | undefined } | undefined;
  };
  readonly tokenEndpoint: { readonly url: string; readonly tls?: { readonly clientCertificate?: unknown } | undefined };
}

/**
 * RFC 6749 section 3.2.1; an assertion can stand for the client (RFC 7521 section 4.1), and a login of its own kind may know none.
 * SuccessFactors wants the client's id within the assertion too.
 */
export const clientIdIsNamed: Rule<Spec> = {
  reason: 'InvalidClient',
  at: ['client'],
  cel:
    "has(self.client.id) || has(self.client.idFrom) || (self.client.authentication == 'None' && self.grant.type != 'ClientCredentials'" +
    " && !(has(self.grant.saml2Bearer) && self.grant.saml2Bearer.profile == 'SuccessFactors'))",
  holds: ({ client, grant }) =>
    client.id !== undefined ||
    client.idFrom !== undefined ||
    (client.authentication === 'None' && grant.type !== 'ClientCredentials' && grant.saml2Bearer?.profile !== 'SuccessFactors'),
  message: 'must have exactly one of id and idFrom: set the client id',
};

/** RFC 8705 section 2: the certificate is shown in the TLS handshake. */
export const tlsClientAuthHasCertificate: Rule<Spec> = {
  reason: 'InvalidClient',
  at: ['tokenEndpoint', 'tls'],
  cel:
    "self.client.authentication != 'TLSClientAuth' || (has(self.tokenEndpoint.tls) && has(self.tokenEndpoint.tls.clientCertificate)" +
    " && self.tokenEndpoint.url.startsWith('https:'))",
  holds: ({ client, tokenEndpoint }) =>
    client.authentication !== 'TLSClientAuth' ||
    (tokenEndpoint.tls?.clientCertificate !== undefined && tokenEndpoint.url.startsWith('https:')),
  message:
    'must name a clientCertificate, and the URL must be https, for spec.client.authentication: TLSClientAuth shows it in the handshake',
};

/** RFC 7523 section 3: an assertion has an issuer. */
export const assertionNamesItsIssuer: Rule<Spec> = {
  reason: 'InvalidGrant',
  at: ['grant', 'jwtBearer', 'assertion', 'issuer'],
  cel:
    'has(self.client.id) || has(self.client.idFrom) || !has(self.grant.jwtBearer) || !has(self.grant.jwtBearer.assertion)' +
    ' || has(self.grant.jwtBearer.assertion.issuer)',
  holds: ({ client, grant }) =>
    client.id !== undefined ||
    client.idFrom !== undefined ||
    grant.jwtBearer?.assertion === undefined ||
    grant.jwtBearer.assertion.issuer !== undefined,
  message: 'is required where there is no client id: name the issuer of the assertion',
};
