import { expect, test } from 'vitest';
import { isUpgrade } from './upgrade-crd.ts';

test.each([
  ['0.1.0', '0.2.0', true],
  ['0.9.0', '0.10.0', true],
  ['0.9.9', '1.0.0', true],
  ['1.0.0', '1.0.1', true],
  ['', '0.1.0', true],
  ['none', '0.1.0', true],
  ['0.1.0', '0.1.0', false],
  ['0.2.0', '0.1.0', false],
  ['0.10.0', '0.9.0', false],
  ['1.0.0', '0.99.99', false],
])('from "%s" to %s: an upgrade %s', (present, next, expected) => {
  expect(isUpgrade(present, next)).toBe(expected);
});
