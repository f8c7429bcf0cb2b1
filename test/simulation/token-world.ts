import { getEventListeners } from 'node:events';
import type { Scheduler } from 'fast-check';
import { Sensitive } from '../../crds/sensitive.ts';
import type { Attempt, RetryAdvice } from '../../sidecar/token/attempt.ts';
import { RejectionGuard } from '../../sidecar/token/rejection-guard.ts';
import { TokenSource, type TokenOutcome } from '../../sidecar/token/token-source.ts';
import type { Token } from '../../sidecar/token/token.ts';
import { FakeClock, settled } from '../support/fake-clock.ts';
import type { SeenAttempt } from './flight-rules.ts';

/** What the endpoint does with one token request, whenever the scheduler lets it. */
export type Answer = { readonly lifetimeMs: number } | { readonly retry: RetryAdvice };

export type Step =
  | { readonly kind: 'call'; readonly refreshBeforeMs: number }
  /** A caller that waits goes away. */
  | { readonly kind: 'leave'; readonly which: number }
  /** The API answers 401 to a token that went out; also to the fresh one, if `freshToo`. Not every alias need have a guard. */
  | { readonly kind: 'refuse'; readonly which: number; readonly alias: 0 | 1 | 'unguarded'; readonly freshToo: boolean }
  | { readonly kind: 'refresh' }
  | { readonly kind: 'pass'; readonly byMs: number }
  | { readonly kind: 'jump'; readonly byMs: number }
  | { readonly kind: 'close' };

/** What the endpoint knows of a token: the truth, whatever the source believes. */
interface Issued {
  readonly sentMonotonicMs: number;
  readonly sentWallMs: number;
  readonly lifetimeMs: number;
  readonly issuedAtEvent: number;
}

interface Caller {
  readonly startMs: number;
  readonly startedAtEvent: number;
  readonly evictionsBefore: number;
  readonly jumpsBefore: number;
  /** The cached token when the caller came. */
  readonly held: Token | undefined;
  /** Refused by the API, and not to be had again. */
  readonly refused: Token | undefined;
  readonly leaving: AbortController;
}

const longestLifetimeMs = 24 * 86_400_000;
const grain = 0.001;

/** A source, its clock, its endpoint and its callers; writes down whatever breaks a promise. */
export class TokenWorld {
  readonly clock = new FakeClock();
  readonly source: TokenSource;
  readonly violations: string[] = [];
  readonly attempts: SeenAttempt[] = [];
  readonly evictedAtMs: number[] = [];
  /** How often each thing worth proving happened; a simulation that never gets there proves nothing. */
  readonly seen = { served: 0, failed: 0, timedOut: 0, shared: 0, replaced: 0, left: 0 };
  readonly #scheduler: Scheduler;
  #answers: readonly Answer[];
  readonly #issued = new Map<string, Issued>();
  readonly #guards = [new RejectionGuard(), new RejectionGuard()];
  readonly #waiting = new Set<Caller>();
  readonly #sent: Token[] = [];
  #underWay = 0;
  #events = 0;
  #jumps = 0;

