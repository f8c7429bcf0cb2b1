import { expect, it } from 'vitest';
import { overviews } from '../../test/support/dashboard-overviews.ts';
import { FakeClock, settled } from '../../test/support/fake-clock.ts';
import { OverviewCache } from './overview-cache.ts';
import type { Overview } from './overview.ts';

/** A source that answers when the test says so. */
function stage() {
  const readings: PromiseWithResolvers<Overview>[] = [];
  const read = (): Promise<Overview> => {
    const reading = Promise.withResolvers<Overview>();
    readings.push(reading);
    return reading.promise;
  };
  const clock = new FakeClock();
  return { readings, clock, cache: new OverviewCache({ read }, clock, 2000) };
}

it('reads once for all who look, and not again while that is fresh', async () => {
  const { readings, clock, cache } = stage();
  const looking = Array.from({ length: 10 }, () => cache.current());
  readings[0]?.resolve(overviews.ready);
  expect(await Promise.all(looking)).toEqual(Array.from({ length: 10 }, () => ({ overview: overviews.ready })));
  await clock.advance(1999);
  await cache.current();
  expect(readings).toHaveLength(1);
  await clock.advance(1);
  const next = cache.current();
  readings[1]?.resolve(overviews.all);
  expect(await next).toEqual({ overview: overviews.all });
});

it('shows what there was while a reading takes long, and never begins a second one meanwhile', async () => {
  const { readings, clock, cache } = stage();
  const first = cache.current();
  await clock.advance(5000);
  expect(await first).toEqual({});
  const second = cache.current();
  readings[0]?.resolve(overviews.ready);
  expect(await second).toEqual({ overview: overviews.ready });
  await clock.advance(2000);
  for (let looks = 0; looks < 3; looks++) {
    const looking = cache.current();
    await clock.advance(700);
    expect(await looking).toEqual({ overview: overviews.ready });
  }
  expect(readings).toHaveLength(2);
  readings[1]?.resolve(overviews.all);
  await settled();
  expect(await cache.current()).toEqual({ overview: overviews.all });
  expect(clock.pendingTimers).toBe(0);
});

it('says why there is nothing new, until there is', async () => {
  const { readings, clock, cache } = stage();
  const first = cache.current();
  readings[0]?.reject(new Error('refused'));
  expect(await first).toEqual({ error: 'refused' });
  for (const [index, overview] of [overviews.ready, undefined, overviews.all].entries()) {
    await clock.advance(2000);
    const looking = cache.current();
    if (overview === undefined) readings[index + 1]?.reject(new Error('refused again'));
    else readings[index + 1]?.resolve(overview);
    expect(await looking).toEqual(overview === undefined ? { overview: overviews.ready, error: 'refused again' } : { overview });
  }
});
