import { afterEach, assert, beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { Sensitive } from '../../crds/sensitive.ts';
import type { ConfigSource } from './config-source.ts';
import { type Following, followConfig } from './follow-config.ts';

let clock: FakeClock;
let following: Following | undefined;
let applied: string[];
let errors: unknown[];

beforeEach(() => {
  clock = new FakeClock();
  applied = [];
  errors = [];
});

afterEach(() => {
  following?.stop();
  assert.equal(clock.pendingTimers, 0);
});

async function follow(poll: ConfigSource['poll']): Promise<void> {
  const apply = (texts: ReadonlyMap<string, Sensitive>): void => {
    const shown = [...texts].map(([alias, text]) => `${alias}=${text.reveal()}`).join();
    if (shown.includes('bug')) throw new Error('a bug');
    applied.push(shown);
  };
  following = await followConfig({ poll }, clock, apply, (error) => errors.push(error));
}

const texts = (alias: string, text: string): Map<string, Sensitive> => new Map([[alias, new Sensitive(text)]]);

test('what is there at the start is applied before it resolves, and a change within two seconds', async () => {
  const polls = [texts('a', '1'), undefined, texts('a', '2')];
  await follow(() => Promise.resolve(polls.shift()));
  expect(applied).toEqual(['a=1']);
  await clock.advance(2_000);
  expect(applied).toEqual(['a=1', 'a=2']);
});

test('a source that cannot be read at the start rejects; one that cannot be read later is told of, and tried again', async () => {
  await expect(
    followConfig(
      { poll: () => Promise.reject(new Error('gone')) },
      clock,
      () => {},
      () => {},
    ),
  ).rejects.toThrow('gone');

  const polls = [
    () => texts('a', '1'),
    () => {
      throw new Error('gone');
    },
    () => texts('a', '2'),
  ];
  await follow(() => new Promise((resolve) => resolve(polls.shift()?.())));
  await clock.advance(2_000);
  expect(errors).toEqual([new Error('gone')]);
  expect(applied).toEqual(['a=1', 'a=2']);
});

test('a source that stays unreadable is told of once, not once a second, and again when it happens again', async () => {
  const readable = [true, false, false, false, true, false, false];
  await follow(() => (readable.shift() === true ? Promise.resolve(undefined) : Promise.reject(new Error('gone'))));
  await clock.advance(3_000);
  expect(errors).toHaveLength(1);
  await clock.advance(3_000);
  expect(errors).toHaveLength(2);
});

test('a bug in what applies a change does not end the following', async () => {
  const polls = [texts('a', '1'), texts('a', 'bug'), texts('a', '3')];
  await follow(() => Promise.resolve(polls.shift()));
  await clock.advance(2_000);
  expect(errors).toHaveLength(1);
  expect(applied).toEqual(['a=1', 'a=3']);
});

test('one poll is over before the next begins, however long it takes', async () => {
  let running = 0;
  let most = 0;
  const slow = Promise.withResolvers<void>();
  let polls = 0;
  await follow(async () => {
    most = Math.max(most, ++running);
    if (++polls === 2) await slow.promise;
    running--;
    return undefined;
  });
  await clock.advance(10_000);
  expect(polls).toBe(2);
  slow.resolve();
  await clock.advance(1_000);
  expect({ most, polls }).toEqual({ most: 1, polls: 3 });
});

test('nothing is applied any more once it is stopped, also by a poll under way', async () => {
  const slow = Promise.withResolvers<void>();
  let polls = 0;
  await follow(async () => {
    if (++polls === 2) await slow.promise;
    return texts('a', String(polls));
  });
  await clock.advance(1_000);
  following?.stop();
  slow.resolve();
  await clock.advance(10_000);
  expect(applied).toEqual(['a=1']);
  expect(polls).toBe(2);
});
