import { expect, test } from 'vitest';
import { parseQuantity } from './quantity.ts';

test.each([
  ['100m', 0.1],
  ['2', 2],
  ['.5', 0.5],
  ['1.', 1],
  ['64Mi', 67_108_864],
  ['64M', 64_000_000],
  ['1E', 1e18],
  ['1e3', 1000],
  ['1E-2', 0.01],
])('%s is the quantity %d', (text, value) => {
  expect(parseQuantity(text)).toBeCloseTo(value, 6);
});

test.each(['', 'm', '-1', '64 Mi', '64mi', '64MB', '1e', '1K', '0x10', '1'.repeat(40), '1.2.3'])('%j is no quantity', (text) => {
  expect(parseQuantity(text)).toBeUndefined();
});
