import { expect, it } from 'vitest';
import { isAtLeast } from './is-at-least.ts';

it.each([
  ['22.19.0', '22.19', true],
  ['22.9.5', '22.19', false],
  ['22.20.0', '22.19', true],
  ['20.20.2', '22.19', false],
  ['26.0.0-nightly20260101', '22.19', true],
  ['9.11.2', '22.19', false],
])('Node %s is at least %s: %s', (version, needed, expected) => {
  expect(isAtLeast(version, needed)).toBe(expected);
});
