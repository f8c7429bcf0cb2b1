import { Sensitive } from '../../crds/sensitive.ts';
import type { TokenFailureCode } from '../../sidecar/failure.ts';
import type { Attempt, RequestToken, RetryAdvice } from '../../sidecar/token/attempt.ts';
import type { Clock } from '../../crds/clock.ts';

interface HeldRequest {
  readonly answer: (attempt: Attempt) => void;
  readonly signal: AbortSignal;
}

/** Stands for the HTTP part of a token request: each is held until the test answers it. Tokens are t1, t2, … in the order of issue. */
export class HeldEndpoint {
  readonly #clock: Clock;
  readonly #held: HeldRequest[] = [];
  #issued = 0;
  /** Whether each request came because the API had refused the last token. */
  readonly refused: boolean[] = [];
  /** When each request came, by the monotonic clock. */
  readonly requestedAtMs: number[] = [];
  mostAtOnce = 0;
  /** Told of each request that is held now. */
  onRequest: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly requestToken: RequestToken = (signal, because) =>
    new Promise((resolve) => {
      this.refused.push(because?.refused === true);
      this.requestedAtMs.push(this.#clock.monotonicMs());
      this.#held.push({ answer: resolve, signal });
      this.mostAtOnce = Math.max(this.mostAtOnce, this.#held.length);
      this.onRequest?.();
    });

  get requests(): number {
    return this.requestedAtMs.length;
  }

  get held(): number {
    return this.#held.length;
  }

  /** Whether the request that is held has been told to end. */
  get aborted(): boolean {
    return this.#held.some((request) => request.signal.aborted);
  }

  /** Answers the request that is held with a new token, and says which. */
  issue(lifetimeMs: number): string {
    this.#issued += 1;
    return this.issueAgain(lifetimeMs);
  }

  /** Answers it with the token that was issued last. */
  issueAgain(lifetimeMs: number): string {
    const name = `t${this.#issued}`;
    this.answer({ ok: true, answer: { accessToken: new Sensitive(name), lifetimeMs } });
    return name;
  }

  fail(
    retry: RetryAdvice,
    code: TokenFailureCode = retry === 'never' ? 'token_rejected' : 'token_unavailable',
    detail = 'It failed.',
  ): void {
    this.answer({ ok: false, failure: { code, detail }, retry });
  }

  answer(attempt: Attempt): void {
    const request = this.#held.shift();
    if (request === undefined) throw new Error('No token request is under way.');
    request.answer(attempt);
  }
}
