import { expect, test } from 'vitest';
import * as z from 'zod/mini';
import { omitDefaults } from './omit-defaults.ts';

const schema = z.strictObject({
  a: z._default(z.number(), 1),
  b: z.optional(z.string()),
  c: z.prefault(z.strictObject({ d: z._default(z.string(), 'x'), e: z.optional(z.string()) }), {}),
  f: z._default(z.array(z.strictObject({ g: z._default(z.boolean(), false), h: z.string() })), []),
});

test('what the schema adds by itself is left out, at every depth', () => {
  expect(omitDefaults(schema, { a: 1, c: { d: 'x' }, f: [] })).toEqual({});
  expect(omitDefaults(schema, { a: 1, b: 'y', c: { d: 'x', e: 'z' }, f: [{ g: false, h: 'i' }] })).toEqual({
    b: 'y',
    c: { e: 'z' },
    f: [{ h: 'i' }],
  });
});

test('what is like the default of another field, or empty, stays', () => {
  expect(omitDefaults(schema, { a: 0, b: '', c: { d: '' }, f: [{ g: true, h: '' }] })).toEqual({
    a: 0,
    b: '',
    c: { d: '' },
    f: [{ g: true, h: '' }],
  });
});
