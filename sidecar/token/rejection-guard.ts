import { helpfulEvictions, rejectionQuiet } from './token-limits.ts';
import type { Token } from './token.ts';

/**
 * Whether an API's 401 may cost a token, for one alias. Without it an API that refuses every token would turn each call into a token request.
 *
 * Each eviction is followed by quiet: until it is over, a 401 evicts nothing. It ends at once if the request that caused the
 * eviction succeeds with the fresh token, which proves that a fresh one was the remedy; if the fresh token is refused, too, it lasts
 * 30 s, then 60 s, up to 10 min. That other requests succeed proves nothing: an API may refuse on one path only.
 * Times are the monotonic clock's.
 */
export class RejectionGuard {
  /** The last token this alias gave up. Whatever was obtained before it is history: late verdicts on those change nothing. */
  #evicted: Token | undefined;
  /** The fresh token has not been judged yet. */
  #onTrial = false;
  #evictedAtMs = Number.NEGATIVE_INFINITY;
  #quietUntilMs = Number.NEGATIVE_INFINITY;
  #quietMs = rejectionQuiet.firstMs;
  #helped = 0;

  /**
   * The first 401 of a request, with `token`. If true, the caller is to `TokenSource.replace` it. For a token that is no longer cached
   * this evicts nothing, and all of a burst are told so.
   */
  mayEvict(token: Token, nowMs: number): boolean {
    if (this.#isHistory(token)) return true;
    if (nowMs < this.#quietUntilMs) {
      this.refused(token, nowMs);
      return false;
    }
    if (nowMs - this.#quietUntilMs > rejectionQuiet.longestMs) {
      this.#quietMs = rejectionQuiet.firstMs;
      this.#helped = 0;
    }
    this.#evicted = token;
    this.#onTrial = true;
    this.#evictedAtMs = nowMs;
    this.#quietUntilMs = nowMs + this.#quietMs;
    return true;
  }

  /** The fresh token was refused, too. The first verdict counts: a burst of them is one. */
  refused(token: Token, nowMs: number): void {
    if (!this.#onTrial || this.#isHistory(token)) return;
    this.#onTrial = false;
    this.#quietUntilMs = nowMs + this.#quietMs;
    this.#quietMs = Math.min(rejectionQuiet.longestMs, this.#quietMs * rejectionQuiet.factor);
  }

  /** The API took the fresh token with which a refused request was repeated. */
  accepted(token: Token): void {
    if (!this.#onTrial || this.#isHistory(token)) return;
    this.#onTrial = false;
    this.#helped += 1;
    if (this.#helped <= helpfulEvictions) this.#quietUntilMs = this.#evictedAtMs;
  }

  #isHistory(token: Token): boolean {
    if (this.#evicted === undefined) return false;
    return token === this.#evicted || token.obtainedMonotonicMs < this.#evicted.obtainedMonotonicMs;
  }
}