  constructor(scheduler: Scheduler, answers: readonly Answer[], randoms: readonly number[]) {
    this.#scheduler = scheduler;
    this.#answers = answers;
    let drawn = 0;
    this.source = new TokenSource(() => this.#answer(), {
      clock: this.clock,
      random: () => randoms[drawn++ % randoms.length] ?? 0,
      observer: { attempted: () => {}, obtained: () => {}, failed: () => {} },
    });
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'call':
        this.call(step.refreshBeforeMs);
        break;
      case 'leave':
        [...this.#waiting][step.which % Math.max(1, this.#waiting.size)]?.leaving.abort();
        break;
      case 'refuse':
        this.#refuse(step);
        break;
      case 'refresh':
        this.source.refresh();
        break;
      case 'pass':
        await this.clock.advance(step.byMs);
        break;
      case 'jump':
        this.#jumps += 1;
        this.clock.jumpWall(step.byMs);
        break;
      case 'close':
        await this.#close();
        break;
    }
  }

  /** One request, as the proxy makes it. */
  call(refreshBeforeMs: number): void {
    const freshness = this.source.freshness(refreshBeforeMs);
    const caller = this.#caller();
    if (freshness === 'fresh' || freshness === 'stale') {
      if (freshness === 'stale') this.source.refresh();
      if (this.source.token === undefined) this.violations.push(`a ${freshness} token is not there`);
      else this.#serve(caller, this.source.token);
      return;
    }
    void this.#wait(caller, this.source.obtain(refreshBeforeMs, caller.leaving.signal));
  }

  /** Deaf to the signal, as a request may be whose answer is on its way already. */
  async #answer(): Promise<Attempt> {
    const number = this.attempts.length + this.#underWay;
    const answer = this.#answers[number % this.#answers.length] ?? { retry: 'never' };
    const sent = { sentMonotonicMs: this.clock.monotonicMs(), sentWallMs: this.clock.wallMs() };
    this.#underWay += 1;
    if (this.#underWay > 1) this.violations.push('two token requests are under way');
    if (this.source.closed) this.violations.push('a closed source sends a token request');
    await this.#scheduler.schedule(Promise.resolve(), `answer ${number}`);
    this.#underWay -= 1;
    this.#events += 1;
    const startMs = sent.sentMonotonicMs;
    const endMs = this.clock.monotonicMs();
    if ('retry' in answer) {
      const { retry } = answer;
      this.attempts.push({ startMs, endMs, advice: retry });
      return {
        ok: false,
        failure: { code: retry === 'never' ? 'token_rejected' : 'token_unavailable', detail: `Answer ${number}.` },
        retry,
      };
    }
    const name = `token ${number}`;
    const issued = { ...sent, lifetimeMs: Math.min(answer.lifetimeMs, longestLifetimeMs), issuedAtEvent: this.#events };
    this.#issued.set(name, issued);
    const expiredOnArrival = issued.lifetimeMs > 0 && this.#leftMs(issued) <= 0;
    this.attempts.push({ startMs, endMs, advice: expiredOnArrival ? 'soon' : 'none, a token' });
    return { ok: true, answer: { accessToken: new Sensitive(name), lifetimeMs: answer.lifetimeMs } };
  }

  #refuse({ which, alias, freshToo }: Extract<Step, { kind: 'refuse' }>): void {
    const used = this.#sent.at(-1 - (which % Math.max(1, this.#sent.length)));
    if (used === undefined) return;
    const guard = alias === 'unguarded' ? undefined : this.#guards[alias];
    if (guard?.mayEvict(used, this.clock.monotonicMs()) === false) return;
    const caller = this.#caller(used);
    const valid = this.#isValid(used);
    const { held } = caller;
    const outcome = this.source.replace(used, caller.leaving.signal);
    if (held !== undefined && held !== used && this.#isValid(held) && this.source.token !== held) {
      this.violations.push(`${held.value.reveal()} is dropped because ${used.value.reveal()} was refused`);
    }
    if (held === used && valid && this.source.token === undefined && !this.source.closed) {
      this.evictedAtMs.push(this.clock.monotonicMs());
    }
    void this.#replay(this.#wait(caller, outcome), guard, freshToo);
  }

  async #replay(waited: Promise<TokenOutcome>, guard: RejectionGuard | undefined, refused: boolean): Promise<void> {
    const outcome = await waited;
    if (!outcome.ok) return;
    this.seen.replaced += 1;
    if (refused) guard?.refused(outcome.token, this.clock.monotonicMs());
    else guard?.accepted(outcome.token);
  }

  #caller(refused?: Token): Caller {
    this.#events += 1;
    return {
      startMs: this.clock.monotonicMs(),
      startedAtEvent: this.#events,
      evictionsBefore: this.evictedAtMs.length,
      jumpsBefore: this.#jumps,
      held: this.source.token,
      refused,
      leaving: new AbortController(),
    };
  }

  async #wait(caller: Caller, promise: Promise<TokenOutcome>): Promise<TokenOutcome> {
    this.#waiting.add(caller);
    const outcome = await promise;
    this.#waiting.delete(caller);
    if (getEventListeners(caller.leaving.signal, 'abort').length > 0) this.violations.push('a listener is left on a signal');
    if (this.clock.monotonicMs() - caller.startMs > 30_000 + grain) this.violations.push('a caller waited for more than 30 s');
    if (outcome.ok) this.#serve(caller, outcome.token);
    else this.#failed(caller, outcome.failure);
    return outcome;
  }

  #serve(caller: Caller, token: Token): void {
    this.seen.served += 1;
    this.#sent.push(token);
    const name = token.value.reveal();
    const issued = this.#issued.get(name);
    if (issued === undefined) this.violations.push(`${name} is not the endpoint's`);
    else if (issued.lifetimeMs > 0 && this.#leftMs(issued) <= 0) this.violations.push(`${name} goes out expired`);
    else if (!(issued.lifetimeMs > 0)) {
      this.seen.shared += 1;
      if (caller.startedAtEvent > issued.issuedAtEvent) this.violations.push(`${name}, good for nothing, is kept for a later caller`);
    }
    if (token === caller.refused) this.violations.push(`${name} replaces itself`);
    const { held } = caller;
    const sinceMs = this.clock.monotonicMs() - caller.startMs;
    if (held !== undefined && this.#undisturbed(caller) && sinceMs > 1000 + grain && this.#ageMs(held) - sinceMs + 1000 < held.lifetimeMs) {
      this.violations.push(`a caller waited ${sinceMs} ms though ${held.value.reveal()} was valid for the first of them`);
    }
  }

  #failed(caller: Caller, { code, retryAfterSeconds = 1 }: { code: string; retryAfterSeconds?: number }): void {
    this.seen.failed += 1;
    if (caller.leaving.signal.aborted) this.seen.left += 1;
    if (caller.leaving.signal.aborted || this.source.closed) return;
    if (code === 'token_timeout') this.seen.timedOut += 1;
    if (!(retryAfterSeconds >= 1 && retryAfterSeconds <= 600)) this.violations.push(`a failure says to retry after ${retryAfterSeconds} s`);
    const { token } = this.source;
    if (token !== undefined && token !== caller.refused && this.#isValid(token)) {
      this.violations.push(`a caller is told ${code} while ${token.value.reveal()} is cached and valid`);
    }
  }

  /** No token was evicted and no clock was set while the caller waited. */
  #undisturbed(caller: Caller): boolean {
    return caller.evictionsBefore === this.evictedAtMs.length && caller.jumpsBefore === this.#jumps && caller.refused === undefined;
  }

  #ageMs({ obtainedMonotonicMs, obtainedWallMs }: Token): number {
    return Math.max(this.clock.monotonicMs() - obtainedMonotonicMs, this.clock.wallMs() - obtainedWallMs);
  }

  #isValid(token: Token): boolean {
    const issued = this.#issued.get(token.value.reveal());
    return issued !== undefined && this.#leftMs(issued) > 0;
  }

  #leftMs({ sentMonotonicMs, sentWallMs, lifetimeMs }: Issued): number {
    return lifetimeMs - Math.max(this.clock.monotonicMs() - sentMonotonicMs, this.clock.wallMs() - sentWallMs);
  }

  /** Lets happen, in the scheduler's order, whatever can. Between two events nobody may wait for nothing. */
  async run(): Promise<void> {
    while (this.#scheduler.count() > 0) {
      await this.#scheduler.waitNext(1, async (act) => {
        await act();
        await settled();
      });
      // Each caller that waits has one timer; a flight that makes no request just now has one, too.
      if (this.#waiting.size > 0 && this.#underWay === 0 && this.clock.pendingTimers <= this.#waiting.size) {
        this.violations.push('a caller waits, and nothing is under way for it');
      }
    }
  }

  /** Everything that was begun comes to its end, and an idle source keeps no timer. */
  async drain(): Promise<void> {
    // Four attempts and their longest waits; callers who came last wait for 30 s.
    for (let round = 0; round < 8; round += 1) {
      await this.run();
      await this.clock.advance(30_000);
    }
    if (this.#waiting.size > 0) this.violations.push(`${this.#waiting.size} callers are left waiting`);
    if (this.source.closed && this.source.token !== undefined) this.violations.push('a closed source keeps a late token');
    if (this.clock.pendingTimers > 0) this.violations.push(`an idle source keeps ${this.clock.pendingTimers} timers`);
  }

  /** The endpoint works again: after the longest backoff the next caller is served. */
  async revive(): Promise<void> {
    this.#answers = [{ lifetimeMs: 900_000 }];
    await this.clock.advance(600_000);
    const { served } = this.seen;
    this.call(0);
    await settled();
    await this.run();
    if (this.seen.served === served) this.violations.push('the source is stuck: the endpoint works again, and a caller is not served');
  }

  async #close(): Promise<void> {
    this.source.close();
    await settled();
    if (this.#waiting.size > 0) this.violations.push(`${this.#waiting.size} callers wait for a closed source`);
    if (this.clock.pendingTimers > 0) this.violations.push(`a closed source keeps ${this.clock.pendingTimers} timers`);
    if (this.source.token !== undefined) this.violations.push('a closed source keeps its token');
  }
}
