import { pause, type Clock, type Random } from '../../crds/clock.ts';
import type { TokenFailure } from '../failure.ts';
import type { Attempt, RetryAdvice } from './attempt.ts';
import { retryDelayMs } from './retry-schedule.ts';
import { isExpired } from './token-age.ts';
import { longestLifetimeMs } from './token-limits.ts';
import type { TokenObserver } from './token-observer.ts';
import type { Token } from './token.ts';

export interface TokenContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly observer: TokenObserver;
}

export type Landing =
  | { readonly ok: true; readonly token: Token }
  | { readonly ok: false; readonly failure: TokenFailure; readonly retry: RetryAdvice };

/**
 * One flight: a token request and its retries. Never rejects. `onFailure` hears of each failed attempt. Once the signal is aborted nothing
 * more is sent, and what the flight still answers means nothing.
 */
export async function flyForToken(
  requestToken: () => Promise<Attempt>,
  { clock, random, observer }: TokenContext,
  startInMs: number,
  signal: AbortSignal,
  onFailure: (failure: TokenFailure) => void,
): Promise<Landing> {
  if (startInMs > 0) await pause(clock, startInMs, signal);
  for (let retries = 0; ; retries += 1) {
    const startedMs = clock.monotonicMs();
    const landing = await attemptOnce(requestToken, clock, random, signal);
    if (signal.aborted) return landing;
    observer.attempted(landing.ok ? undefined : landing.failure, clock.monotonicMs() - startedMs);
    if (landing.ok) return landing;
    onFailure(landing.failure);
    const delayMs = retryDelayMs(landing.retry, retries, random);
    if (delayMs === undefined) return landing;
    await pause(clock, delayMs, signal);
  }
}

async function attemptOnce(requestToken: () => Promise<Attempt>, clock: Clock, random: Random, signal: AbortSignal): Promise<Landing> {
  // The life of a token counts from here: the endpoint made it later than that, never earlier.
  const sent = { obtainedMonotonicMs: clock.monotonicMs(), obtainedWallMs: clock.wallMs() };
  let attempt: Attempt;
  try {
    signal.throwIfAborted();
    attempt = await requestToken();
  } catch (error) {
    attempt = { ok: false, failure: unexpected(error), retry: 'later' };
  }
  if (!attempt.ok) return attempt;
  const { accessToken, tokenType, issuedTokenType, lifetimeMs } = attempt.answer;
  const token: Token = {
    value: accessToken,
    ...(tokenType === undefined ? {} : { type: tokenType }),
    ...(issuedTokenType === undefined ? {} : { issuedType: issuedTokenType }),
    ...sent,
    // Also makes zero of what is not a number.
    lifetimeMs: lifetimeMs > 0 ? Math.min(lifetimeMs, longestLifetimeMs) : 0,
    jitter: random(),
  };
  if (token.lifetimeMs > 0 && isExpired(token, clock)) return { ok: false, failure: expiredOnArrival, retry: 'soon' };
  return { ok: true, token };
}

const expiredOnArrival: TokenFailure = {
  code: 'token_malformed',
  detail: "The token had already expired when the token endpoint's answer arrived.",
  hint: 'The endpoint names a lifetime that is shorter than its own answer takes, or the machine slept meanwhile.',
};

/** A bug of ours. It must not leave callers waiting, and its message may hold anything: only its name is kept. */
function unexpected(error: unknown): TokenFailure {
  return {
    code: 'token_unavailable',
    detail: 'The token request ended unexpectedly.',
    hint: "It is a fault of Tokenward's own: please report it, with the line of the log.",
    log: { error: error instanceof Error ? error.name : typeof error },
  };
}
