import { beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../test/support/fake-clock.ts';
import { MemoryRelease } from './memory-release.ts';

let clock: FakeClock;
let release: MemoryRelease;
let released: number;

beforeEach(() => {
  clock = new FakeClock();
  released = 0;
  release = new MemoryRelease(clock, () => released++);
});

test('memory is released once it has been quiet for a quarter of a second, and then no more', async () => {
  release.quiet();
  await clock.advance(249);
  expect(released).toBe(0);
  await clock.advance(1);
  expect(released).toBe(1);
  await clock.advance(3_600_000);
  expect(released).toBe(1);
  expect(clock.pendingTimers).toBe(0);
});

test('not while something is in flight, and not before it has been quiet for as long again', async () => {
  release.quiet();
  await clock.advance(200);
  release.busy();
  await clock.advance(10_000);
  expect(released).toBe(0);
  release.quiet();
  await clock.advance(249);
  expect(released).toBe(0);
  await clock.advance(1);
  expect(released).toBe(1);
});

test('calls now and then cost one release in five minutes', async () => {
  for (let call = 0; call < 900; call += 1) {
    release.busy();
    await clock.advance(10);
    release.quiet();
    await clock.advance(990);
  }
  expect(released).toBe(3);
});
