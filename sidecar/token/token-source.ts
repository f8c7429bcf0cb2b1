import type { TokenFailure } from '../failure.ts';
import type { RequestToken } from './attempt.ts';
import { backoffMs, countFailure, noFailures } from './retry-schedule.ts';
import { ageMs, freshnessOf, isExpired } from './token-age.ts';
import { flyForToken, type Landing, type TokenContext } from './token-flight.ts';
import { callerWaitMs, expiringWaitMs, flightSpacingMs } from './token-limits.ts';
import type { Freshness, Token } from './token.ts';

export type TokenOutcome = { readonly ok: true; readonly token: Token } | { readonly ok: false; readonly failure: TokenFailure };

/** What may be shown to anyone: no token. Times are milliseconds since the Unix epoch. */
export interface TokenState {
  /** `failing`: the last flight brought nothing. A token that is still valid then shows by `expiresAtWallMs`. */
  readonly status: 'none' | 'valid' | 'failing';
  readonly expiresAtWallMs?: number;
  readonly failure?: Pick<TokenFailure, 'code' | 'detail' | 'hint'>;
  readonly nextTryAtWallMs?: number;
}

/**
 * The tokens of one identity: one cached token, and never more than one flight to the token endpoint, whoever asks. Flights
 * start on demand only: an idle source keeps no timer. How many callers may wait at once is the proxy's limit.
 */
export class TokenSource {
  readonly #requestToken: RequestToken;
  readonly #context: TokenContext;
  readonly #closing = new AbortController();
  readonly #waiting = new Set<(outcome: TokenOutcome) => void>();
  #token: Token | undefined;
  /** Refused by the API and taken out while the running flight fetches another one. */
  #refused: Token | undefined;
  #flying = false;
  #nextFlightMs = Number.NEGATIVE_INFINITY;
  /** The last flight failed: no other one before `retryMs`. */
  #failed: { readonly failure: TokenFailure; readonly retryMs: number } | undefined;
  #failures = noFailures;
  /** Of the last failed attempt since the last token. */
  #cause: TokenFailure | undefined;

  constructor(requestToken: RequestToken, context: TokenContext) {
    this.#requestToken = requestToken;
    this.#context = context;
  }

  /** The cached token. `freshness` says what it is worth. */
  get token(): Token | undefined {
    return this.#token;
  }

  /** Once true, every outcome is a failure: whoever still waited should look for the alias's new source. */
  get closed(): boolean {
    return this.#closing.signal.aborted;
  }

