import type { Readable } from 'node:stream';
import type { Clock } from '../../crds/clock.ts';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { Failure } from '../../sidecar/failure.ts';
import { createPool, type DestinationPool } from '../../sidecar/net/create-pool.ts';
import { GatheredBytes } from '../../sidecar/net/gathered-bytes.ts';
import { request } from '../../sidecar/net/undici-client.ts';
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

/** Connections to the API as the sidecar makes them. Throws if the TLS material cannot be read. */
export function openApi({ upstream }: SidecarConfig): DestinationPool {
  const { url, tls, proxy, connectTimeoutSeconds } = upstream;
  return createPool({ url: new URL(url), tls, proxy, connectTimeoutMs: connectTimeoutSeconds * 1000, connections: 1 });
}

/** Sends one request and reads the beginning of its answer, within the time that the credential gives an API. */
export async function sendApiRequest(
  { method, path, headers }: Pick<ApiRequest, 'method' | 'path' | 'headers'>,
  pool: DestinationPool,
  { upstream }: SidecarConfig,
  clock: Clock,
): Promise<ApiOutcome> {
  const deadline = new AbortController();
  const waitMs = upstream.responseTimeoutSeconds === 0 ? longestWaitMs : upstream.responseTimeoutSeconds * 1000;
  const cancel = clock.after(upstream.connectTimeoutSeconds * 1000 + waitMs, () => deadline.abort());
  const { host } = new URL(upstream.url);
  try {
    const response = await request.call(pool.dispatcher, { method: method as 'GET', path, headers: [...headers], signal: deadline.signal });
    const beginning = await readBeginning(response.body, clock);
    const content = readContent(beginning, String(response.headers['content-encoding'] ?? ''));
    return { ok: true, answer: { status: response.statusCode, headers: response.headers, content } };
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

/** For a body, of which some never end. */
const bodyTimeoutMs = 5000;

/** Whatever there is of it: leaving the loop ends the connection, and the status has come. */
async function readBeginning(body: Readable, clock: Clock): Promise<Uint8Array> {
  const bytes = new GatheredBytes();
  let length = 0;
  const cancel = clock.after(bodyTimeoutMs, () => body.destroy());
  try {
    for await (const chunk of body) {
      bytes.add(chunk as Buffer);
      length += (chunk as Buffer).length;
      if (length > longestBytes) break;
    }
  } catch {
    // Cut short, by the timer or by the other side.
  } finally {
    cancel();
  }
  return bytes.whole().subarray(0, longestBytes);
}
