import { expect, test } from 'vitest';
import { FakeClock, settled } from '../../test/support/fake-clock.ts';
import { WorkQueue } from './work-queue.ts';

interface Running {
  readonly key: string;
  readonly end: (error?: Error) => void;
}

/** A queue whose work ends when the test says so. */
function stage({ concurrency = 2, random = 0.5 } = {}) {
  const clock = new FakeClock();
  const running: Running[] = [];
  const begun: string[] = [];
  const errors: { key: string; retryInMs: number }[] = [];
  const queue = new WorkQueue({
    clock,
    random: () => random,
    concurrency,
    work: (key) =>
      new Promise((resolve, reject) => {
        begun.push(key);
        const one: Running = {
          key,
          end: (error) => {
            running.splice(running.indexOf(one), 1);
            if (error === undefined) resolve();
            else reject(error);
          },
        };
        running.push(one);
      }),
    onError: (key, _, retryInMs) => errors.push({ key, retryInMs }),
  });
  const end = async (key: string, error?: Error): Promise<void> => {
    const one = running.find((candidate) => candidate.key === key);
    if (one === undefined) throw new Error(`${key} is not worked on`);
    one.end(error);
    await settled();
  };
  return { clock, queue, begun, errors, end, running: () => running.map(({ key }) => key) };
}

test('keys are worked on in their order, only so many at once', async () => {
  const { queue, running, end } = stage();
  for (const key of ['a', 'b', 'c', 'd']) queue.add(key);
  await settled();
  expect(running()).toEqual(['a', 'b']);
  expect(queue.depth).toBe(2);
  await end('b');
  expect(running()).toEqual(['a', 'c']);
});

test('a key that waits is not queued twice', async () => {
  const { queue, begun, end } = stage({ concurrency: 1 });
  for (const key of ['a', 'b', 'b', 'b']) queue.add(key);
  await settled();
  await end('a');
  await end('b');
  expect(begun).toEqual(['a', 'b']);
  expect(queue.depth).toBe(0);
});

test('a key that is added while it is worked on is worked on once more, and never twice at the same time', async () => {
  const { queue, begun, running, end } = stage();
  queue.add('a');
  await settled();
  queue.add('a');
  queue.add('a');
  await settled();
  expect(running()).toEqual(['a']);
  await end('a');
  expect(running()).toEqual(['a']);
  await end('a');
  expect(begun).toEqual(['a', 'a']);
});

test('a key that fails comes back after one second, then ever later, at most after five minutes', async () => {
  const { clock, queue, errors, running, end } = stage({ random: 0.999_999 });
  queue.add('a');
  await settled();
  for (let round = 0; round < 11; round += 1) {
    await end('a', new Error('refused'));
    const retryInMs = errors.at(-1)?.retryInMs ?? 0;
    await clock.advance(retryInMs - 1);
    expect(running()).toEqual([]);
    await clock.advance(1);
    expect(running()).toEqual(['a']);
  }
  expect(errors.map(({ retryInMs }) => Math.round(retryInMs / 1000))).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
  await end('a');
});

test('keys that fail together do not come back together', async () => {
  const early = stage({ random: 0 });
  early.queue.add('a');
  await settled();
  await early.end('a', new Error('refused'));
  expect(early.errors).toEqual([{ key: 'a', retryInMs: 500 }]);
  await early.queue.stop();
});

test('success forgets the failures', async () => {
  const { clock, queue, errors, end } = stage();
  queue.add('a');
  await settled();
  await end('a', new Error('refused'));
  await clock.advance(1_000);
  await end('a', new Error('refused'));
  await clock.advance(2_000);
  await end('a');
  queue.add('a');
  await settled();
  await end('a', new Error('refused'));
  expect(errors.map(({ retryInMs }) => retryInMs)).toEqual([750, 1_500, 750]);
  await queue.stop();
});

test('a failed key that is added again does not wait', async () => {
  const { queue, running, end } = stage();
  queue.add('a');
  await settled();
  await end('a', new Error('refused'));
  expect(running()).toEqual([]);
  queue.add('a');
  await settled();
  expect(running()).toEqual(['a']);
  await end('a');
  await queue.stop();
});

test('a change that comes while the work fails is not lost and does not wait', async () => {
  const { queue, running, end } = stage();
  queue.add('a');
  await settled();
  queue.add('a');
  await end('a', new Error('refused'));
  expect(running()).toEqual(['a']);
  await end('a');
  await queue.stop();
});

test('of several times to come back the earliest counts', async () => {
  const { clock, queue, begun } = stage();
  queue.addAfter('a', 5_000);
  queue.addAfter('a', 1_000);
  queue.addAfter('a', 9_000);
  await clock.advance(999);
  expect(begun).toEqual([]);
  await clock.advance(1);
  expect(begun).toEqual(['a']);
  expect(clock.pendingTimers).toBe(0);
});

test('work that throws before it returns a promise is a failure like any other', async () => {
  const errors: string[] = [];
  const queue = new WorkQueue({
    clock: new FakeClock(),
    random: () => 0.5,
    concurrency: 1,
    work: () => {
      throw new Error('at once');
    },
    onError: (key) => errors.push(key),
  });
  queue.add('a');
  queue.add('b');
  await settled();
  expect(errors).toEqual(['a', 'b']);
  await queue.stop();
});

test('a stop waits for what is under way, and nothing begins any more', async () => {
  const { clock, queue, begun, errors, end } = stage({ concurrency: 1 });
  queue.add('a');
  queue.add('b');
  queue.addAfter('c', 1_000);
  await settled();
  queue.add('a');
  let stopped = false;
  const stop = queue.stop().then(() => (stopped = true));
  await settled();
  expect(stopped).toBe(false);
  await end('a', new Error('refused'));
  await stop;
  queue.add('d');
  queue.addAfter('e', 1);
  await clock.advance(600_000);
  expect(begun).toEqual(['a']);
  expect(errors.length).toBe(1);
  expect(clock.pendingTimers).toBe(0);
});
