import { choice, record, text } from './field.ts';
import { secretKeyRef, secretRef } from './references.ts';
import { clientRules, noControlCharacters } from './rules/client-rules.ts';
import { exactlyOne } from './rules/exactly-one.ts';
import { projectedToken, signing } from './signing-schema.ts';

const clientAssertion = record(
  'The JWT that stands for the client (ClientAssertion): RFC 7523 section 2.2.',
  {
    assertionRef: secretKeyRef.describe('A JWT that was made elsewhere.').optional(),
    assertionFrom: projectedToken(
      "ProjectedToken: the service account token that the pod's annotation tokenward.dev/assertion-audience asks for, read afresh for every token request.",
    ).optional(),
  },
  [exactlyOne('assertionRef', 'assertionFrom')],
);

export const client = record(
  'The OAuth client and how it authenticates.',
  {
    id: text('The client id.', { max: 1024, rules: [noControlCharacters('InvalidClient')] }).optional(),
    idFrom: record('Where the client id is read from.', { secretKeyRef }).optional(),
    authentication: choice(
      'How the client authenticates: ClientSecretBasic (request header), ClientSecretPost (body parameters), ClientSecretJWT or PrivateKeyJWT' +
        ' (a signed assertion), TLSClientAuth (the client certificate of tokenEndpoint.tls), ClientAssertion (a JWT that is there already)' +
        ' or None (public client).',
      ['ClientSecretBasic', 'ClientSecretPost', 'ClientSecretJWT', 'PrivateKeyJWT', 'TLSClientAuth', 'ClientAssertion', 'None'],
    ).default('ClientSecretBasic'),
    secretRef: secretRef('The Secret that holds the client secret.', 'client-secret').optional(),
    basicEncoding: choice(
      'How id and secret are encoded in the Basic header: Raw, as most servers expect, or FormURLEncoded (RFC 6749, section 2.3.1).',
      ['Raw', 'FormURLEncoded'],
    ).default('Raw'),
    bodyId: text('A client_id to send in the body beside the one in the header. Empty: none.', {
      min: 0,
      max: 1024,
      rules: [noControlCharacters('InvalidClient')],
    }).optional(),
    privateKeyJWT: record(
      'The assertion of PrivateKeyJWT: OpenID Connect Core section 9, RFC 7523 section 2.2.',
      signing('InvalidClient'),
    ).optional(),
    clientAssertion: clientAssertion.optional(),
    assertionAudience: text(
      "The audience (aud) of the assertion that ClientSecretJWT and PrivateKeyJWT sign. Absent: the token endpoint's URL.",
      {
        max: 2048,
        rules: [noControlCharacters('InvalidClient')],
      },
    ).optional(),
  },
  clientRules,
);
