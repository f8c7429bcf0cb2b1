import { jwtClaims } from '../../crds/jwt-claims.ts';

/** A JWT (RFC 7519), read and not verified: that is for those who rely on it. */
export interface Jwt {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

/** Undefined for a token that only its issuer can read. */
export function readJwt(token: string): Jwt | undefined {
  const claims = jwtClaims(token);
  if (claims === undefined) return undefined;
  return { header: readHeader(token) ?? {}, claims };
}

/** RFC 7516 section 3: five parts, of which the first says how the others are encrypted. */
export function isEncryptedJwt(token: string): boolean {
  return token.split('.').length === 5 && typeof readHeader(token)?.['enc'] === 'string';
}

function readHeader(token: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const header: unknown = JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString('utf8'));
    return typeof header === 'object' && header !== null ? { ...header } : undefined;
  } catch {
    return undefined;
  }
}
