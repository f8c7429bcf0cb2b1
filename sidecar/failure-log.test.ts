import { Writable } from 'node:stream';
import { pino } from 'pino';
import { beforeEach, expect, test } from 'vitest';
import { FakeClock } from '../test/support/fake-clock.ts';
import type { Failure } from './failure.ts';
import { FailureLog } from './failure-log.ts';

let clock: FakeClock;
let lines: Record<string, unknown>[];
let failures: FailureLog;

beforeEach(() => {
  clock = new FakeClock();
  lines = [];
  const into = new Writable({
    write(chunk: Buffer, _encoding, done) {
      lines.push(JSON.parse(chunk.toString()) as Record<string, unknown>);
      done();
    },
  });
  failures = new FailureLog(pino({ base: null }, into), clock);
});

const failure: Failure = { code: 'upstream_unreachable', detail: 'No connection.', hint: 'Look.', log: { error: 'ECONNREFUSED' } };

test('a failure is one line with its code, its hint, what is for the log only, and the ids of the request', () => {
  failures.write(failure, 'lms', { traceparent: '00-1-2-01', 'x-request-id': 'r1', authorization: 'not this', cookie: 'nor this' });
  expect(lines).toEqual([
    {
      level: 40,
      time: expect.any(Number),
      alias: 'lms',
      code: 'upstream_unreachable',
      hint: 'Look.',
      error: 'ECONNREFUSED',
      traceparent: '00-1-2-01',
      requestId: 'r1',
      msg: 'No connection.',
    },
  ]);
});

test('of a flood one line a second is written, and the next says how many were not', async () => {
  for (let i = 0; i < 1_000; i++) failures.write(failure, 'lms', {});
  expect(lines).toHaveLength(1);
  await clock.advance(1_000);
  failures.write(failure, 'lms', {});
  failures.write(failure, 'lms', {});
  expect(lines.map(({ alsoFailed }) => alsoFailed)).toEqual([undefined, 999]);
});

test('another alias and another code are not kept back by it', () => {
  failures.write(failure, 'lms', {});
  failures.write(failure, 'iot', {});
  failures.write(failure, undefined, {});
  failures.write({ ...failure, code: 'upstream_timeout' }, 'lms', {});
  expect(lines).toHaveLength(4);
});
