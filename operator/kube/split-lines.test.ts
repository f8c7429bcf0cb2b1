import { expect, test } from 'vitest';
import { splitLines } from './split-lines.ts';

async function* pieces(...texts: string[]): AsyncGenerator<string> {
  yield* texts;
}

async function collect(...texts: string[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of splitLines(pieces(...texts))) lines.push(line);
  return lines;
}

test('lines are the same however the stream is cut', async () => {
  const text = '{"a":1}\n{"b":"ü€"}\n\n{"c":3}\n';
  for (let first = 0; first <= text.length; first += 1) {
    for (let second = first; second <= text.length; second += 1) {
      const lines = await collect(text.slice(0, first), text.slice(first, second), text.slice(second));
      expect(lines).toEqual(['{"a":1}', '{"b":"ü€"}', '', '{"c":3}']);
    }
  }
});

test('a last line without an end is an error, and is not handed out', async () => {
  await expect(collect('{"a":1}\n{"b"', ':2}')).rejects.toMatchObject({ code: 'unreadable' });
});

test('a line longer than any object is an error before it fills the memory', async () => {
  const piece = 'x'.repeat(1024 * 1024);
  let handedOut = 0;
  async function* endless(): AsyncGenerator<string> {
    for (;;) {
      handedOut += 1;
      yield piece;
    }
  }
  await expect(splitLines(endless()).next()).rejects.toMatchObject({ code: 'unreadable' });
  expect(handedOut).toBeLessThan(20);
});
