import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hasDotSegment, resolveTarget } from './resolve-target.ts';

/** Pieces that decide something, and some that do not. */
const piece = fc.constantFrom(
  ...'/\\.;%?#aA%'.split(''),
  '%2e',
  '%2E',
  '%2f',
  '%2F',
  '%5c',
  '%5C',
  '%3b',
  '%3B',
  '%252e',
  '%00',
  '..',
  '%c0%ae',
  'x',
  '%2',
  '…',
);
const text = fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join(''));

describe('resolveTarget', () => {
  test.each([
    ['/lms', { alias: 'lms', path: '', query: undefined }],
    ['/lms/', { alias: 'lms', path: '/', query: undefined }],
    ['/lms?a=/b', { alias: 'lms', path: '', query: 'a=/b' }],
    ['/lms/a//b%2F;c?', { alias: 'lms', path: '/a//b%2F;c', query: '' }],
    ['/lms/a?b#c', { alias: 'lms', path: '/a', query: 'b#c' }],
    ['/lms/a?b?c', { alias: 'lms', path: '/a', query: 'b?c' }],
    ['/', { alias: '', path: '', query: undefined }],
    ['//lms', { alias: '', path: '/lms', query: undefined }],
    ['/l%6ds/x', { alias: 'l%6ds', path: '/x', query: undefined }],
  ])('%s', (url, target) => {
    expect(resolveTarget(url)).toEqual(target);
  });

  test.each(['', '*', 'http://127.0.0.1/lms', 'lms/x', '?x', '/lms/a#b', '/lms#', '/lms/public/..#/x'])('%j is not origin-form', (url) => {
    expect(resolveTarget(url)).toBeUndefined();
  });

  test('loses no byte: alias, path and query make up what came', () => {
    fc.assert(
      fc.property(text, (rest) => {
        const target = resolveTarget(`/${rest}`);
        const { alias = '', path = '', query } = target ?? {};
        const parts = `/${alias}${path}${query === undefined ? '' : `?${query}`}`;
        expect(target === undefined ? /^[^?]*#/.test(rest) : parts === `/${rest}`).toBe(true);
        expect(alias).not.toMatch(/[/?]/);
        expect(path).toMatch(/^(?:\/|$)/);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('hasDotSegment', () => {
  /** The rule word for word: decode once, split at slash and backslash, cut at the semicolon; is one of them a dot segment? */
  function naively(path: string): boolean {
    const decoded = path.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
    return decoded.split(/[/\\]/).some((segment) => /^\.{1,2}$/.test(segment.split(';', 1)[0] ?? ''));
  }

  test('says of every path what the rule says word for word', () => {
    fc.assert(
      fc.property(text, (rest) => {
        expect(hasDotSegment(rest)).toBe(naively(rest));
      }),
      { numRuns: 20_000 },
    );
  });

  test.each(['/..', '/.', '/a/../b', '/a/..;v=1/b', '/%2e%2E/x', '/a%2f..', '/a\\..\\b', '/a%5c.%2e', '/.%3bx', '/..%2f', '..'])(
    '%s has one',
    (path) => {
      expect(hasDotSegment(path)).toBe(true);
    },
  );

  test.each(['', '/', '/...', '/.a', '/a.', '/a..b/', '/..a', '/;../', '/%252e%252e/', '/a/.well-known/x', '/..%00', '/%c0%ae%c0%ae/'])(
    '%j has none',
    (path) => {
      expect(hasDotSegment(path)).toBe(false);
    },
  );
});
