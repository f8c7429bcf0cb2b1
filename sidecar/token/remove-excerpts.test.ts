import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { excerptsOf } from './remove-excerpts.ts';

const secret = Array.from({ length: 50 }, (_, index) => `Part${index}+`).join('');

test('takes out a part of a long secret, to its very ends, in any letter case', () => {
  const remove = excerptsOf([secret]);
  expect(remove(`<${secret.slice(17, 117)}>`, '#')).toBe('<#>');
  expect(remove(`<${secret.toUpperCase()}>${secret.slice(3, 80)}!`, '#')).toBe('<#>#!');
});

test('where secrets begin alike takes out the longest that stands there', () => {
  const other = secret.replace('Part20', 'Part-20');
  for (const order of [
    [secret, other],
    [other, secret],
  ]) {
    expect(excerptsOf(order)(`<${secret}> <${other}>`, '#')).toBe('<#> <#>');
  }
});

test('of a text around 63 characters of the secret or more, every one of them goes and all else stays', () => {
  const outside = fc.string({ unit: fc.constantFrom(' ', '<', 'é', '\u{1f600}', 'İ'), maxLength: 20 });
  const part = fc.tuple(fc.nat(secret.length - 63), fc.integer({ min: 63, max: secret.length }));
  const remove = excerptsOf([secret]);
  fc.assert(
    fc.property(outside, part, outside, (before, [start, length], after) => {
      expect(remove(before + secret.slice(start, start + length) + after, '#')).toBe(`${before}#${after}`);
    }),
  );
});

test('leaves a text alone that has only short parts of the secret', () => {
  const text = `it says ${secret.slice(0, 31)} and ${secret.slice(40, 60)}`;
  expect(excerptsOf([secret])(text, '#')).toBe(text);
});
