import { createRemoteJWKSet, jwtVerify } from 'jose';
import type { VerifyToken } from '../resource-server.ts';
import type { Keycloak } from './keycloak.ts';

/** An API of the realm `acme`. It asks for the realm's keys for each token: they change. */
export function verifyRealmToken({ url, httpsUrl }: Keycloak): VerifyToken {
  const jwks = createRemoteJWKSet(new URL(`${url}/realms/acme/protocol/openid-connect/certs`), { cacheMaxAge: 0, cooldownDuration: 0 });
  const issuer = [`${url}/realms/acme`, `${httpsUrl}/realms/acme`];
  return async (token) => {
    const verified = await jwtVerify(token, jwks, { issuer }).catch(() => undefined);
    return verified && { clientId: String(verified.payload['azp']), ...verified.payload };
  };
}
