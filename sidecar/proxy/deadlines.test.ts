import { beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { Deadlines, type Expiring } from './deadlines.ts';
import { type Member, Roster } from './roster.ts';

let clock: FakeClock;
let live: Roster<Expiring & Member>;
let deadlines: Deadlines;
let expired: string[];

beforeEach(() => {
  clock = new FakeClock();
  live = new Roster();
  deadlines = new Deadlines(clock, live);
  expired = [];
});

function waiting(name: string, delayMs: number): Expiring & Member {
  const item = {
    deadline: deadlines.in(delayMs),
    place: -1,
    expire: () => {
      expired.push(name);
      live.delete(item);
    },
  };
  live.add(item);
  deadlines.watch();
  return item;
}

test.each([0, 1, 249, 250, 999, 1_000, 60_000])(
  'a deadline in %i ms is kept: never early, and half a second late at most',
  async (delayMs) => {
    waiting('other', 1e9);
    await clock.advance(137);
    waiting('it', delayMs);
    await clock.advance(delayMs - 1);
    expect(expired).toEqual([]);
    await clock.advance(501);
    expect(expired).toEqual(['it']);
  },
);

test('a deadline that is moved counts from its new time, and Infinity never comes', async () => {
  const moved = waiting('moved', 1_000);
  const never = waiting('never', 1_000);
  never.deadline = Infinity;
  await clock.advance(900);
  moved.deadline = deadlines.in(1_000);
  await clock.advance(1_000);
  expect(expired).toEqual([]);
  await clock.advance(500);
  expect(expired).toEqual(['moved']);
});

test('one timer serves all, and none is left when nothing waits', async () => {
  expect(clock.pendingTimers).toBe(0);
  const items = Array.from({ length: 100 }, (_, i) => waiting(String(i), 10_000));
  expect(clock.pendingTimers).toBe(1);
  for (const item of items) live.delete(item);
  await clock.advance(250);
  expect(clock.pendingTimers).toBe(0);
  waiting('later', 0);
  await clock.advance(500);
  expect(expired).toEqual(['later']);
});

test('what is not live is kept to its deadline, too, until it is taken back', async () => {
  const expire = (name: string) => () => void expired.push(name);
  const [kept, back] = [
    { deadline: deadlines.in(1_000), expire: expire('kept') },
    { deadline: deadlines.in(1_000), expire: expire('back') },
  ];
  for (const item of [kept, back]) deadlines.add(item);
  deadlines.delete(back);
  await clock.advance(1_250);
  expect(expired).toEqual(['kept']);
  deadlines.delete(kept);
  await clock.advance(250);
  expect(clock.pendingTimers).toBe(0);
});

test('tells when something begins to be waited for, and when nothing is any more', async () => {
  const told: string[] = [];
  const activity = { busy: () => told.push('busy'), quiet: () => told.push('quiet') };
  deadlines = new Deadlines(clock, live, activity);
  const [one, other] = [waiting('one', 60_000), waiting('other', 60_000)];
  await clock.advance(1_000);
  expect(told).toEqual(['busy']);
  live.delete(one);
  await clock.advance(1_000);
  expect(told).toEqual(['busy']);
  live.delete(other);
  await clock.advance(1_000);
  expect(told).toEqual(['busy', 'quiet']);
});
