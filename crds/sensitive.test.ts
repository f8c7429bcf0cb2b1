import { format, inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Sensitive } from './sensitive.ts';

const secret = new Sensitive('s3cr3t');

test.each([
  ['a template literal', String(secret)],
  ['JSON', JSON.stringify({ secret })],
  ['inspect at any depth', inspect({ a: { b: [secret] } }, { depth: null, showHidden: true })],
  ['format', format('%s %o %j', secret, secret, secret)],
  ['its own properties', JSON.stringify(Object.entries(secret))],
  ['an error message', new Error(`wrong: ${String(secret)}`).message],
])('a sensitive value does not show in %s', (_, text) => {
  expect(text).not.toContain('s3cr3t');
});

test('a sensitive value comes out when it is asked for', () => {
  expect(secret.reveal()).toBe('s3cr3t');
});
