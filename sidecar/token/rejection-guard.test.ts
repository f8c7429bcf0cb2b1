import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Sensitive } from '../../crds/sensitive.ts';
import { RejectionGuard } from './rejection-guard.ts';
import type { Token } from './token.ts';

const second = 1000;
const minute = 60 * second;

/** One alias and its API, seen from the proxy: what a call costs in evictions. */
class Alias {
  readonly guard = new RejectionGuard();
  nowMs = 0;
  token = this.#issue();
  readonly evictedAtMs: number[] = [];

  /** One call; `refuses` says what the API thinks of a token. Answers whether the caller sees a 401. */
  call(refuses: (token: Token) => boolean, replayable = true): boolean {
    const used = this.token;
    if (!refuses(used)) return false;
    if (!this.guard.mayEvict(used, this.nowMs)) return true;
    this.replace(used);
    if (!replayable) return true;
    const fresh = this.token;
    if (refuses(fresh)) {
      this.guard.refused(fresh, this.nowMs);
      return true;
    }
    this.guard.accepted(fresh);
    return false;
  }

  replace(used: Token): void {
    if (used !== this.token) return;
    this.evictedAtMs.push(this.nowMs);
    this.nowMs += 20;
    this.token = this.#issue();
  }

  #issue(): Token {
    return { value: new Sensitive('t'), obtainedMonotonicMs: this.nowMs, obtainedWallMs: 0, lifetimeMs: 3_600_000, jitter: 0 };
  }
}

const always = (): boolean => true;
const never = (): boolean => false;

test('an API that always refuses, called a hundred times, costs one token beyond the first', () => {
  for (const replayable of [true, false]) {
    const alias = new Alias();
    for (let call = 0; call < 100; call += 1) expect(alias.call(always, replayable)).toBe(true);
    expect(alias.evictedAtMs).toHaveLength(1);
  }
});

test('after a fresh token is refused, too, nothing is evicted for 30 s, doubling to 10 min', () => {
  const alias = new Alias();
  while (alias.nowMs < 60 * minute) {
    alias.call(always);
    alias.nowMs += second;
  }
  const gaps = alias.evictedAtMs.slice(1).map((atMs, index) => Math.floor((atMs - (alias.evictedAtMs[index] ?? 0)) / second));
  expect(gaps).toEqual([30, 60, 120, 240, 480, 600, 600, 600, 600]);
});

test('an API that takes the fresh token may refuse it later, and have another one at once', () => {
  const alias = new Alias();
  for (let revocation = 0; revocation < 5; revocation += 1) {
    const revoked = alias.token;
    expect(alias.call((token) => token === revoked)).toBe(false);
  }
  expect(alias.evictedAtMs).toHaveLength(5);
});

test('ten minutes without an eviction end the memory of refusals', () => {
  const alias = new Alias();
  for (let elapsed = 0; elapsed < 120; elapsed += 1) {
    alias.call(always);
    alias.nowMs += second;
  }
  const before = alias.evictedAtMs.length;
  // The last quiet lasts 120 s.
  alias.nowMs += 2 * minute + 10 * minute;
  alias.call(always);
  alias.nowMs += 29 * second;
  alias.call(always);
  alias.nowMs += second;
  alias.call(always);
  expect(alias.evictedAtMs).toHaveLength(before + 2);
});

test('a burst of refusals of one token is one eviction, and all of it may have the fresh one', () => {
  const alias = new Alias();
  const used = alias.token;
  const may = Array.from({ length: 1000 }, () => alias.guard.mayEvict(used, alias.nowMs));
  expect(new Set(may)).toEqual(new Set([true]));
  for (let call = 0; call < 1000; call += 1) alias.replace(used);
  for (let call = 0; call < 1000; call += 1) alias.guard.refused(alias.token, alias.nowMs);
  expect(alias.evictedAtMs).toHaveLength(1);
  expect(alias.guard.mayEvict(alias.token, alias.nowMs + 29_999)).toBe(false);
  expect(alias.guard.mayEvict(alias.token, alias.nowMs + 30_000)).toBe(true);
});

test('late news of old tokens, good or bad, changes nothing', () => {
  const alias = new Alias();
  const oldest = alias.token;
  alias.nowMs += minute;
  alias.replace(oldest);
  const used = alias.token;
  alias.guard.mayEvict(used, alias.nowMs);
  alias.replace(used);
  alias.guard.accepted(oldest);
  alias.guard.accepted(used);
  alias.guard.refused(oldest, alias.nowMs);
  expect(alias.guard.mayEvict(oldest, alias.nowMs)).toBe(true);
  expect(alias.guard.mayEvict(used, alias.nowMs)).toBe(true);
  alias.guard.accepted(alias.token);
  expect(alias.guard.mayEvict(alias.token, alias.nowMs)).toBe(true);
});

test('an API that takes tokens on one path and refuses them on another costs no more than one that always refuses', () => {
  for (const replayable of [true, false]) {
    const alias = new Alias();
    for (let elapsed = 0; elapsed < 600; elapsed += 1) {
      alias.call(never);
      alias.call(always, replayable);
      alias.call(never);
      alias.nowMs += 100;
    }
    expect(alias.evictedAtMs).toHaveLength(2);
  }
});

test('an API behind a balancer with one bad instance, which refuses at random, costs few tokens', () => {
  const alias = new Alias();
  let calls = 0;
  const everyFifth = (): boolean => {
    calls += 1;
    return calls % 5 === 0;
  };
  while (alias.nowMs < 10 * minute) {
    alias.call(everyFifth);
    alias.nowMs += 100;
  }
  expect(alias.evictedAtMs.length).toBeLessThanOrEqual(5 + 20);
});

test('whatever the API answers, an alias gives up no more than the first few tokens and then one each 30 s', () => {
  const step = fc.record({
    waitMs: fc.oneof(fc.nat(50), fc.nat(40_000), fc.constant(11 * minute)),
    // What the API says to the first try and to the replay.
    refuses: fc.tuple(fc.boolean(), fc.boolean()),
    replayable: fc.boolean(),
    // A success of some other request in between, should the proxy report that, too.
    otherAccepted: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 50, maxLength: 300 }), (steps) => {
      const alias = new Alias();
      for (const { waitMs, refuses, replayable, otherAccepted } of steps) {
        alias.nowMs += waitMs;
        if (otherAccepted) alias.guard.accepted(alias.token);
        const verdicts = [...refuses];
        alias.call(() => verdicts.shift() ?? false, replayable);
      }
      for (const fromMs of alias.evictedAtMs) {
        const inTenMinutes = alias.evictedAtMs.filter((atMs) => atMs >= fromMs && atMs < fromMs + 10 * minute);
        // Five that helped may follow each other at once; a sixth, and from there on one each 30 s.
        expect(inTenMinutes.length).toBeLessThanOrEqual(5 + 1 + 20);
      }
    }),
    { numRuns: 200 },
  );
});
