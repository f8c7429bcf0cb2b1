import { startOidcTokenServer, type OidcOptions } from '../support/examples/oidc-token-server.ts';
import type { Certificate } from '../support/make-certificate.ts';
import type { Claims } from '../support/resource-server.ts';
import type { Scene, Stage } from './broken-setup.ts';
import { clientSecret } from './gallery-realm.ts';
import { clientId, credential, secret } from './manifests.ts';
import { startApiOf } from './orders-api.ts';
import { placesOf } from './places.ts';

/** A token endpoint that is there for one set-up. */
export interface Endpoint extends AsyncDisposable {
  readonly url: string;
  readonly verifyToken: (token: string) => Claims | undefined | Promise<Claims | undefined>;
}

/** What is not as it is everywhere. */
export interface Parts {
  readonly upstream?: object;
  readonly tokenEndpoint?: object;
  readonly client?: object;
  readonly grant?: object;
  /** In the Secret. */
  readonly kept?: Readonly<Record<string, string>>;
}

/** A credential between a token endpoint and an API that takes its tokens. */
export async function sceneOf({ stack }: Stage, endpoint: Endpoint, parts: Parts = {}): Promise<Scene> {
  stack.use(endpoint);
  const api = stack.use(await startApiOf(verifierOf(endpoint)));
  return {
    manifests: manifestsOf({ api: api.url, login: endpoint.url }, parts),
    places: placesOf({ login: endpoint.url, api: api.url }),
  };
}

export function manifestsOf(urls: { readonly api: string; readonly login: string }, parts: Parts = {}): Scene['manifests'] {
  const { upstream, tokenEndpoint, client, grant, kept = { 'client-secret': clientSecret } } = parts;
  return [
    credential({
      upstream: { url: urls.api, ...upstream },
      tokenEndpoint: { url: urls.login, ...tokenEndpoint },
      ...(client && { client: { ...client } }),
      ...(grant && { grant: { ...grant } }),
    }),
    secret(kept),
  ];
}

export function verifierOf(endpoint: Endpoint): (token: string) => Promise<Claims | undefined> {
  return async (token) => {
    try {
      return await endpoint.verifyToken(token);
    } catch {
      return undefined;
    }
  };
}

/** oidc-provider, with a client by secret unless another one is given. */
export async function startProvider(options: Partial<OidcOptions> & { readonly tls?: Certificate } = {}): Promise<Endpoint> {
  const client = { client_id: clientId, client_secret: clientSecret, token_endpoint_auth_method: 'client_secret_basic' };
  const server = await startOidcTokenServer({ client, ...options });
  return { ...server, url: `${server.url}/token` };
}
