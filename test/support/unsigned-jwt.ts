/** A JWT (RFC 7519) whose signature is none: for those who only look into it. */
export function unsignedJwt(claims: Readonly<Record<string, unknown>>): string {
  const parts = [{ alg: 'none' }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'));
  return [...parts, 'sig'].join('.');
}
