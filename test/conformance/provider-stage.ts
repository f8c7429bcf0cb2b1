import type { ProjectedTokenGrant } from '../../sidecar/token/projected-token.ts';
import { call } from '../support/call.ts';
import { check, credentialManifest, secretManifest, type SpecParts } from '../support/manifest.ts';
import { startResourceServer, type Claims, type VerifyToken } from '../support/resource-server.ts';
import { startTestSidecar, type TestSidecar } from '../support/start-test-sidecar.ts';

/** Manifests, save for the API's URL. */
export interface Declared extends Omit<SpecParts, 'upstream'> {
  /** The keys of the Secret to which all references in the credential lead. */
  readonly secrets?: Readonly<Record<string, string>>;
}

export interface ProviderStageOptions extends Declared {
  readonly verifyToken: VerifyToken;
  readonly projectedToken?: ProjectedTokenGrant;
}

/** How a call to the API went: what the token said of whoever calls, or what the sidecar said in place of the API. */
export type Outcome =
  | { readonly status: 200; readonly claims: Claims }
  | { readonly status: number; readonly code?: string; readonly hint?: string; readonly tokenEndpoint?: { readonly error?: string } };

/** A sidecar that serves manifests, between an identity provider and an API that takes its tokens alone. */
export class ProviderStage implements AsyncDisposable {
  readonly sidecar: TestSidecar;
  readonly #apiUrl: string;
  readonly #url: string;
  /** What the API was shown. */
  readonly tokens: ReadonlySet<string>;
  readonly #close: () => Promise<void>;

  constructor(sidecar: TestSidecar, api: { readonly url: string; readonly tokens: ReadonlySet<string>; close(): Promise<void> }) {
    this.sidecar = sidecar;
    this.#apiUrl = api.url;
    this.tokens = api.tokens;
    this.#url = `${sidecar.url}/api/users`;
    this.#close = () => api.close();
  }

  async callApi(): Promise<Outcome> {
    const { status, failure, body } = await call(this.#url);
    const answer = JSON.parse(body) as object;
    return status === 200 ? { status, claims: answer as Claims } : { ...answer, status, ...(failure !== undefined && { code: failure }) };
  }

  /** Other manifests come into force. */
  async declare(declared: Declared): Promise<void> {
    await this.sidecar.configure({ api: render(this.#apiUrl, declared) });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const log = this.sidecar.log.join('');
    await this.sidecar[Symbol.asyncDispose]();
    await this.#close();
    if ([...this.tokens].some((token) => log.includes(token))) throw new Error('the log holds a token');
  }
}

export async function setProviderStage({ verifyToken, projectedToken, ...declared }: ProviderStageOptions): Promise<ProviderStage> {
  const tokens = new Set<string>();
  const api = await startResourceServer({
    verifyToken: (token) => {
      tokens.add(token);
      return verifyToken(token);
    },
    respond: (_request, response, claims) => void response.end(JSON.stringify(claims)),
  });
  const sidecar = await startTestSidecar({ configs: { api: render(api.url, declared) }, projectedToken });
  return new ProviderStage(sidecar, { url: api.url, tokens, close: () => api.close() });
}

/** What a user's manifests become on their way to the sidecar. */
function render(apiUrl: string, { secrets = {}, ...spec }: Declared): string {
  const { rendered, problems } = check(credentialManifest({ upstream: { url: apiUrl }, ...spec }), secretManifest(secrets));
  const [credential] = rendered;
  if (credential === undefined || problems.length > 0) throw new Error(`not valid: ${JSON.stringify(problems)}`);
  return credential.config.reveal();
}
