import { createServer } from 'node:http';
import { createRemoteJWKSet, errors, exportJWK, generateKeyPair, jwtVerify } from 'jose';
// Not the package's own entry: that one prints a warning for every Node that is not a long-term release.
import { Provider } from 'oidc-provider/lib/provider.js';
import { listenOnLoopback, type Listening } from '../test/support/listen-on-loopback.ts';
import type { VerifyToken } from '../test/support/resource-server.ts';

const iotApi = 'urn:demo:iot-api';
const tokenLifetimeSeconds = 15 * 60;

export interface IotTokenServer extends Listening {
  /** Token requests so far, refused ones among them. */
  readonly tokenRequests: number;
  /** How the IoT API checks a token: signature, issuer, audience, expiry and type (RFC 9068 section 4). */
  readonly verifyToken: VerifyToken;
}

export interface IotTokenServerOptions {
  readonly port?: number;
  readonly clientId: string;
  readonly clientSecret: string;
}

/**
 * A real authorization server (oidc-provider) in the place of XSUAA: the client credentials grant at `/oauth/token`, the
 * client's secret in the Authorization header, JWT access tokens that live for 15 minutes.
 */
export async function startIotTokenServer({ port = 0, clientId, clientSecret }: IotTokenServerOptions): Promise<IotTokenServer> {
  const server = createServer();
  const listening = await listenOnLoopback(server, port);
  const issuer = listening.url;
  const { privateKey } = await generateKeyPair('RS256', { extractable: true });
  const provider = new Provider(issuer, {
    adapter: NoStorage,
    clients: [
      {
        client_id: clientId,
        client_secret: clientSecret,
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    routes: { token: '/oauth/token' },
    jwks: { keys: [{ ...(await exportJWK(privateKey)), alg: 'RS256', use: 'sig' }] },
    ttl: { ClientCredentials: tokenLifetimeSeconds },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      // A token for a named resource is a JWT; any other would be opaque.
      resourceIndicators: {
        enabled: true,
        defaultResource: () => iotApi,
        getResourceServerInfo: () => ({
          scope: '',
          audience: iotApi,
          accessTokenTTL: tokenLifetimeSeconds,
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  });

  let tokenRequests = 0;
  const answer = provider.callback();
  server.on('request', (request, response) => {
    if (request.url?.startsWith('/oauth/token') === true) tokenRequests += 1;
    void answer(request, response);
  });

  const keys = createRemoteJWKSet(new URL('/jwks', issuer));
  return {
    ...listening,
    get tokenRequests() {
      return tokenRequests;
    },
    async verifyToken(token) {
      try {
        const { payload } = await jwtVerify(token, keys, { issuer, audience: iotApi, typ: 'at+jwt' });
        return typeof payload['client_id'] === 'string' ? { clientId: payload['client_id'] } : undefined;
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined;
        throw error;
      }
    },
  };
}

/** JWT access tokens carry everything themselves; nothing else is issued here, so nothing needs to be kept. */
class NoStorage {
  async upsert(): Promise<void> {}
  async find(): Promise<void> {}
  async findByUid(): Promise<void> {}
  async findByUserCode(): Promise<void> {}
  async consume(): Promise<void> {}
  async destroy(): Promise<void> {}
  async revokeByGrantId(): Promise<void> {}
}
