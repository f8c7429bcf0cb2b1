import type { TokenFailure } from '../failure.ts';

/** Told what a `TokenSource` does, for metrics and log. Must not throw. */
export interface TokenObserver {
  /** One HTTP request to the token endpoint ended; without a failure it brought a token. */
  attempted(failure: TokenFailure | undefined, durationMs: number): void;
  obtained(expiresAtWallMs: number, issuedTokenType?: string): void;
  /** No token after all retries; the next token request is at least `nextTryInMs` away. */
  failed(failure: TokenFailure, nextTryInMs: number): void;
}