  get state(): TokenState {
    const { clock } = this.#context;
    const token = this.#usable();
    const status = this.#failed !== undefined ? 'failing' : token !== undefined ? 'valid' : 'none';
    return {
      status,
      ...(token && { expiresAtWallMs: this.#expiresAtWallMs(token) }),
      ...(this.#failed && { failure: shown(this.#failed.failure), nextTryAtWallMs: clock.wallMs() + this.#backoffLeftMs() }),
    };
  }

  /** For each proxied request: what `token` is worth now. Allocates nothing. */
  freshness(refreshBeforeMs: number): Freshness {
    const token = this.#token;
    if (token === undefined) return 'none';
    const freshness = freshnessOf(token, refreshBeforeMs, this.#context.clock);
    // For good: a wall clock set back later must not revive it.
    if (freshness === 'none') this.#token = undefined;
    return freshness;
  }

  /** Fetches the next token in the background, unless that is under way or too early. */
  refresh(): void {
    if (this.closed || this.#flying || this.#backoffLeftMs() > 0 || this.#pauseMs() > 0) return;
    this.#launch(0);
  }

  /**
   * A token for one request. A `fresh` or `stale` one at once; an `expiring` one after 1 s or the refresh's failure, whichever is
   * first, unless there is a fresh one by then; without any, within 30 s. Never an expired one, and never rejects.
   */
  async obtain(refreshBeforeMs: number, signal?: AbortSignal): Promise<TokenOutcome> {
    const freshness = this.freshness(refreshBeforeMs);
    const token = this.#token;
    if (token === undefined) return this.#fetch(callerWaitMs, signal);
    if (freshness === 'fresh') return { ok: true, token };
    this.refresh();
    if (freshness === 'stale' || !this.#flying) return { ok: true, token };
    const outcome = await this.#fetch(expiringWaitMs, signal);
    return outcome.ok ? outcome : this.#fetch(callerWaitMs - expiringWaitMs, signal);
  }

  /**
   * After the API refused `used`: another token, the cached one if that is another already. While token requests fail none is made
   * for this, and a refused token is given up only for another one: an API that answers 401 on one path must not, together with a
   * token endpoint that is down, take all other paths with it.
   */
  async replace(used: Token, signal?: AbortSignal): Promise<TokenOutcome> {
    const token = this.#usable();
    if (token !== undefined && token !== used) return { ok: true, token };
    if (token === used && (this.#flying || this.#backoffLeftMs() === 0)) {
      this.#refused = token;
      this.#token = undefined;
      if (!this.#flying) this.#launch(0);
    }
    return this.#fetch(callerWaitMs, signal, used);
  }

  /** Ends what is under way. Whoever waits gets a failure at once. */
  close(): void {
    this.#closing.abort();
    this.#token = undefined;
    this.#refused = undefined;
    this.#settle({ ok: false, failure: withdrawn });
  }

  /** The token of the flight that is under way or starts now, or a cached one if that fails; other than `refused`. */
  async #fetch(waitMs: number, signal?: AbortSignal, refused?: Token): Promise<TokenOutcome> {
    if (this.closed) return { ok: false, failure: withdrawn };
    if (signal?.aborted) return { ok: false, failure: callerGone };
    if (!this.#flying) {
      const remembered = this.#rememberedFailure();
      if (remembered !== undefined) return remembered;
      this.#launch(this.#pauseMs());
    }
    const outcome = await this.#landed(waitMs, signal);
    if (outcome.ok) return outcome;
    const token = this.#usable();
    return token === undefined || token === refused ? outcome : { ok: true, token };
  }

  #launch(startInMs: number): void {
    const { clock } = this.#context;
    this.#flying = true;
    this.#nextFlightMs = clock.monotonicMs() + startInMs + flightSpacingMs;
    const { signal } = this.#closing;
    let told = false;
    const request = (): ReturnType<RequestToken> => {
      told = this.#refused !== undefined;
      return this.#requestToken(signal, { refused: told });
    };
    const flight = flyForToken(request, this.#context, startInMs, signal, (failure) => {
      this.#cause = failure;
    });
    void flight.then((landing) => this.#land(landing, told));
  }

  /** `told`: the endpoint knew that the last token was refused. */
  #land(landing: Landing, told: boolean): void {
    if (this.closed) return;
    // It was refused while this flight was under way, and an endpoint that gives out a token until it expires gave it out again.
    if (landing.ok && !told && landing.token.value.reveal() === this.#refused?.value.reveal()) return this.#launch(0);
    const { clock, random, observer } = this.#context;
    this.#flying = false;
    if (landing.ok) {
      this.#refused = undefined;
      this.#failed = undefined;
      this.#failures = noFailures;
      this.#cause = undefined;
      if (landing.token.lifetimeMs > 0) this.#token = landing.token;
      this.#settle(landing);
      observer.obtained(this.#expiresAtWallMs(landing.token), landing.token.issuedType);
      return;
    }
    this.#token ??= this.#refused;
    this.#refused = undefined;
    this.#failures = countFailure(this.#failures, landing.retry);
    const nextTryInMs = backoffMs(this.#failures, landing.retry, random);
    this.#failed = { failure: landing.failure, retryMs: clock.monotonicMs() + nextTryInMs };
    this.#settle(this.#rememberedFailure() ?? { ok: false, failure: landing.failure });
    observer.failed(landing.failure, nextTryInMs);
  }

  /** The end of the running flight, or a failure if the wait is over before. */
  #landed(waitMs: number, signal: AbortSignal | undefined): Promise<TokenOutcome> {
    return new Promise((resolve) => {
      const settle = (outcome: TokenOutcome): void => {
        cancel();
        signal?.removeEventListener('abort', abort);
        this.#waiting.delete(settle);
        resolve(outcome);
      };
      const abort = (): void => settle({ ok: false, failure: callerGone });
      const cancel = this.#context.clock.after(waitMs, () => settle({ ok: false, failure: timedOut(this.#cause) }));
      signal?.addEventListener('abort', abort);
      this.#waiting.add(settle);
    });
  }

  #settle(outcome: TokenOutcome): void {
    for (const settle of this.#waiting) settle(outcome);
  }

  #usable(): Token | undefined {
    if (this.#token !== undefined && isExpired(this.#token, this.#context.clock)) this.#token = undefined;
    return this.#token;
  }

  #backoffLeftMs(): number {
    return this.#failed === undefined ? 0 : Math.max(0, this.#failed.retryMs - this.#context.clock.monotonicMs());
  }

  /** During the backoff, the answer to whoever asks. */
  #rememberedFailure(): TokenOutcome | undefined {
    const leftMs = this.#backoffLeftMs();
    if (this.#failed === undefined || leftMs === 0) return undefined;
    return { ok: false, failure: { ...this.#failed.failure, retryAfterSeconds: Math.ceil(leftMs / 1000) } };
  }

  /** Until a flight may start on its own account. */
  #pauseMs(): number {
    return Math.max(0, this.#nextFlightMs - this.#context.clock.monotonicMs());
  }

  #expiresAtWallMs(token: Token): number {
    const { clock } = this.#context;
    return clock.wallMs() + token.lifetimeMs - ageMs(token, clock);
  }
}

function shown({ code, detail, hint }: TokenFailure): NonNullable<TokenState['failure']> {
  return { code, detail, ...(hint !== undefined && { hint }) };
}

const withdrawn: TokenFailure = {
  code: 'token_unavailable',
  detail: 'The credential was changed or withdrawn while the request waited for a token.',
  hint: 'Repeat the request.',
};

/** Nobody is left to read it. */
const callerGone: TokenFailure = { code: 'token_unavailable', detail: 'The caller went away before there was a token.' };

function timedOut(cause: TokenFailure | undefined): TokenFailure {
  const because = cause === undefined ? 'The token endpoint has not answered yet.' : `The last attempt: ${cause.detail}`;
  return { ...cause, code: 'token_timeout', detail: `No token within ${callerWaitMs / 1000} s. ${because}` };
}
