import type { Sensitive } from '../../crds/sensitive.ts';
import type { TokenFailure } from '../failure.ts';

/** A usable answer of the token endpoint (RFC 6749 section 5.1). */
export interface TokenAnswer {
  readonly accessToken: Sensitive;
  /** `token_type` as the endpoint wrote it. */
  readonly tokenType?: string;
  /** `issued_token_type` of a token exchange (RFC 8693 section 2.2.1), if it is one that may be logged. */
  readonly issuedTokenType?: string;
  /** How long the token lives from the moment the request was sent; zero or less if it is of no use after this answer. */
  readonly lifetimeMs: number;
}

/**
 * When a failed token request may be repeated:
 * - `never`: the answer will be the same again (4xx, not a token answer); only the growing backoff between flights applies.
 * - `soon`: 408, 502, 504, timeouts and broken connections: 3 retries at 300 ms x 2, full jitter.
 * - `later`: 500, 503: 3 retries at 1 s x 3, full jitter.
 * - `afterMs`: the endpoint said when (Retry-After).
 */
export type RetryAdvice = 'never' | 'soon' | 'later' | { readonly afterMs: number };

/** The outcome of one HTTP request to the token endpoint. */
export type Attempt =
  | { readonly ok: true; readonly answer: TokenAnswer }
  | { readonly ok: false; readonly failure: TokenFailure; readonly retry: RetryAdvice };

/** Why a token is asked for, as far as a request may show it. */
export interface AskedBecause {
  /** The API refused the last one, though it had not expired. */
  readonly refused: boolean;
}

/** Sends one token request and judges the answer; never throws. The signal ends it when the credential is gone. */
export type RequestToken = (signal: AbortSignal, because?: AskedBecause) => Promise<Attempt>;
