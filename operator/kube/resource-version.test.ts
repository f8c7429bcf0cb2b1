import { expect, test } from 'vitest';
import { isOlder } from './resource-version.ts';

test.each([
  ['9', '10', true],
  ['10', '9', false],
  ['10', '10', false],
  ['99999999999999999998', '99999999999999999999', true],
  ['99999999999999999999', '100000000000000000000', true],
  ['', '1', false],
  ['1', '', false],
  ['abc', 'abd', false],
  ['0', '1', false],
])('whether %j is older than %j: %j', (one, other, older) => {
  expect(isOlder(one, other)).toBe(older);
});
