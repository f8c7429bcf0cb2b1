import { describe, expect, test } from 'vitest';
import { responseHeaders, rewriteReference } from './response-headers.ts';

const rewriting = { baseUrl: new URL('https://acme.example/learning'), basePath: '/learning', alias: 'lms', host: '127.0.0.1:14080' };
const atRoot = { ...rewriting, baseUrl: new URL('https://acme.example'), basePath: '' };

const passed = (...raw: readonly string[]): string[] => responseHeaders(raw, rewriting);

describe('responseHeaders', () => {
  test('what passes keeps its order, its spelling, its bytes and its repetitions', () => {
    const raw = [
      'SET-cookie',
      'a',
      'X-Odd',
      'gr\u{fc}n\t',
      'set-cookie',
      'b',
      'WWW-Authenticate',
      'Bearer',
      'Date',
      'x',
      'Content-Length',
      '3',
      'Empty',
      '',
    ];
    expect(passed(...raw)).toEqual(raw);
  });

  test('what concerns one connection only is dropped, and what Connection names, wherever it stands', () => {
    const before = ['X-Named', '1', 'connection', 'X-named', 'Keep-Alive', '5', 'Transfer-Encoding', 'chunked', 'Upgrade', 'h2c'];
    const after = ['Trailer', 'X-A', 'CONNECTION', 'close , x-other', 'X-Other', '2', 'Close', '3', 'X-Kept', '4'];
    expect(passed(...before, 'Proxy-Connection', 'x', ...after)).toEqual(['X-Kept', '4']);
  });

  test('an API cannot pass for Tokenward', () => {
    expect(passed('TOKENWARD-Error', 'token_rejected', 'Content-Type', 'application/problem+json')).toEqual([
      'Content-Type',
      'application/problem+json',
    ]);
  });
});

describe('rewriteReference', () => {
  test.each([
    ['https://acme.example/learning/x', 'http://127.0.0.1:14080/lms/x'],
    ['HTTPS://ACME.example:443/learning?x', 'http://127.0.0.1:14080/lms?x'],
    ['https://user@acme.example/learning#f', 'http://127.0.0.1:14080/lms#f'],
    ['//acme.example/learning/', 'http://127.0.0.1:14080/lms/'],
    ['/learning/x?next=/../y', '/lms/x?next=/../y'],
    ['https://acme.example/learning/a/..;x/../../admin', undefined],
    ['https://acme.example/', undefined],
    ['https://acme.example.evil/learning/x', undefined],
    ['https://acme.example@evil.example/learning/x', undefined],
    ['http://acme.example/learning/x', undefined],
    ['https:/learning/x', undefined],
    ['learning/x', undefined],
    ['?x', undefined],
    ['#f', undefined],
    ['mailto:a@acme.example', undefined],
  ])('%s becomes %s', (reference, expected) => {
    expect(rewriteReference(reference, rewriting)).toBe(expected ?? reference);
  });

  test.each([
    ['/x', '/lms/x'],
    ['/', '/lms/'],
    ['https://acme.example', 'http://127.0.0.1:14080/lms'],
    ['https://acme.example?x', 'http://127.0.0.1:14080/lms?x'],
    ['//other.example/x', undefined],
    ['', undefined],
  ])('where the base URL is the whole host, %j becomes %j', (reference, expected) => {
    expect(rewriteReference(reference, atRoot)).toBe(expected ?? reference);
  });
});
