import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compileAllow } from './allow-rules.ts';

const allowsPath = (pattern: string, path: string): boolean => compileAllow([{ paths: [pattern] }])('GET', path);

/** The patterns' meaning, taken literally: try everything that a `**` may stand for. */
function naively([first, ...others]: readonly string[], segments: readonly string[]): boolean {
  if (first === undefined) return segments.length === 0;
  if (first === '**') return segments.some((_, i) => naively(others, segments.slice(i))) || naively(others, []);
  const [segment, ...rest] = segments;
  return segment !== undefined && (first === '*' ? segment !== '' : first === segment) && naively(others, rest);
}

describe('compileAllow', () => {
  test('matches as the patterns mean it literally', () => {
    const pattern = fc.array(fc.constantFrom('a', 'b', '*', '**', ''), { maxLength: 6 });
    const segments = fc.array(fc.constantFrom('a', 'b', 'c', ''), { maxLength: 7 });
    const path = (parts: readonly string[]): string => parts.map((part) => `/${part}`).join('');
    fc.assert(
      fc.property(pattern, segments, (parts, actual) => {
        expect(allowsPath(path(parts), path(actual)), `${path(parts)} on ${path(actual)}`).toBe(naively(parts, actual));
      }),
      { numRuns: 20_000 },
    );
  });

  test.each([
    ['/odatav4/**', '/odatav4', true],
    ['/odatav4/**', '/odatav4/', true],
    ['/odatav4/**', '/odatav4/a/b', true],
    ['/odatav4/**', '/odatav4x', false],
    ['/odatav4/**', '/ODATAV4/a', false],
    ['/users/*', '/users/1', true],
    ['/users/*', '/users/', false],
    ['/users/*', '/users', false],
    ['/users/*', '/users/1/', false],
    ['/users/*', '//users/1', false],
    ['/**', '', true],
    ['/', '', false],
    ['/', '/', true],
    ['/a b', '/a%20b', true],
    ['/ä', '/%C3%A4', true],
    ['/users', '/%75sers', true],
    ['/users', '/users;v=1', false],
  ])('%s on %j: %s', (pattern, path, allowed) => {
    expect(allowsPath(pattern, path)).toBe(allowed);
  });

  test.each(['/a%2Fb', '/a%2fb', '/a\\b', '/a%5Cb', '/%ff', '/%', '/a%zz'])(
    'what hides how many segments it has, or has no reading, matches nothing: %s',
    (path) => {
      expect(allowsPath('/**', path)).toBe(false);
      expect(compileAllow([{ methods: ['GET'] }])('GET', path)).toBe(false);
    },
  );

  test('GET implies HEAD and nothing else', () => {
    const allows = compileAllow([{ methods: ['GET'] }]);
    expect(['GET', 'HEAD', 'POST', 'OPTIONS', 'get'].filter((method) => allows(method, '/x'))).toEqual(['GET', 'HEAD']);
    expect(compileAllow([{ methods: ['POST'] }])('HEAD', '/x')).toBe(false);
  });

  test('a rule wants both its method and its path; one rule is enough', () => {
    const allows = compileAllow([
      { methods: ['GET'], paths: ['/a'] },
      { methods: ['POST'], paths: ['/b', '/c'] },
    ]);
    expect(allows('GET', '/a')).toBe(true);
    expect(allows('POST', '/c')).toBe(true);
    expect(allows('GET', '/c')).toBe(false);
    expect(compileAllow([])('GET', '/')).toBe(false);
  });

  test('no path makes it slow', () => {
    const startMs = performance.now();
    expect(allowsPath('/**/a'.repeat(12), `${'/a'.repeat(4_000)}/b`)).toBe(false);
    expect(performance.now() - startMs).toBeLessThan(500);
  });
});
