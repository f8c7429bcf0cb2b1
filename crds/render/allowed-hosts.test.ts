import { expect, test } from 'vitest';
import { isAllowedHost, parseAllowedHosts } from './allowed-hosts.ts';

test('a host is allowed by its name, in any case and with spaces around it', () => {
  expect(parseAllowedHosts(' ACME.example , *.acme.example. ,[::1],10.0.0.1,')).toEqual({
    ok: true,
    patterns: ['acme.example', '*.acme.example', '[::1]', '10.0.0.1'],
  });
});

test('an empty annotation is well-formed and allows no host', () => {
  expect(parseAllowedHosts('')).toEqual({ ok: true, patterns: [] });
  expect(isAllowedHost('acme.example', [])).toBe(false);
});

test.each([
  'https://acme.example',
  'acme.example:443',
  'acme.example/x',
  '*',
  '*.',
  'a*.example',
  '*.*.example',
  '**.example',
  'a..b',
  '.acme.example',
  'a b',
])('%s is no host', (entry) => {
  expect(parseAllowedHosts(`ok.example,${entry}`)).toMatchObject({ ok: false });
});

test.each([
  ['acme.example', 'acme.example', true],
  ['api.acme.example', 'acme.example', false],
  ['acme.example', '*.acme.example', false],
  ['api.acme.example', '*.acme.example', true],
  ['a.b.acme.example', '*.acme.example', true],
  ['evilacme.example', '*.acme.example', false],
  ['.acme.example', '*.acme.example', false],
  ['acme.example.evil.example', '*.acme.example', false],
  ['acme.example.evil.example', 'acme.example', false],
])('%s under %s: %s', (host, pattern, allowed) => {
  expect(isAllowedHost(host, [pattern])).toBe(allowed);
});
