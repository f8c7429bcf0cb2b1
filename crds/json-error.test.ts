import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { findJsonError } from './json-error.ts';

test.each([
  ['', 0, 'a value', 'the end'],
  ['{', 1, 'a quoted name or "}"', 'the end'],
  ['{"a":1,}', 7, 'a quoted name', '} (U+007D)'],
  ['{a:1}', 1, 'a quoted name or "}"', 'a (U+0061)'],
  ['{"a" 1}', 5, '":"', '1 (U+0031)'],
  ['{"a":1 "b":2}', 7, '"," or "}"', '" (U+0022)'],
  ['[1 2]', 3, '"," or "]"', '2 (U+0032)'],
  ['[1,]', 3, 'a value', '] (U+005D)'],
  ['{"a":}', 5, 'a value', '} (U+007D)'],
  ['{"a":"😀"} x', 10, 'the end', 'x (U+0078)'],
  ["{'a':1}", 1, 'a quoted name or "}"', "' (U+0027)"],
  ['{"a":\u00a01}', 5, 'a value', 'U+00A0'],
  ['{"😀":😀}', 5, 'a value', 'U+1F600'],
])('the first error of %s is at offset %d', (text, offset, expected, found) => {
  expect(findJsonError(text)).toEqual({ offset, expected, found });
});

test('JSON has no error, with whitespace or without', () => {
  fc.assert(
    fc.property(fc.json(), fc.constantFrom('', ' ', '\n\t'), (json, space) => {
      expect(findJsonError(`${space}${json}${space}`)).toBeUndefined();
    }),
  );
});

test('the text before the error is the beginning of some JSON, and the error is no further than the damage', () => {
  fc.assert(
    fc.property(fc.json(), fc.nat(), (json, seed) => {
      const characters = Array.from(json);
      const at = seed % characters.length;
      // U+0000 may stand nowhere in JSON.
      const damaged = [...characters.slice(0, at), '\0', ...characters.slice(at)].join('');
      expect(findJsonError(damaged)?.offset).toBeLessThanOrEqual(at);
    }),
  );
});
