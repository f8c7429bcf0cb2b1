import { expect, it } from 'vitest';
import { readChallenges } from './challenges.ts';

const read = (header: string | string[] | undefined): unknown =>
  readChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

it.each<[string, unknown]>([
  ['Bearer', [['bearer', {}]]],
  ['Bearer realm="x"', [['bearer', { realm: 'x' }]]],
  [
    'Bearer realm="a, b", error=invalid_token , error_description="it \\"has\\" expired"',
    [['bearer', { realm: 'a, b', error: 'invalid_token', error_description: 'it "has" expired' }]],
  ],
  ['Bearer realm = "x" error="y"', [['bearer', { realm: 'x', error: 'y' }]]],
  [
    'Negotiate, Basic realm="y", Bearer scope="a b"',
    [
      ['negotiate', {}],
      ['basic', { realm: 'y' }],
      ['bearer', { scope: 'a b' }],
    ],
  ],
  [
    'Negotiate TlRMTVNTUAAB==, DPoP algs="ES256"',
    [
      ['negotiate', {}],
      ['dpop', { algs: 'ES256' }],
    ],
  ],
  ['Bearer REALM="x", realm="other"', [['bearer', { realm: 'x' }]]],
  ['', []],
  ['"', []],
])('reads the challenges of %j', (header, expected) => {
  expect(read(header)).toEqual(expected);
});

it('reads those of several headers, and none where there is no header', () => {
  expect(read(['Bearer', 'Basic realm="x"'])).toEqual([
    ['bearer', {}],
    ['basic', { realm: 'x' }],
  ]);
  expect(read(undefined)).toEqual([]);
});

it('is not made slow by a header that is built for it', () => {
  expect(readChallenges(`Bearer ${'a="'.repeat(100_000)}`).length).toBeLessThan(10_000);
  expect(readChallenges('a '.repeat(100_000)).length).toBeLessThan(10_000);
});
