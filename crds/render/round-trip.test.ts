import { createHash, X509Certificate } from 'node:crypto';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { anyCredential, type AnyCredential } from '../../test/support/any-credential.ts';
import type { CredentialSpec } from '../oauth2-credential.ts';
import { parseSidecarConfig } from '../parse-sidecar-config.ts';
import { sidecarConfigFile } from '../sidecar-config.ts';
import { renderCredential } from './render-credential.ts';

test('what is rendered is what the sidecar reads, for any credential', () => {
  fc.assert(
    fc.property(anyCredential, (any) => {
      const result = renderCredential(any.credential, any.sources, 0);
      const config = result.ok ? parseSidecarConfig(result.text) : undefined;
      // Encoding opens the secrets and leaves the defaults in.
      const read = config?.ok === true ? z.encode(sidecarConfigFile, config.config) : [result, config];
      expect(read).toEqual(defined({ version: 1, ...expected(any) }));
    }),
  );
});

/** Every reference replaced by what lies there, and what is empty as if it were not there. */
function expected({ credential: { spec }, data, samlXml }: AnyCredential): object {
  const at = (ref: { readonly key: string } | undefined) => ref && (ref.key === 'saml' ? samlXml : data[ref.key]);
  const entries = <E extends Entry>(list: readonly E[] = []) =>
    list.map(({ secretKeyRef, ...entry }) => ({ ...entry, value: entry.value ?? at(secretKeyRef) }));
  const { upstream, tokenEndpoint, client, injection, cache } = spec;
  const { id, idFrom, secretRef, privateKeyJWT, clientAssertion, ...rest } = client;
  return {
    upstream: { tls: {}, ...upstream, headers: entries(upstream.headers), queryParameters: entries(upstream.queryParameters) },
    tokenEndpoint: {
      response: {},
      ...tokenEndpoint,
      parameters: entries(tokenEndpoint.parameters),
      tls: tokenEndpoint.tls === undefined ? {} : { certificate: data['tls.crt'], key: data['tls.key'] },
    },
    client: {
      ...rest,
      id: id ?? at(idFrom?.secretKeyRef),
      secret: at(secretRef),
      privateKeyJWT: privateKeyJWT && signed(privateKeyJWT, at),
      clientAssertion: clientAssertion && supplied(clientAssertion.assertionRef, at),
    },
    grant: expectedGrant(spec.grant, at),
    injection,
    cache,
  };
}

function expectedGrant(grant: CredentialSpec['grant'], at: At): object {
  const { scope, password, saml2Bearer, jwtBearer, tokenExchange, refreshToken, ...rest } = grant;
  return {
    audience: [],
    resource: [],
    ...rest,
    scope: scope === '' ? undefined : scope,
    password: password && { username: password.username ?? at(password.usernameRef), password: at(password.passwordRef) },
    saml2Bearer:
      saml2Bearer &&
      withAssertion(saml2Bearer, at, ({ keyRef, certificateRef, ...assertion }) => ({
        attributes: [],
        ...assertion,
        key: at(keyRef),
        certificate: at(certificateRef),
      })),
    jwtBearer: jwtBearer && withAssertion(jwtBearer, at, (assertion) => ({ claims: [], ...signed(assertion, at) })),
    tokenExchange: tokenExchange && expectedExchange(tokenExchange, at),
    refreshToken: refreshToken && { refreshToken: at(refreshToken.refreshTokenRef) },
  };
}

function expectedExchange(arm: NonNullable<CredentialSpec['grant']['tokenExchange']>, at: At): object {
  const type = (ref: Ref | undefined) => `urn:ietf:params:oauth:token-type:${ref === undefined ? 'jwt' : 'access_token'}`;
  const { subjectTokenRef, subjectTokenType, actorTokenRef, actorTokenFrom, actorTokenType, requestedTokenType } = arm;
  const hasActor = actorTokenRef !== undefined || actorTokenFrom !== undefined;
  return {
    subjectToken: supplied(subjectTokenRef, at),
    subjectTokenType: subjectTokenType ?? type(subjectTokenRef),
    actorToken: hasActor ? supplied(actorTokenRef, at) : undefined,
    actorTokenType: hasActor ? (actorTokenType ?? type(actorTokenRef)) : undefined,
    requestedTokenType,
  };
}

interface Ref {
  readonly key: string;
}
interface Entry {
  readonly value?: string | undefined;
  readonly secretKeyRef?: Ref | undefined;
}
type At = (ref: Ref | undefined) => string | undefined;

const supplied = (ref: Ref | undefined, at: At) => (ref === undefined ? { from: 'ProjectedToken' } : { value: at(ref) });

function withAssertion<A extends object>(
  { assertionRef, assertion, ...rest }: { readonly assertionRef?: Ref | undefined; readonly assertion?: A | undefined },
  at: At,
  expectedOf: (assertion: A) => object,
): object {
  return { ...rest, supplied: at(assertionRef), assertion: assertion && expectedOf(assertion) };
}

function signed({ keyRef, certificateRef, ...rest }: { readonly keyRef: Ref; readonly certificateRef?: Ref | undefined }, at: At): object {
  const { raw } = certificateRef === undefined ? {} : new X509Certificate(at(certificateRef) ?? '');
  return { ...rest, key: at(keyRef), thumbprint: raw && createHash('sha256').update(raw).digest('base64url') };
}

/** Without what is undefined, at any depth. */
const defined = (value: object): unknown => JSON.parse(JSON.stringify(value));
