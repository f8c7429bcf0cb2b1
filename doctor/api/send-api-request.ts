import type { Clock } from '../../crds/clock.ts';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { Failure } from '../../sidecar/failure.ts';
import { ask } from '../../sidecar/net/ask.ts';
import { type DestinationPool, Destinations } from '../../sidecar/net/destinations.ts';
import { noBody } from '../../sidecar/net/outgoing-request.ts';
import { upstreamFailure } from '../../sidecar/proxy/upstream-failure.ts';
import { type Content, readContent } from '../../sidecar/token/read-content.ts';
import type { ApiRequest } from './build-api-request.ts';

/** What the API, or what stands before it, answered. Redirects are not followed. */
export interface ApiAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly content: Content;
}

export type ApiOutcome = { readonly ok: true; readonly answer: ApiAnswer } | { readonly ok: false; readonly failure: Failure };

/** So much of an answer says why it is one. */
const longestBytes = 64 * 1024;

/** Where the credential sets none. */
const longestWaitMs = 60_000;

/** For a body, of which some never end. */
const bodyTimeoutMs = 5000;

/** Connections to the API as the sidecar makes them. Throws if the TLS material cannot be read. */
export function openApi({ upstream }: SidecarConfig): DestinationPool {
  const { url, tls, proxy, connectTimeoutSeconds } = upstream;
  return new Destinations().open({ url: new URL(url), tls, proxy, connectTimeoutMs: connectTimeoutSeconds * 1000 }, 1);
}

/** Sends one request and reads the beginning of its answer, within the time that the credential gives an API. */
export async function sendApiRequest(
  request: Pick<ApiRequest, 'method' | 'path' | 'host' | 'headers'>,
  pool: DestinationPool,
  { upstream }: SidecarConfig,
  clock: Clock,
): Promise<ApiOutcome> {
  const deadline = new AbortController();
  const waitMs = upstream.responseTimeoutSeconds === 0 ? longestWaitMs : upstream.responseTimeoutSeconds * 1000;
  let cancel = clock.after(upstream.connectTimeoutSeconds * 1000 + waitMs, () => deadline.abort());
  const { host } = new URL(upstream.url);
  try {
    const begun = (): void => {
      cancel();
      cancel = clock.after(bodyTimeoutMs, () => deadline.abort());
    };
    const { status, headers, body } = await ask(pool, { ...noBody, ...request }, { longest: longestBytes, signal: deadline.signal, begun });
    return { ok: true, answer: { status, headers, content: readContent(body, String(headers['content-encoding'] ?? '')) } };
  } catch (error) {
    if (deadline.signal.aborted) {
      const detail = `The API ${host} did not answer within ${waitMs / 1000} s.`;
      return { ok: false, failure: { code: 'upstream_timeout', detail } };
    }
    const proxyHost = upstream.proxy && new URL(upstream.proxy.url).host;
    return { ok: false, failure: upstreamFailure(error as Error, { name: 'API', field: 'upstream', host, proxyHost }, false) };
  } finally {
    cancel();
  }
}
