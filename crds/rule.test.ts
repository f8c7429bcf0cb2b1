import { expect, test } from 'vitest';
import * as z from 'zod';
import { celString, matching, ruled } from './rule.ts';

test('a CEL string is quoted, and in ASCII', () => {
  expect(celString('a"b\\c\n“')).toBe(String.raw`"a\"b\\c\n\u201c"`);
});

test('a rule goes into the JSON schema as CEL, and is checked by zod with the same message', () => {
  const short = ruled(z.string(), { description: 'd' }, [matching('InvalidField', '^a{1,3}$', 'must be short')]);
  expect(z.toJSONSchema(short)).toMatchObject({
    description: 'd',
    'x-kubernetes-validations': [{ rule: 'self.matches("^a{1,3}$")', message: 'must be short' }],
  });
  expect(short.safeParse('aaa').success).toBe(true);
  expect(short.safeParse('aaaa').error?.issues).toMatchObject([{ message: 'must be short', params: { reason: 'InvalidField' } }]);
});

test('a rule is not asked about a value whose parts are of the wrong type', () => {
  const pair = ruled(z.strictObject({ a: z.string(), b: z.string() }), { description: 'd' }, [
    { reason: 'InvalidField', cel: 'self.a == self.b', holds: ({ a, b }) => a === b, message: 'must be equal', at: ['b'] },
  ]);
  expect(pair.safeParse({ a: 'x', b: 1 }).error?.issues.map(({ path }) => path)).toEqual([['b']]);
  // A field too many does not keep it from judging the others.
  expect(pair.safeParse({ a: 'x', b: 'y', c: 1 }).error?.issues.map(({ message, code }) => (code === 'custom' ? message : code))).toEqual([
    'unrecognized_keys',
    'must be equal',
  ]);
});
