import { expect, it } from 'vitest';
import { shown, shownTime, shownTimeSpan } from './shown.ts';

it.each([
  [0, '0 s'],
  [59_400, '59 s'],
  [-61_000, '1 min 1 s'],
  [7_203_000, '2 h'],
  [90_061_000, '1 d 1 h'],
])('shows %d ms as a person would say it', (ms, text) => {
  expect(shownTimeSpan(ms)).toBe(text);
});

it('shows what others wrote in one line that steers no terminal', () => {
  expect(shown('a\u001b[31m\r\nb\u202e\u0000c')).toBe('a [31m b c');
  expect(shown('x'.repeat(200))).toHaveLength(121);
  expect([shown(undefined), shown(7), shown({ a: 1 })]).toEqual(['', '7', '{"a":1}']);
  expect(shownTime(0)).toBe('1970-01-01T00:00:00Z');
});
