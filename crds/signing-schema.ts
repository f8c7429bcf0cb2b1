import { choice, text } from './field.ts';
import { secretRef } from './references.ts';
import { noControlCharacters } from './rules/client-rules.ts';

/** How a JWT is signed: RFC 7515, RFC 7518 section 3. */
export const signing = (reason: 'InvalidClient' | 'InvalidGrant') => ({
  keyRef: secretRef('The private key, as PEM, that signs the JWT.', 'tls.key'),
  algorithm: choice('The signature algorithm (alg): RS256 and PS256 take an RSA key, ES256 one on the curve P-256, EdDSA an Ed25519 key.', [
    'RS256',
    'PS256',
    'ES256',
    'EdDSA',
  ]).default('RS256'),
  keyId: text('The key id (kid) to name in the header of the JWT. Empty: none.', {
    min: 0,
    max: 1024,
    rules: [noControlCharacters(reason)],
  }).optional(),
  certificateRef: secretRef(
    "The key's certificate, as PEM; its SHA-256 thumbprint goes into the header of the JWT (x5t#S256), as Microsoft Entra ID wants it.",
    'tls.crt',
  ).optional(),
});

/** What comes from the projected service account token that the pod asks for: no secret lies in the cluster. */
export const projectedToken = (description: string) => choice(description, ['ProjectedToken']);
