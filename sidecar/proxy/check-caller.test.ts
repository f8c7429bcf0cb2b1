import { expect, test } from 'vitest';
import { checkCaller } from './check-caller.ts';
import { scanHead } from './scan-head.ts';

const check = (...raw: readonly string[]): string | undefined => checkCaller(scanHead(raw))?.code;

test.each(['localhost', 'LocalHost:1', '127.0.0.1', '127.0.0.1:65535', '127.255.1.2:80', '[::1]', '[::1]:14080'])(
  'the Host %s is loopback',
  (host) => {
    expect(check('Host', host)).toBeUndefined();
  },
);

test.each([
  '',
  'evil',
  'localhost.',
  'xlocalhost',
  'localhost:',
  'localhost:1:2',
  '127.0.0.1.nip.io',
  '127.1',
  '128.0.0.1',
  '[::2]',
  '::1',
  '0.0.0.0',
  'localhost, evil',
])('the Host %j is not', (host) => {
  expect(check('Host', host)).toBe('forbidden_origin');
});

test.each([
  ['Origin', 'http://localhost:1', undefined],
  ['origin', 'HTTP://LOCALHOST:1', undefined],
  ['Origin', 'http://localhost', 'forbidden_origin'],
  ['Origin', 'http://127.0.0.1:1', 'forbidden_origin'],
  ['Origin', '', 'forbidden_origin'],
  ['Sec-Fetch-Site', 'none', undefined],
  ['Sec-Fetch-Site', 'same-origin', undefined],
  ['Sec-Fetch-Site', 'same-site', 'forbidden_origin'],
  ['Sec-Fetch-Site', '', 'forbidden_origin'],
  ['Sec-Fetch-Site', 'anything else', 'forbidden_origin'],
])('%s: %s', (name, value, expected) => {
  expect(check('Host', 'localhost:1', name, value)).toBe(expected);
});
