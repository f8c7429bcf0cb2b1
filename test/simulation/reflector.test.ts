import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { ReflectorWorld, type Step } from './reflector-world.ts';

const name = fc.constantFrom('a', 'b', 'c', 'd', 'e');

const change: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('put' as const), name, value: fc.nat(99), labelled: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), name }) },
);

const pass: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('pass' as const),
  byMs: fc.oneof(fc.constantFrom(10, 100, 1_000), fc.integer({ min: 0, max: 400_000 })),
});

const fault: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('fail' as const),
      status: fc.constantFrom(500, 429, 401, 503, 410, 400, 404, 0, -1),
      times: fc.integer({ min: 1, max: 7 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('cut' as const, 'end' as const, 'mute' as const, 'repeat' as const, 'late' as const, 'bookmark' as const),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('error' as const), code: fc.constantFrom(500, 410, 429, 504) }) },
  {
    weight: 2,
    arbitrary: fc.record({ kind: fc.constantFrom('silent' as const, 'compact' as const, 'expire-pages' as const, 'throw' as const) }),
  },
);

const restoring: fc.Arbitrary<Step> = fc.record({ kind: fc.constantFrom('backup' as const, 'restore' as const) });

const latenciesMs = fc.array(fc.constantFrom(0, 1, 50, 5_000), { minLength: 1, maxLength: 5 });

async function simulate(world: ReflectorWorld, steps: readonly Step[], quietMinutes: number): Promise<void> {
  world.reflector.start();
  for (const step of steps) await world.take(step);
  await world.quiet(quietMinutes);
  expect(world.differences()).toEqual([]);
  expect(world.openWatches).toBe(1);
  await world.reflector.synced;
  // Nobody is asked without end: at most one request in half a second, two for each step, and the pages.
  expect(world.requests).toBeLessThan(world.clock.monotonicMs() / 500 + 8 * steps.length + 20);
  await world.reflector.stop();
  expect([world.openWatches, world.clock.pendingTimers]).toEqual([0, 0]);
}

test('whatever the server and the network do, after quiet the store is what the server has, and every change was told', async () => {
  const totals = { lists: 0, watches: 0, failures: new Set<string>() };
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 4, arbitrary: change }, { weight: 3, arbitrary: pass }, { weight: 2, arbitrary: fault }), {
        maxLength: 40,
        size: 'max',
      }),
      latenciesMs,
      async (steps, latencies) => {
        const world = new ReflectorWorld(latencies);
        // Less than the hourly resync, which would hide what was missed.
        await simulate(world, steps, 8);
        totals.lists += world.seen.lists;
        totals.watches += world.seen.watches;
        for (const code of world.failures) totals.failures.add(code);
      },
    ),
    { numRuns: 2_000 },
  );
  expect([...totals.failures].sort()).toEqual(
    ['400', '401', '404', '410', '429', '500', '503', '504', 'ECONNREFUSED', 'ECONNRESET', 'history_went_back', 'silent', 'timeout'].sort(),
  );
  expect(totals.watches).toBeGreaterThan(10_000);
  expect(totals.lists).toBeGreaterThan(3_000);
});

test('a server that was restored from a backup and went another way from there is followed within the hour', async () => {
  let restored = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.oneof(
          { weight: 4, arbitrary: change },
          { weight: 3, arbitrary: pass },
          { weight: 1, arbitrary: fault },
          { weight: 2, arbitrary: restoring },
        ),
        { minLength: 5, maxLength: 40, size: 'max' },
      ),
      latenciesMs,
      async (steps, latencies) => {
        const world = new ReflectorWorld(latencies);
        await simulate(world, steps, 70);
        if (world.seen.restored) restored += 1;
      },
    ),
    { numRuns: 300 },
  );
  expect(restored).toBeGreaterThan(100);
});
