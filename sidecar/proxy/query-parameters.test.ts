import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Sensitive } from '../../crds/sensitive.ts';
import { QueryParameters } from './query-parameters.ts';

const configured = (...pairs: readonly (readonly [string, string])[]): QueryParameters =>
  new QueryParameters(pairs.map(([name, value]) => ({ name, value: new Sensitive(value) })));

describe('QueryParameters', () => {
  test('without any the query stays byte for byte, an empty one too', () => {
    for (const query of ['', 'a', 'a=%zz&&b=+', '?']) expect(configured().apply(query)).toBe(`?${query}`);
    expect(configured().apply(undefined)).toBe('');
  });

  test('they come last, encoded once', () => {
    expect(configured(['a b', 'c&d=é+'], ['e', '%20']).apply('x=%7e')).toBe('?x=%7e&a+b=c%26d%3D%C3%A9%2B&e=%2520');
    expect(configured(['a', '1']).apply(undefined)).toBe('?a=1');
    expect(configured(['a', '1']).apply('')).toBe('?a=1');
  });

  test('they replace those of the same name, however it is written and however often it is there', () => {
    expect(configured(['a b', '1']).apply('a+b=2&a%20b=3&%61%20b&ab=4&A+b=5&a+b')).toBe('?ab=4&A+b=5&a+b=1');
  });

  test('what is left of the query stays as it came, its empty pairs too', () => {
    expect(configured(['a', '1']).apply('x=1&&a=2&y&')).toBe('?x=1&&y&&a=1');
  });

  test('a name without a reading is only itself', () => {
    expect(configured(['%zz', '1']).apply('%zz=2&%zy=3')).toBe('?%zy=3&%25zz=1');
  });

  test('whoever reads the query finds the configured value, and those of the others as they were', () => {
    const word = fc.string({ unit: fc.constantFrom(...'ab=&+%2;'.split('')), maxLength: 6 });
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), word, (parts, value) => {
        const before = new URLSearchParams(parts.join('&'));
        const after = new URLSearchParams(configured(['a', value]).apply(parts.join('&')).slice(1));
        expect(after.getAll('a')).toEqual([value]);
        before.delete('a');
        after.delete('a');
        expect([...after].filter(([name]) => name !== '')).toEqual([...before].filter(([name]) => name !== ''));
      }),
      { numRuns: 2_000 },
    );
  });
});
