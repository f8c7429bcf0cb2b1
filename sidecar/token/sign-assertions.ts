import { Sensitive } from '../../crds/sensitive.ts';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { encodeSamlAssertion, samlAssertion } from './saml-assertion.ts';
import { readSigningKey, signByKey, signBySecret, type AssertionClaims, type Signed } from './sign-jwt.ts';

/** When an assertion is made, and what makes it another one than all before. */
export interface Moment {
  readonly nowMs: number;
  /** A UUID. */
  readonly id: string;
}

type Grant = SidecarConfig['grant'];
type JwtAssertion = NonNullable<NonNullable<Grant['jwtBearer']>['assertion']>;

/** RFC 7523 section 3 wants it to be short-lived, and it is used at once. */
const clientAssertionSeconds = 60;

/** The JWT that stands for a client which signs: RFC 7523 section 2.2. */
export function signClientAssertion({ client, tokenEndpoint }: SidecarConfig, moment: Moment): Promise<Signed> {
  const { id = '', assertionAudience = tokenEndpoint.url, privateKeyJWT, secret } = client;
  const claims = { iss: id, sub: id, aud: assertionAudience, ...validity(moment, clientAssertionSeconds) };
  return privateKeyJWT === undefined ? signBySecret(claims, secret ?? new Sensitive('')) : signByKey(claims, privateKeyJWT);
}

/** The JWT that is the grant: RFC 7523 section 2.1. */
export function signJwtAssertion({ client, tokenEndpoint }: SidecarConfig, assertion: JwtAssertion, moment: Moment): Promise<Signed> {
  const { issuer = client.id ?? '', subject, audience = tokenEndpoint.url, claims, lifetimeSeconds } = assertion;
  const further = Object.fromEntries(claims.map(({ name, value }) => [name, value]));
  return signByKey({ ...further, iss: issuer, sub: subject, aud: audience, ...validity(moment, lifetimeSeconds) }, assertion);
}

/** The SAML assertion that is the grant, signed here or supplied, as it is sent: RFC 7522 section 2.1. */
export function encodedSamlAssertion({ client, tokenEndpoint, grant }: SidecarConfig, moment: Moment): Signed {
  const { profile, companyId, supplied, assertion } = grant.saml2Bearer ?? { profile: 'RFC7522' };
  const input = { profile, companyId, clientId: client.id ?? '', tokenUrl: tokenEndpoint.url };
  if (assertion === undefined) return { ok: true, value: new Sensitive(encodeSamlAssertion(profile, supplied?.reveal() ?? '')) };
  const key = readSigningKey(assertion.key, 'RSA-SHA256');
  if (!key.ok) return key;
  try {
    return { ok: true, value: new Sensitive(encodeSamlAssertion(profile, samlAssertion({ ...input, assertion }, moment))) };
  } catch {
    return { ok: false, why: 'goes with a certificate that is none, or with values that cannot be written in XML' };
  }
}

function validity({ nowMs, id }: Moment, seconds: number): Pick<AssertionClaims, 'iat' | 'exp' | 'jti'> {
  const iat = Math.floor(nowMs / 1000);
  return { iat, exp: iat + seconds, jti: id };
}
