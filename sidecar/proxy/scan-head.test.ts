import { expect, test } from 'vitest';
import { scanHead } from './scan-head.ts';

test('names are read in any case', () => {
  const head = scanHead([
    'HOST',
    'a',
    'ORIGIN',
    'b',
    'SEC-FETCH-SITE',
    'c',
    'UPGRADE',
    'h2c',
    'CONTENT-LENGTH',
    '1',
    'EXPECT',
    '100-Continue',
  ]);
  expect(head).toMatchObject({
    host: 'a',
    origin: 'b',
    secFetchSite: 'c',
    upgrade: 'h2c',
    contentLength: '1',
    expectsContinue: true,
    chunked: false,
  });
});

test('a Host that is there twice is nobody', () => {
  expect(scanHead(['Host', 'localhost', 'host', 'localhost']).host).toBe('');
});

test('a page cannot hide behind a second Origin or Sec-Fetch-Site', () => {
  expect(scanHead(['Origin', 'http://evil', 'Origin', 'http://localhost']).origin).toBe('');
  expect(scanHead(['Sec-Fetch-Site', 'cross-site', 'Sec-Fetch-Site', 'none']).secFetchSite).toBe('');
});

test('Connection and Upgrade are lists, over however many headers they go', () => {
  expect(scanHead(['Connection', 'a', 'X', 'y', 'connection', 'b, c', 'Upgrade', 'h2c', 'Upgrade', 'websocket'])).toMatchObject({
    connection: 'a,b, c',
    upgrade: 'h2c,websocket',
  });
});

test.each(['X-HTTP-Method-Override', 'x-http-method', 'X-Method-Override', 'X-Original-Method', 'X-Original-URL', 'X-Rewrite-Url'])(
  '%s lets a request pass for another one',
  (name) => {
    expect(scanHead([name, 'DELETE']).disguise).toBe(name.toLowerCase());
  },
);

test('a header that is none of these decides nothing', () => {
  expect(scanHead(['Hos', 'a', 'Hostx', 'b', 'Accept', '*/*', 'X-Forwarded-Host', 'c'])).toEqual(scanHead([]));
});
