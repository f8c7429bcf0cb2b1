import { createPrivateKey, type KeyObject } from 'node:crypto';
import { SignJWT } from 'jose/jwt/sign';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { Sensitive } from '../../crds/sensitive.ts';

export type Signing = NonNullable<SidecarConfig['client']['privateKeyJWT']>;

/** RFC 7523 section 3. Times are seconds since the Unix epoch. */
export interface AssertionClaims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string;
  readonly iat: number;
  readonly exp: number;
  readonly jti: string;
  /** Further ones. */
  readonly [name: string]: string | number;
}

/** `why` is in words of ours alone: those of OpenSSL might quote a key. */
export type Signed = { readonly ok: true; readonly value: Sensitive } | { readonly ok: false; readonly why: string };

/** A JWT signed by a private key, with what lets the server find the public one: RFC 7515 sections 4.1.4 and 4.1.8. */
export async function signByKey(claims: AssertionClaims, { key, algorithm, keyId, thumbprint }: Signing): Promise<Signed> {
  const privateKey = readKey(key);
  if (privateKey === undefined) return { ok: false, why: 'it is no private key in PEM, or has a passphrase' };
  const why = unfitness(privateKey, algorithm);
  if (why !== undefined) return { ok: false, why };
  const names = { ...(keyId !== undefined && { kid: keyId }), ...(thumbprint !== undefined && { 'x5t#S256': thumbprint }) };
  const jwt = new SignJWT({ ...claims }).setProtectedHeader({ alg: algorithm, typ: 'JWT', ...names });
  return { ok: true, value: new Sensitive(await jwt.sign(privateKey)) };
}

/** A JWT signed by the client secret: client_secret_jwt of OpenID Connect Core section 9. */
export async function signBySecret(claims: AssertionClaims, secret: Sensitive): Promise<Signed> {
  const jwt = new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256', typ: 'JWT' });
  return { ok: true, value: new Sensitive(await jwt.sign(Buffer.from(secret.reveal(), 'utf8'))) };
}

function readKey(pem: Sensitive): KeyObject | undefined {
  try {
    return createPrivateKey(pem.reveal());
  } catch {
    return undefined;
  }
}

const keyTypes: Record<Signing['algorithm'], string> = { RS256: 'rsa', PS256: 'rsa', ES256: 'ec', EdDSA: 'ed25519' };

/** RFC 7518 sections 3.3 to 3.5, RFC 8037 section 3.1. */
function unfitness(
  { asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject,
  algorithm: Signing['algorithm'],
): string | undefined {
  const wanted = keyTypes[algorithm];
  if (type !== wanted) return `${algorithm} takes a key of the type ${wanted}, and its type is ${type}`;
  if (type === 'ec' && details?.namedCurve !== 'prime256v1') return `${algorithm} takes a key on the curve P-256, and it is on another one`;
  if (type === 'rsa' && (details?.modulusLength ?? 0) < 2048) return `${algorithm} takes a key of at least 2048 bits, and it has fewer`;
  return undefined;
}
