import type { KeyObject } from 'node:crypto';
import { SignJWT } from 'jose/jwt/sign';
import { readPrivateKey, unfitness, type KeyUse } from '../../crds/render/private-key.ts';
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

/** `why` goes on after "it", in words of ours alone: those of OpenSSL might quote a key. */
export type Signed = { readonly ok: true; readonly value: Sensitive } | { readonly ok: false; readonly why: string };

export type SigningKey = { readonly ok: true; readonly key: KeyObject } | { readonly ok: false; readonly why: string };

export function readSigningKey(pem: Sensitive, use: KeyUse): SigningKey {
  const read = readPrivateKey(pem.reveal());
  if (!read.ok) return { ok: false, why: read.message };
  const why = unfitness(read.key, use);
  return why === undefined ? read : { ok: false, why };
}

/** A JWT signed by a private key, with what lets the server find the public one: RFC 7515 sections 4.1.4 and 4.1.8. */
export async function signByKey(claims: AssertionClaims, { key, algorithm, keyId, thumbprint }: Signing): Promise<Signed> {
  const read = readSigningKey(key, algorithm);
  if (!read.ok) return read;
  const names = { ...(keyId !== undefined && { kid: keyId }), ...(thumbprint !== undefined && { 'x5t#S256': thumbprint }) };
  const jwt = new SignJWT({ ...claims }).setProtectedHeader({ alg: algorithm, typ: 'JWT', ...names });
  return { ok: true, value: new Sensitive(await jwt.sign(read.key)) };
}

/** A JWT signed by the client secret: client_secret_jwt of OpenID Connect Core section 9. */
export async function signBySecret(claims: AssertionClaims, secret: Sensitive): Promise<Signed> {
  const jwt = new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256', typ: 'JWT' });
  return { ok: true, value: new Sensitive(await jwt.sign(Buffer.from(secret.reveal(), 'utf8'))) };
}
