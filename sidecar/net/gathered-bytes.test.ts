import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { GatheredBytes } from './gathered-bytes.ts';

test('the bytes are those that came, in their order, however many chunks they came in', () => {
  const sizes = fc.array(fc.nat({ max: 3 }), { maxLength: 1500, size: 'max' });
  fc.assert(
    fc.property(sizes, (lengths) => {
      let next = 0;
      const chunks = lengths.map((length) => Buffer.from(Array.from({ length }, () => next++)));
      const bytes = new GatheredBytes();
      for (const chunk of chunks) bytes.add(chunk);
      expect(bytes.whole().equals(Buffer.concat(chunks))).toBe(true);
    }),
  );
});

test('a single chunk is not copied', () => {
  const chunk = Buffer.from('whole');
  const bytes = new GatheredBytes();
  bytes.add(chunk);
  expect(bytes.whole()).toBe(chunk);
});
