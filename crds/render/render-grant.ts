import type { CredentialSpec } from '../oauth2-credential.ts';
import type { SidecarConfig } from '../sidecar-config.ts';
import { thumbprintOf } from './pem.ts';
import type { KeyRef, SourceReader } from './source-reader.ts';
import type { SuppliedUse } from './supplied-token.ts';

type Grant = CredentialSpec['grant'];
type Rendered = SidecarConfig['grant'];

export function renderGrant(grant: Grant, reader: SourceReader): Rendered {
  const { type, scope, audience = [], resource = [] } = grant;
  return {
    type,
    ...(scope !== undefined && scope !== '' && { scope }),
    audience,
    resource,
    ...(grant.password && { password: renderPassword(grant.password, reader) }),
    ...(grant.saml2Bearer && { saml2Bearer: renderSaml2Bearer(grant.saml2Bearer, reader) }),
    ...(grant.jwtBearer && { jwtBearer: renderJwtBearer(grant.jwtBearer, reader) }),
    ...(grant.tokenExchange && { tokenExchange: renderTokenExchange(grant.tokenExchange, reader) }),
    ...(grant.refreshToken && {
      refreshToken: {
        refreshToken: reader.value(grant.refreshToken.refreshTokenRef, 'spec.grant.refreshToken.refreshTokenRef', 'credential'),
      },
    }),
  };
}

function renderPassword({ username, usernameRef, passwordRef }: Arm<'password'>, reader: SourceReader): RenderedArm<'password'> {
  const at = 'spec.grant.password';
  return {
    username: usernameRef === undefined ? (username ?? '') : reader.value(usernameRef, `${at}.usernameRef`, 'userName').reveal(),
    password: reader.value(passwordRef, `${at}.passwordRef`, 'credential'),
  };
}

function renderSaml2Bearer(arm: Arm<'saml2Bearer'>, reader: SourceReader): RenderedArm<'saml2Bearer'> {
  const { profile, companyId, assertionRef, assertion } = arm;
  const at = 'spec.grant.saml2Bearer';
  return {
    profile,
    ...(companyId !== undefined && { companyId }),
    ...(assertionRef && { supplied: reader.value(assertionRef, `${at}.assertionRef`, 'samlAssertion') }),
    ...(assertion && { assertion: renderSamlAssertion(assertion, `${at}.assertion`, reader) }),
  };
}

function renderSamlAssertion(
  { keyRef, certificateRef, attributes = [], ...rest }: NonNullable<Arm<'saml2Bearer'>['assertion']>,
  at: string,
  reader: SourceReader,
): NonNullable<RenderedArm<'saml2Bearer'>['assertion']> {
  const { key, certificate = '' } = reader.signingKey(keyRef, certificateRef, at, 'RSA-SHA256');
  return { ...present(rest), attributes, key, certificate };
}

function renderJwtBearer({ assertionRef, assertion }: Arm<'jwtBearer'>, reader: SourceReader): RenderedArm<'jwtBearer'> {
  const at = 'spec.grant.jwtBearer';
  if (assertion === undefined) {
    return assertionRef === undefined ? {} : { supplied: reader.value(assertionRef, `${at}.assertionRef`, 'jwt') };
  }
  const { issuer, subject, audience, claims = [], lifetimeSeconds } = assertion;
  return {
    assertion: {
      ...present({ issuer, subject, audience, claims, lifetimeSeconds }),
      ...renderSigning(assertion, `${at}.assertion`, reader),
    },
  };
}

function renderTokenExchange(arm: Arm<'tokenExchange'>, reader: SourceReader): RenderedArm<'tokenExchange'> {
  const at = 'spec.grant.tokenExchange';
  const { subjectTokenRef, subjectTokenType, actorTokenRef, actorTokenFrom, actorTokenType, requestedTokenType } = arm;
  const hasActor = actorTokenRef !== undefined || actorTokenFrom !== undefined;
  return {
    subjectToken: renderSupplied(subjectTokenRef, `${at}.subjectTokenRef`, reader, 'token'),
    subjectTokenType: subjectTokenType ?? defaultTokenType(subjectTokenRef),
    ...(hasActor && {
      actorToken: renderSupplied(actorTokenRef, `${at}.actorTokenRef`, reader, 'token'),
      actorTokenType: actorTokenType ?? defaultTokenType(actorTokenRef),
    }),
    ...(requestedTokenType !== undefined && { requestedTokenType }),
  };
}

/** RFC 8693 section 3. */
const defaultTokenType = (ref: KeyRef | undefined): string =>
  `urn:ietf:params:oauth:token-type:${ref === undefined ? 'jwt' : 'access_token'}`;

/** A token from a Secret, or else the projected one, which only the sidecar can read. */
export function renderSupplied(ref: KeyRef | undefined, at: string, reader: SourceReader, use: SuppliedUse): Supplied {
  return ref === undefined ? { from: 'ProjectedToken' } : { value: reader.value(ref, at, use) };
}

type Supplied = RenderedArm<'tokenExchange'>['subjectToken'];
type SigningSpec = NonNullable<CredentialSpec['client']['privateKeyJWT']>;

export function renderSigning(spec: SigningSpec, at: string, reader: SourceReader): NonNullable<SidecarConfig['client']['privateKeyJWT']> {
  const { keyRef, algorithm, keyId, certificateRef } = spec;
  const { key, certificate } = reader.signingKey(keyRef, certificateRef, at, algorithm);
  return {
    key,
    algorithm,
    ...(keyId !== undefined && keyId !== '' && { keyId }),
    // Empty where there is something wrong with it.
    ...(certificate !== undefined && certificate !== '' && { thumbprint: thumbprintOf(certificate) }),
  };
}

type Arm<A extends keyof Grant> = NonNullable<Grant[A]>;
type RenderedArm<A extends keyof Rendered> = NonNullable<Rendered[A]>;

type Present<T> = { [K in keyof T as undefined extends T[K] ? never : K]: T[K] } & {
  [K in keyof T as undefined extends T[K] ? K : never]?: Exclude<T[K], undefined>;
};

/** Without what is undefined: an optional field is absent or has a value. */
function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}
