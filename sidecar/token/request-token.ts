import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { Clock } from '../../crds/clock.ts';
import type { DestinationPool } from '../net/destinations.ts';
import { ask } from '../net/ask.ts';
import { checkHeaders } from '../net/check-headers.ts';
import { noBody } from '../net/outgoing-request.ts';
import type { RequestToken } from './attempt.ts';
import { buildTokenRequest, type TokenRequest } from './build-token-request.ts';
import { connectionFailure, timedOut } from './connection-failure.ts';
import { longestAnswerBytes } from './read-content.ts';
import { readTokenAnswer, type TokenResponse } from './read-token-answer.ts';
import type { GatherMaterial, TokenMaterial } from './token-material.ts';

/** Told of a request and its answer as they are on the wire, secrets and all: for whoever looks for a fault. */
export interface TokenWatch {
  sent(request: TokenRequest, material: TokenMaterial): void;
  answered(response: TokenResponse): void;
}

export interface TokenRequestContext {
  readonly config: SidecarConfig;
  /** Connections to `tokenEndpoint.url`; closing it is up to who made it. */
  readonly pool: DestinationPool;
  readonly clock: Clock;
  readonly gatherMaterial: GatherMaterial;
  /** Sent as User-Agent. */
  readonly userAgent: string;
  readonly watch?: TokenWatch;
}

/**
 * Asks the token endpoint for a token, once per call: nothing is kept between two of them, no redirect is followed and no cookie sent.
 * `tokenEndpoint.timeoutSeconds` is one deadline over what is gathered first, connection, headers and body.
 */
export function requestToken({ config, pool, clock, gatherMaterial, userAgent, watch }: TokenRequestContext): RequestToken {
  const { url, proxy } = config.tokenEndpoint;
  const { host } = new URL(url);
  const proxyHost = proxy && new URL(proxy.url).host;
  return async (signal, because = { refused: false }) => {
    const deadline = new AbortController();
    const cancel = clock.after(config.tokenEndpoint.timeoutSeconds * 1000, () => deadline.abort());
    try {
      const either = AbortSignal.any([signal, deadline.signal]);
      // Anew for each attempt: an assertion is for one use (RFC 7523 section 3, jti), and a file may have been replaced.
      const gathered = await untilAborted(gatherMaterial(), either);
      if (!gathered.ok) return { ok: false, failure: gathered.failure, retry: 'never' };
      const material = gathered.value;
      const sentWallMs = clock.wallMs();
      const tokenRequest = buildTokenRequest(config, { material, because, userAgent });
      watch?.sent(tokenRequest, material);
      const response = await exchange(tokenRequest, pool, either);
      watch?.answered(response);
      return readTokenAnswer(config, { material, sentWallMs }, response);
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

/** Reading a file heeds no abort. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('aborted')), { once: true });
    work.then(resolve, reject);
  });
}

function exchange({ method, path, headers, body }: TokenRequest, pool: DestinationPool, signal: AbortSignal): Promise<TokenResponse> {
  const { list, host } = checkHeaders([...pool.headers, ...headers]);
  const request = {
    ...noBody,
    method,
    path,
    host,
    headers: list,
    body: body === undefined ? [] : [Buffer.from(body)],
  };
  // A byte more than is taken, to see that there was one.
  return ask(pool, request, { longest: longestAnswerBytes + 1, signal });
}
