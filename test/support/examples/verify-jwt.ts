import { constants, type KeyLike, sign, verify } from 'node:crypto';
import { Refusal } from '../saml/token-server.ts';

type Algorithm = 'RS256' | 'PS256' | 'ES256';

export interface JwtExpectation {
  readonly key: KeyLike;
  readonly algorithm: Algorithm;
  /** Beside `alg`. */
  readonly header?: Readonly<Record<string, string>>;
  /** Exactly these claims, beside the times. */
  readonly claims: Readonly<Record<string, unknown>>;
  readonly longestSeconds: number;
  /** Where given, there must be a `jti` that is not in here yet; it is added. */
  readonly seen?: Set<unknown>;
}

/** How one reads a signature of RFC 7518 section 3. */
const schemes: Readonly<Record<Algorithm, object>> = {
  RS256: { padding: constants.RSA_PKCS1_PADDING },
  PS256: { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST },
  ES256: { dsaEncoding: 'ieee-p1363' },
};

/** Refuses a JWT that is not as it must be in any part: RFC 7515 section 5.2, RFC 7519 section 7.2, RFC 7523 section 3. */
export function verifyJwt(token: string, { key, algorithm, header = {}, claims, longestSeconds, seen }: JwtExpectation): void {
  const [head = '', body = '', signature = '', ...more] = token.split('.');
  if (more.length > 0) throw new Refusal('not a signed JWT');
  const { alg, typ: _typ, ...rest } = parse(head);
  expectSame(alg, algorithm, 'algorithm');
  expectSame(sorted(rest), sorted(header), 'header');
  const signed = Buffer.from(`${head}.${body}`);
  if (!verify('sha256', signed, { key, ...schemes[algorithm] } as never, Buffer.from(signature, 'base64url'))) {
    throw new Refusal('the signature does not verify');
  }
  const { iat, exp, nbf = iat, jti, ...others } = parse(body);
  const nowSeconds = Date.now() / 1000;
  if (!(Number(iat) <= nowSeconds + 5 && Number(nbf) <= nowSeconds + 5)) throw new Refusal('from the future');
  if (!(Number(exp) > nowSeconds && Number(exp) <= nowSeconds + longestSeconds + 5)) throw new Refusal('ended, or ends too late');
  expectSame(sorted(others), sorted(claims), 'claims');
  if (seen === undefined) return;
  if (typeof jti !== 'string' || seen.has(jti)) throw new Refusal('no jti, or one that was there already');
  seen.add(jti);
}

/** A JWT as the API server of a cluster signs it for a service account. */
export function signJwt(claims: object, key: KeyLike): string {
  const nowSeconds = Math.floor(Date.now() / 1000);
  const parts = [
    { alg: 'RS256', kid: 'cluster' },
    { iat: nowSeconds, nbf: nowSeconds, exp: nowSeconds + 3600, ...claims },
  ];
  const signed = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.');
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

function parse(part: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(part, 'base64url').toString('utf8')) as Record<string, unknown>;
}

const sorted = (members: object): string => JSON.stringify(Object.entries(members).toSorted(([a], [b]) => (a < b ? -1 : 1)));

function expectSame(found: unknown, wanted: unknown, what: string): void {
  if (found !== wanted) throw new Refusal(`another ${what}: ${String(found)}`);
}
