import type { IncomingMessage, ServerResponse } from 'node:http';
import { createRemoteJWKSet, errors, jwtVerify } from 'jose';
import type { Keycloak } from '../support/keycloak/keycloak.ts';
import type { Listening } from '../support/listen-on-loopback.ts';
import { type ResourceServerOptions, startResourceServer, type VerifyToken } from '../support/resource-server.ts';
import { serve } from '../support/serve.ts';
import { realmUrl } from './gallery-realm.ts';

export interface OrdersApiOptions {
  readonly issuer: string;
  readonly keysUrl: string;
  readonly audience?: string;
  readonly scope?: string;
}

const metadataPath = '/.well-known/oauth-protected-resource';

/**
 * An API that takes JWTs (RFC 9068) of one issuer, says why it does not take one (RFC 6750 section 3, in the words of ASP.NET Core), and
 * what it is and whom it trusts (RFC 9728).
 */
export function startOrdersApi({ issuer, keysUrl, audience, scope }: OrdersApiOptions): Promise<Listening> {
  const keys = createRemoteJWKSet(new URL(keysUrl));
  const refusalOf = async (authorization = ''): Promise<Refusal | undefined> => {
    const [, token] = /^Bearer (\S+)$/.exec(authorization) ?? [];
    if (token === undefined) return { status: 401, challenge: 'Bearer realm="orders"' };
    try {
      const { payload } = await jwtVerify(token, keys, { issuer, ...(audience !== undefined && { audience }) });
      const scopes = String(payload['scope']).split(' ');
      if (scope === undefined || scopes.includes(scope)) return undefined;
      return { status: 403, challenge: `Bearer error="insufficient_scope", scope="${scope}"` };
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
      return { status: 401, challenge: `Bearer error="invalid_token", error_description="${describe(error)}"` };
    }
  };
  const answer = async ({ headers, url }: IncomingMessage, response: ServerResponse): Promise<void> => {
    const here = `http://${headers.host}`;
    response.setHeader('Content-Type', 'application/json');
    if (url === metadataPath) {
      response.end(JSON.stringify({ resource: audience ?? here, authorization_servers: [issuer] }));
      return;
    }
    const refusal = await refusalOf(headers.authorization);
    if (refusal === undefined) response.end('[]');
    else
      response.writeHead(refusal.status, { 'WWW-Authenticate': `${refusal.challenge}, resource_metadata="${here}${metadataPath}"` }).end();
  };
  return serve((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
}

interface Refusal {
  readonly status: 401 | 403;
  readonly challenge: string;
}

function describe(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return `The token expired at '${new Date(Number(error.payload.exp) * 1000).toISOString()}'`;
  if (!(error instanceof errors.JWTClaimValidationFailed)) return 'The signature is invalid';
  const value = JSON.stringify(error.payload[error.claim] ?? '(null)').replaceAll('"', '');
  return error.claim === 'aud'
    ? `The audience '${value}' is invalid`
    : `The ${error.claim === 'iss' ? 'issuer' : error.claim} '${value}' is invalid`;
}

/** One that takes the tokens of a realm of Keycloak. */
export function startApiOfRealm(keycloak: Keycloak, more: Pick<OrdersApiOptions, 'scope'> = {}): Promise<Listening> {
  const issuer = realmUrl(keycloak);
  return startOrdersApi({ issuer, keysUrl: `${issuer}/protocol/openid-connect/certs`, ...more });
}

/** One that has its tokens verified by whoever has issued them. */
export function startApiOf(verifyToken: VerifyToken, more: Pick<ResourceServerOptions, 'port' | 'tls'> = {}): Promise<Listening> {
  return startResourceServer({
    ...more,
    verifyToken,
    respond: (_request, response) => void response.setHeader('Content-Type', 'application/json').end('[]'),
  });
}
