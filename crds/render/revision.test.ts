import { expect, test } from 'vitest';
import { Sensitive } from '../sensitive.ts';
import { nameRevision, splitRevision, withRevision } from './revision.ts';

const secret = { kind: 'Secret', uid: 'u1', version: '17' };
const ca = { kind: 'ConfigMap', uid: 'u2', version: '18' };

test('a revision begins with the generation, and does not depend on the order of what it is made from', () => {
  expect(nameRevision(3, [secret, ca])).toMatch(/^3-[0-9a-f]{8}$/);
  expect(nameRevision(3, [ca, secret, ca])).toBe(nameRevision(3, [secret, ca]));
});

test.each([
  ['generation', 4, [secret, ca]],
  ['source', 3, [secret]],
  ["source's version", 3, [{ ...secret, version: '19' }, ca]],
  ["source's identity", 3, [{ ...secret, uid: 'u3' }, ca]],
  ["source's kind", 3, [{ ...secret, kind: 'ConfigMap' }, ca]],
] as const)('another %s is another revision', (_, generation, origins) => {
  expect(nameRevision(generation, origins)).not.toBe(nameRevision(3, [secret, ca]));
});

test('a text is split into what it was put together from', () => {
  const text = new Sensitive('{"version":1,"client":{"id":"a"}}');
  const { rest, revision } = splitRevision(withRevision(text, '3-0123abcd'));
  expect(revision).toBe('3-0123abcd');
  expect(rest.reveal()).toBe(text.reveal());
});

test.each(['{', 'null', '7', '{"version":1}', '{"revision":7}', '{"revision":"3-0123abcd\\n"}', '{"revision":"mine"}'])(
  'what someone else wrote has no revision: %s',
  (written) => {
    const { rest, revision } = splitRevision(new Sensitive(written));
    expect(revision).toBeUndefined();
    expect(rest.reveal()).toBe(written);
  },
);
