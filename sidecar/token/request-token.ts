import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { Clock } from '../../crds/clock.ts';
import type { DestinationPool } from '../net/create-pool.ts';
import { request } from '../net/undici-client.ts';
import type { RequestToken } from './attempt.ts';
import { buildTokenRequest } from './build-token-request.ts';
import { connectionFailure, timedOut } from './connection-failure.ts';
import { longestAnswerBytes } from './read-content.ts';
import { readTokenAnswer, type TokenResponse } from './read-token-answer.ts';

export interface TokenRequestContext {
  readonly config: SidecarConfig;
  /** Connections to `tokenEndpoint.url`; closing it is up to who made it. */
  readonly pool: DestinationPool;
  readonly clock: Clock;
  /** Sent as User-Agent. */
  readonly userAgent: string;
}

/**
 * Asks the token endpoint for a token, once per call: nothing is kept between two of them, no redirect is followed and no cookie sent.
 * `tokenEndpoint.timeoutSeconds` is one deadline over connection, headers and body.
 */
export function requestToken({ config, pool, clock, userAgent }: TokenRequestContext): RequestToken {
  const { url, proxy } = config.tokenEndpoint;
  const { host } = new URL(url);
  const proxyHost = proxy && new URL(proxy.url).host;
  return async (signal) => {
    const deadline = new AbortController();
    const cancel = clock.after(config.tokenEndpoint.timeoutSeconds * 1000, () => deadline.abort());
    const sentWallMs = clock.wallMs();
    try {
      const either = AbortSignal.any([signal, deadline.signal]);
      const response = await untilAborted(exchange(config, pool, either, userAgent), either);
      return readTokenAnswer(config, response, sentWallMs);
    } catch (error) {
      if (signal.aborted) {
        const failure = { code: 'token_unavailable', detail: 'The credential is gone; its token request was given up.' } as const;
        return { ok: false, failure, retry: 'never' };
      }
      if (deadline.signal.aborted) return timedOut(host, `no answer within ${config.tokenEndpoint.timeoutSeconds} s`);
      return connectionFailure(error, host, proxyHost);
    } finally {
      cancel();
    }
  };
}

/** undici heeds an abort only once there is a connection, which may never be. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
    work.then(resolve, reject);
  });
}

async function exchange(config: SidecarConfig, pool: DestinationPool, signal: AbortSignal, userAgent: string): Promise<TokenResponse> {
  const { method, path, headers, body } = buildTokenRequest(config, userAgent);
  const response = await request.call(pool.dispatcher, {
    method,
    path: pool.pathPrefix + path,
    headers: [...pool.headers, ...headers],
    body: body ?? null,
    signal,
  });
  const chunks: Buffer[] = [];
  let length = 0;
  // Leaving the loop ends the connection: what is too long is not read to its end.
  for await (const chunk of response.body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > longestAnswerBytes) break;
  }
  return { status: response.statusCode, headers: response.headers, body: Buffer.concat(chunks).subarray(0, longestAnswerBytes + 1) };
}
