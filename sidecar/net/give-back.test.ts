import { expect, test } from 'vitest';
import { giveBack } from './give-back.ts';

test('bytes that have their memory for themselves are gone', () => {
  const bytes = Buffer.alloc(65_536, 'a');
  giveBack(bytes);
  expect(bytes).toHaveLength(0);
});

test('memory that others share stays', () => {
  const whole = Buffer.alloc(1000, 'a');
  const part = whole.subarray(0, 999);
  giveBack(part);
  expect(part).toHaveLength(999);
  const pooled = Buffer.from('pooled');
  giveBack(pooled);
  expect(pooled.toString()).toBe('pooled');
});
