import type { Clock } from '../../crds/clock.ts';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { Destinations } from '../../sidecar/net/destinations.ts';
import type { Attempt } from '../../sidecar/token/attempt.ts';
import type { TokenRequest } from '../../sidecar/token/build-token-request.ts';
import type { ProjectedTokenGrant } from '../../sidecar/token/projected-token.ts';
import type { TokenResponse } from '../../sidecar/token/read-token-answer.ts';
import { requestToken } from '../../sidecar/token/request-token.ts';
import { gatherMaterial, type TokenMaterial } from '../../sidecar/token/token-material.ts';

/** One token request, what it brought, and what the sidecar makes of it. Secrets and tokens are in it. */
export interface Asked {
  readonly config: SidecarConfig;
  /** What was sent; undefined if it could not be made. */
  readonly request: TokenRequest | undefined;
  readonly material: TokenMaterial;
  /** Undefined if there was no answer. */
  readonly response: TokenResponse | undefined;
  readonly attempt: Attempt;
  /** By our clock. */
  readonly sentWallMs: number;
  readonly tookMs: number;
}

/** One that brought no token. */
export type FailedAsked = Asked & { readonly attempt: Extract<Attempt, { readonly ok: false }> };

export function hasFailed(asked: Asked): asked is FailedAsked {
  return !asked.attempt.ok;
}

export interface AskContext {
  readonly clock: Clock;
  readonly newId: () => string;
  readonly projectedToken: ProjectedTokenGrant | undefined;
  readonly userAgent: string;
}

type OnSent = (request: TokenRequest, material: TokenMaterial) => void;

/** Asks for a token as the sidecar does, by a connection of its own. */
export async function askOnce(config: SidecarConfig, context: AskContext, onSent: OnSent = () => {}): Promise<Asked> {
  const { clock, userAgent } = context;
  const { url, tls, proxy, timeoutSeconds } = config.tokenEndpoint;
  const pool = new Destinations().open({ url: new URL(url), tls, proxy, connectTimeoutMs: timeoutSeconds * 1000 }, 1);
  let sent: { readonly request: TokenRequest; readonly material: TokenMaterial } | undefined;
  let response: TokenResponse | undefined;
  const watch = {
    sent: (request: TokenRequest, material: TokenMaterial): void => {
      sent = { request, material };
      onSent(request, material);
    },
    answered: (answer: TokenResponse): void => {
      response = answer;
    },
  };
  const ask = requestToken({ config, pool, clock, gatherMaterial: gatherMaterial(config, context), userAgent, watch });
  const startedMs = clock.monotonicMs();
  const sentWallMs = clock.wallMs();
  try {
    const attempt = await ask(new AbortController().signal);
    const tookMs = clock.monotonicMs() - startedMs;
    return { config, request: sent?.request, material: sent?.material ?? {}, response, attempt, sentWallMs, tookMs };
  } finally {
    pool.close();
  }
}
