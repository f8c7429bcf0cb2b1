import type { IncomingMessage, ServerResponse } from 'node:http';
import { canarySecret } from '../support/canary.ts';
import { type ResourceServer, startResourceServer, type VerifyToken } from '../support/resource-server.ts';
import { type SidecarProcess, type SidecarProcessOptions, startSidecarProcess } from '../support/start-sidecar-process.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';

export interface StageOptions {
  /** What the API does with a request whose token is valid. */
  readonly respond?: (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;
  /** Instead of asking the issuer. */
  readonly verifyToken?: VerifyToken;
  readonly lifetimeSeconds?: number;
  /** Beside the URL. */
  readonly upstream?: object;
  readonly sidecar?: SidecarProcessOptions;
}

/** A token endpoint, an API that checks its tokens, and the sidecar between the test and both. */
export interface Stage extends AsyncDisposable {
  readonly issuer: TokenIssuer;
  readonly api: ResourceServer;
  readonly sidecar: SidecarProcess;
  /** The base URL of the alias `a`. */
  readonly url: string;
}

export async function setStage({
  respond = answerOk,
  lifetimeSeconds,
  upstream,
  sidecar: options,
  ...rest
}: StageOptions = {}): Promise<Stage> {
  await using cleanup = new AsyncDisposableStack();
  const issuer = cleanup.use(await startTokenIssuer(lifetimeSeconds));
  const verifyToken = rest.verifyToken ?? ((token) => (issuer.isValid(token) ? caller : undefined));
  const api = cleanup.use(await startResourceServer({ verifyToken, respond }));
  const configs = { a: credential(api.url, issuer.url, upstream), ...options?.configs };
  const sidecar = cleanup.use(await startSidecarProcess({ ...options, configs }));
  const whole = cleanup.move();
  return { issuer, api, sidecar, url: `${sidecar.proxyUrl}/a`, [Symbol.asyncDispose]: () => whole.disposeAsync() };
}

export const caller = { clientId: 'workload' };

/** A sidecar's configuration with a secret wherever there can be one. */
export function credential(apiUrl: string, issuerUrl: string, upstream: object = {}): object {
  return {
    version: 1,
    upstream: { url: apiUrl, headers: [{ name: 'X-Tenant', value: canarySecret('upstream-header') }], ...upstream },
    tokenEndpoint: { url: `${issuerUrl}/token`, parameters: [{ name: 'pin', value: canarySecret('parameter') }] },
    client: { id: 'workload', secret: canarySecret('client') },
  };
}

export function answerOk(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  request.once('end', () => response.end('ok'));
}
