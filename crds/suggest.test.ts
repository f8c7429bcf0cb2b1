import { expect, test } from 'vitest';
import { suggest } from './suggest.ts';

const fields = ['url', 'contentType', 'grantTypeIn', 'parameters', 'secretRef', 'timeoutSeconds'];

test.each([
  ['contenttype', 'contentType'],
  ['content-type', 'contentType'],
  ['parmeters', 'parameters'],
  ['paramters', 'parameters'],
  ['ulr', 'url'],
  ['secret', 'secretRef'],
  ['timeout', 'timeoutSeconds'],
])('%s probably means %s', (word, meant) => {
  expect(suggest(word, fields)).toBe(meant);
});

test.each(['', 'x', 'password', 'a'.repeat(100_000)])('%.20s is near to nothing', (word) => {
  expect(suggest(word, fields)).toBeUndefined();
});
