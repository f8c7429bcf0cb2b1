import { createPublicKey, X509Certificate } from 'node:crypto';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { TLSSocket } from 'node:tls';
import { exportJWK, generateKeyPair, jwtVerify } from 'jose';
import { Provider } from 'oidc-provider/lib/provider.js';
import { listenOnLoopback, type Listening } from '../listen-on-loopback.ts';
import type { Certificate } from '../make-certificate.ts';
import type { VerifyToken } from '../resource-server.ts';

const api = 'urn:acme:api';
const lifetimeSeconds = 900;

export interface OidcOptions {
  /** As RFC 7591 section 2 names it. */
  readonly client: { readonly client_id: string } & Readonly<Record<string, unknown>>;
  /** One that was given to the client before; it does not rotate. */
  readonly refreshToken?: string;
  /** Served over TLS with this certificate, and asking for the client's. */
  readonly tls?: Certificate;
}

export interface OidcTokenServer extends Listening {
  readonly verifyToken: VerifyToken;
}

/** A real authorization server (oidc-provider) with one client, at `/token`. Its tokens are JWTs (RFC 9068). */
export async function startOidcTokenServer({ client, refreshToken, tls }: OidcOptions): Promise<OidcTokenServer> {
  const server =
    tls === undefined
      ? createServer()
      : createTlsServer({ cert: tls.certificate, key: tls.key, requestCert: true, rejectUnauthorized: false });
  const listening = await listenOnLoopback(server);
  const issuer = tls === undefined ? listening.url : listening.url.replace('http:', 'https:');
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const provider = new Provider(issuer, {
    clients: [
      { grant_types: [refreshToken === undefined ? 'client_credentials' : 'refresh_token'], response_types: [], redirect_uris: [], ...client },
    ],
    clientAuthMethods: [
      'none',
      'client_secret_basic',
      'client_secret_post',
      'client_secret_jwt',
      'private_key_jwt',
      'self_signed_tls_client_auth',
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig' }] },
    ttl: { ClientCredentials: lifetimeSeconds, AccessToken: lifetimeSeconds, IdToken: lifetimeSeconds, RefreshToken: 86_400, Grant: 86_400 },
    rotateRefreshToken: false,
    findAccount: (_context: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      mTLS: { enabled: true, selfSignedTlsClientAuth: true, getCertificate: certificateOf },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => api,
        useGrantedResource: () => true,
        getResourceServerInfo: () => ({ scope: '', audience: api, accessTokenTTL: lifetimeSeconds, accessTokenFormat: 'jwt' }),
      },
    },
  });
  if (refreshToken !== undefined) await giveRefreshToken(provider, client.client_id, refreshToken);
  const answer = provider.callback();
  server.on('request', (request, response) => void answer(request, response));
  return {
    ...listening,
    url: issuer,
    async verifyToken(token) {
      const { payload } = await jwtVerify(token, publicKey, { issuer, audience: api, typ: 'at+jwt' });
      return { clientId: String(payload['client_id']) };
    },
  };
}

/** A client's registered key, as JSON Web Key (RFC 7517). */
export const publicJwk = async (pem: string, members: object): Promise<object> => ({
  ...(await exportJWK(createPublicKey(pem))),
  ...members,
});

/** The same for a certificate. */
export const certificateJwk = (pem: string): Promise<object> =>
  publicJwk(pem, { x5c: [new X509Certificate(pem).raw.toString('base64')], use: 'sig' });

function certificateOf({ socket }: { readonly socket: unknown }): X509Certificate | undefined {
  const certificate = socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
  return certificate;
}

async function giveRefreshToken(provider: Provider, clientId: string, jti: string): Promise<void> {
  const accountId = 'someone';
  const scope = 'openid offline_access';
  const grant = new provider.Grant({ accountId, clientId });
  grant.addOIDCScope(scope);
  const grantId = await grant.save();
  const client = await provider.Client.find(clientId);
  await new provider.RefreshToken({ jti, client, accountId, grantId, scope, gty: 'authorization_code', resource: api }).save();
}
