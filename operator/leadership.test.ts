import { expect, test } from 'vitest';
import { settled } from '../test/support/fake-clock.ts';
import { Leadership, type Term } from './leadership.ts';

/** Terms in the order in which they begin and end. */
class Terms {
  readonly events: string[] = [];
  readonly #ending: (() => void)[] = [];
  #count = 0;

  readonly create = (): Term => {
    const number = (this.#count += 1);
    return {
      start: () => {
        this.events.push(`start ${number}`);
        return number === 1 ? Promise.reject(new Error('stopped before the first look')) : Promise.resolve();
      },
      stop: async () => {
        this.events.push(`stop ${number}`);
        await new Promise<void>((resolve) => this.#ending.push(resolve));
        this.events.push(`stopped ${number}`);
      },
    };
  };

  async endOne(): Promise<void> {
    this.#ending.shift()?.();
    await settled();
  }
}

test('a term begins when the one before has ended, however fast leadership comes and goes', async () => {
  const terms = new Terms();
  const leadership = new Leadership(terms.create);
  for (const leading of [true, false, true]) leadership.change(leading);
  await settled();
  expect(terms.events).toEqual(['start 1', 'stop 1']);
  await terms.endOne();
  expect(terms.events).toEqual(['start 1', 'stop 1', 'stopped 1', 'start 2']);
});

test('being told twice changes nothing', async () => {
  const terms = new Terms();
  const leadership = new Leadership(terms.create);
  for (const leading of [false, true, true]) leadership.change(leading);
  await settled();
  expect(terms.events).toEqual(['start 1']);
});

test('the end waits for what is under way, and no term begins after it', async () => {
  const terms = new Terms();
  const leadership = new Leadership(terms.create);
  leadership.change(true);
  await settled();
  const ended = leadership.end();
  leadership.change(true);
  await settled();
  expect(terms.events).toEqual(['start 1', 'stop 1']);
  await terms.endOne();
  await ended;
  await settled();
  expect(terms.events).toEqual(['start 1', 'stop 1', 'stopped 1']);
  expect(leadership.term).toBeUndefined();
});
