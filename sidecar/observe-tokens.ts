import type { Logger } from 'pino';
import type { SidecarMetrics } from './metrics/sidecar-metrics.ts';
import type { TokenObserver } from './token/token-observer.ts';

/** Puts what happens to an alias's tokens into metrics and log. */
export function observeTokens(alias: string, metrics: SidecarMetrics, log: Logger): TokenObserver {
  const { attempted, obtained } = metrics.tokenObserver(alias);
  return {
    attempted: (failure, durationMs) => {
      attempted(failure, durationMs);
      if (failure !== undefined) {
        const { code, detail, hint, tokenEndpoint } = failure;
        log.warn({ alias, code, hint, tokenEndpoint, ...failure.log, durationMs: Math.round(durationMs) }, detail);
      }
    },
    obtained: (expiresAtWallMs, issuedTokenType) => {
      obtained(expiresAtWallMs);
      log.info({ alias, expiresAt: new Date(expiresAtWallMs).toISOString(), issuedTokenType }, 'Token obtained');
    },
    failed: ({ code }, nextTryInMs) => log.warn({ alias, code, nextTryInMs: Math.round(nextTryInMs) }, 'No token for now'),
  };
}
