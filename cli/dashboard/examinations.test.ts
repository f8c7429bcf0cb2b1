import { expect, it } from 'vitest';
import type { Examination, RecordStep } from '../../doctor/examination.ts';
import { examinations as found, overviews } from '../../test/support/dashboard-overviews.ts';
import { FakeClock, settled } from '../../test/support/fake-clock.ts';
import { Examinations } from './examinations.ts';
import type { ExaminationRequest } from './overview.ts';

interface Asked {
  readonly record: RecordStep;
  readonly signal: AbortSignal;
  readonly result: PromiseWithResolvers<Examination>;
}

function stage() {
  const asked: Asked[] = [];
  const clock = new FakeClock();
  const examinations = new Examinations(
    {
      read: () => Promise.resolve(overviews.ready),
      examine: (_, record, signal) => {
        const result = Promise.withResolvers<Examination>();
        asked.push({ record, signal, result });
        return result.promise;
      },
    },
    clock,
  );
  return { asked, clock, examinations };
}

const request = (name: string): ExaminationRequest => ({
  namespace: 'hr',
  name,
  consumer: 'pod',
  alias: 'lms',
  method: 'GET',
  probe: false,
});
const [step] = found.refused.steps;

it('runs one for a credential at a time, and four in all', () => {
  const { asked, examinations } = stage();
  const names = ['a', 'a', 'b', 'c', 'd', 'e'];
  expect(names.map((name) => examinations.begin(request(name)))).toEqual([undefined, 'running', undefined, undefined, undefined, 'busy']);
  expect(asked).toHaveLength(4);
});

it('keeps the steps, then the verdict, and hears of nothing afterwards', async () => {
  const { asked, examinations } = stage();
  examinations.begin(request('a'));
  if (step !== undefined) asked[0]?.record(step);
  expect(examinations.lastOf(request('a'))).toMatchObject({ state: 'running', steps: [step] });
  asked[0]?.result.resolve(found.works);
  await settled();
  if (step !== undefined) asked[0]?.record(step);
  expect(examinations.lastOf(request('a'))).toMatchObject({ state: 'done', examination: found.works });
});

it('ends one that takes too long, and lets the next one begin', async () => {
  const { asked, clock, examinations } = stage();
  examinations.begin(request('a'));
  await clock.advance(120_000);
  expect(asked[0]?.signal.aborted).toBe(true);
  expect(examinations.lastOf(request('a'))).toMatchObject({ state: 'broken', error: 'there was no verdict after 120 s' });
  expect(examinations.begin(request('a'))).toBeUndefined();
});

it('ends all when the dashboard ends', async () => {
  const { asked, clock, examinations } = stage();
  examinations.begin(request('a'));
  examinations.close();
  await settled();
  expect(asked[0]?.signal.aborted).toBe(true);
  expect(clock.pendingTimers).toBe(0);
});

it('keeps the last of a hundred credentials, and forgets the oldest', async () => {
  const { asked, examinations } = stage();
  for (let index = 0; index <= 100; index++) {
    examinations.begin(request(`n${index}`));
    asked[index]?.result.resolve(found.works);
    await settled();
  }
  expect(examinations.lastOf(request('n0'))).toBeUndefined();
  expect(examinations.lastOf(request('n1'))).toBeDefined();
});
