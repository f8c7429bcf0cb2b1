import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { flightViolations } from './flight-rules.ts';
import { type Answer, type Step, TokenWorld } from './token-world.ts';

const span = fc.oneof(
  fc.integer({ min: 0, max: 300 }),
  fc.integer({ min: 0, max: 3000 }),
  fc.integer({ min: 0, max: 40_000 }),
  fc.integer({ min: 0, max: 900_000 }),
);

const lifetimeMs = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(900_000, 3_600_000, 120_000) },
  { weight: 2, arbitrary: fc.integer({ min: 1, max: 20_000 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, -5000, 1, 1e15) },
);

const failure = fc.constantFrom<Answer>(
  { retry: 'never' },
  { retry: 'soon' },
  { retry: 'later' },
  { retry: { afterMs: 7000 } },
  { retry: { afterMs: 0 } },
  { retry: { afterMs: 45_000 } },
  { retry: { afterMs: 1e9 } },
);

const answer: fc.Arbitrary<Answer> = fc.oneof({ weight: 3, arbitrary: fc.record({ lifetimeMs }) }, { weight: 2, arbitrary: failure });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('call' as const), refreshBeforeMs: fc.constantFrom(0, 60_000, 300_000) }) },
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('pass' as const), byMs: span }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('refuse' as const),
      which: fc.oneof(fc.constant(0), fc.nat(4)),
      alias: fc.constantFrom(0 as const, 1 as const, 'unguarded' as const),
      freshToo: fc.boolean(),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('leave' as const), which: fc.nat(10) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('refresh' as const) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('jump' as const), byMs: fc.constantFrom(-3_600_000, -20_000, 20_000, 600_000, 3_600_000) }),
  },
);

const randoms = fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 5 });

async function simulate(world: TokenWorld, scheduler: fc.Scheduler, steps: readonly Step[]): Promise<void> {
  scheduler.scheduleSequence(steps.map((next) => ({ builder: () => world.take(next), label: JSON.stringify(next) })));
  await world.run();
}

test('whatever endpoint, clocks, callers and APIs do, the promises of a token source hold', async () => {
  const totals = { served: 0, failed: 0, timedOut: 0, shared: 0, replaced: 0, left: 0 };
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(step, { minLength: 10, maxLength: 80, size: 'max' }),
      fc.array(answer, { minLength: 1, maxLength: 12 }),
      randoms,
      async (scheduler, steps, answers, drawn) => {
        const world = new TokenWorld(scheduler, answers, drawn);
        await simulate(world, scheduler, steps);
        await world.drain();
        await world.revive();
        await world.take({ kind: 'close' });
        for (const name of Object.keys(totals) as (keyof typeof totals)[]) totals[name] += world.seen[name];
        expect([...world.violations, ...flightViolations(world.attempts, world.evictedAtMs)]).toEqual([]);
      },
    ),
    { numRuns: 1500 },
  );
  expect(Math.min(...Object.values(totals))).toBeGreaterThan(50);
});

test('whenever a source is closed, whoever waits is answered and nothing is left pending', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.scheduler(),
      fc.array(step, { minLength: 1, maxLength: 30 }),
      fc.array(step, { minLength: 1, maxLength: 10 }),
      fc.array(answer, { minLength: 1, maxLength: 12 }),
      async (scheduler, before, afterwards, answers) => {
        const world = new TokenWorld(scheduler, answers, [0.5]);
        await simulate(world, scheduler, [...before, { kind: 'close' }, ...afterwards]);
        await world.drain();
        expect(world.violations).toEqual([]);
      },
    ),
    { numRuns: 500 },
  );
});
