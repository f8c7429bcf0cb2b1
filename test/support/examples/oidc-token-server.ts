import { createPublicKey, X509Certificate } from 'node:crypto';
import { createServer } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import { TLSSocket } from 'node:tls';
import { exportJWK, generateKeyPair, jwtVerify } from 'jose';
import { InvalidTarget } from 'oidc-provider/lib/helpers/errors.js';
import { Provider } from 'oidc-provider/lib/provider.js';
import { listenOnLoopback, type Listening } from '../listen-on-loopback.ts';
import type { Certificate } from '../make-certificate.ts';
import type { VerifyToken } from '../resource-server.ts';

const lifetimeSeconds = 900;

export interface OidcOptions {
  /** As RFC 7591 section 2 names it. */
  readonly client: { readonly client_id: string } & Readonly<Record<string, unknown>>;
  /** One that was given to the client before. */
  readonly refreshToken?: string;
  /** Whether each use of it brings another one in its place. */
  readonly rotates?: boolean;
  /** Served over TLS with this certificate, and asking for the client's. */
  readonly tls?: Certificate;
  /** Whose certificates name clients for `tls_client_auth` (RFC 8705 section 2.1). */
  readonly authority?: Certificate;
  /** The APIs that it knows; tokens are for the first if none is named (RFC 8707). */
  readonly resources?: readonly [string, ...string[]];
}

export interface OidcTokenServer extends Listening {
  readonly verifyToken: VerifyToken;
}

/** A real authorization server (oidc-provider) with one client, at `/token`. Its tokens are JWTs (RFC 9068). */
export async function startOidcTokenServer(options: OidcOptions): Promise<OidcTokenServer> {
  const { client, refreshToken, rotates = false, tls, resources = ['urn:acme:api'] } = options;
  const [api] = resources;
  const server = tls === undefined ? createServer() : createTlsServer(tlsOptions(tls, options.authority));
  const listening = await listenOnLoopback(server);
  const issuer = tls === undefined ? listening.url : listening.url.replace('http:', 'https:');
  const { privateKey, publicKey } = await generateKeyPair('RS256', { extractable: true });
  const provider = new Provider(issuer, {
    clients: [
      {
        grant_types: [refreshToken === undefined ? 'client_credentials' : 'refresh_token'],
        response_types: [],
        redirect_uris: [],
        ...client,
      },
    ],
    clientAuthMethods: [
      'none',
      'client_secret_basic',
      'client_secret_post',
      'client_secret_jwt',
      'private_key_jwt',
      'tls_client_auth',
      'self_signed_tls_client_auth',
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig' }] },
    ttl: {
      ClientCredentials: lifetimeSeconds,
      AccessToken: lifetimeSeconds,
      IdToken: lifetimeSeconds,
      RefreshToken: 86_400,
      Grant: 86_400,
    },
    rotateRefreshToken: rotates,
    findAccount: (_context: unknown, accountId: string) => ({ accountId, claims: () => ({ sub: accountId }) }),
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        tlsClientAuth: true,
        selfSignedTlsClientAuth: true,
        getCertificate: certificateOf,
        certificateAuthorized: ({ socket }: Connected) => socket instanceof TLSSocket && socket.authorized,
        certificateSubjectMatches: (connected: Connected, _property: string, expected: string) =>
          certificateOf(connected)?.subject === expected,
      },
      resourceIndicators: {
        enabled: true,
        defaultResource: () => api,
        useGrantedResource: () => true,
        getResourceServerInfo: (_context: unknown, resource: string) => {
          if (!resources.includes(resource)) throw new InvalidTarget();
          return { scope: '', audience: resource, accessTokenTTL: lifetimeSeconds, accessTokenFormat: 'jwt' };
        },
      },
    },
  });
  if (refreshToken !== undefined) await giveRefreshToken(provider, { clientId: client.client_id, jti: refreshToken, resource: api });
  const answer = provider.callback();
  server.on('request', (request, response) => void answer(request, response));
  return {
    ...listening,
    url: issuer,
    async verifyToken(token) {
      const { payload } = await jwtVerify(token, publicKey, { issuer, audience: [...resources], typ: 'at+jwt' });
      return { clientId: String(payload['client_id']), ...payload };
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

/** As far as oidc-provider shows a request. */
interface Connected {
  readonly socket: unknown;
}

function certificateOf({ socket }: Connected): X509Certificate | undefined {
  return socket instanceof TLSSocket ? socket.getPeerX509Certificate() : undefined;
}

/** Any certificate is taken in the handshake; what it is worth depends on the client. */
function tlsOptions({ certificate, key }: Certificate, authority: Certificate | undefined): ServerOptions {
  return { cert: certificate, key, requestCert: true, rejectUnauthorized: false, ...(authority && { ca: authority.certificate }) };
}

interface Given {
  readonly clientId: string;
  readonly jti: string;
  readonly resource: string;
}

async function giveRefreshToken(provider: Provider, { clientId, jti, resource }: Given): Promise<void> {
  const accountId = 'someone';
  const scope = 'openid offline_access';
  const grant = new provider.Grant({ accountId, clientId });
  grant.addOIDCScope(scope);
  const grantId = await grant.save();
  const client = await provider.Client.find(clientId);
  await new provider.RefreshToken({ jti, client, accountId, grantId, scope, gty: 'authorization_code', resource }).save();
}
