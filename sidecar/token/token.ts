import type { Sensitive } from '../../crds/sensitive.ts';

/** An access token and its age limits. Identity matters: `TokenSource.replace` compares tokens by reference. */
export interface Token {
  readonly value: Sensitive;
  /** `token_type` as the endpoint wrote it. */
  readonly type?: string;
  /** `issued_token_type` of a token exchange: RFC 8693 section 2.2.1. */
  readonly issuedType?: string;
  /** Both clocks when the request that brought it was sent: the token's age is the larger of the two differences. */
  readonly obtainedMonotonicMs: number;
  readonly obtainedWallMs: number;
  readonly lifetimeMs: number;
  /** In [0, 1): how much earlier than planned this one is refreshed, so that replicas spread out. */
  readonly jitter: number;
}

/** `fresh` may be used; `stale` may be used while one refresh runs; `expiring` should wait for a new one; `none` must. */
export type Freshness = 'fresh' | 'stale' | 'expiring' | 'none';
