import { describe, expect, test } from 'vitest';
import { canarySecret, canaryToken, findTraces } from './canary.ts';

const secret = canarySecret('client');

describe('the canary is found', () => {
  test.each([
    ['as it is', `{"client_secret":"${secret}"}`],
    ['as a token', `Bearer ${canaryToken(1)}`],
    ['cut off', canaryToken(1).slice(0, 7)],
    ['in Basic credentials', `Basic ${Buffer.from(`acme:${secret}`).toString('base64')}`],
    ['in Base64 at the next offset', Buffer.from(`acme2:${secret}`).toString('base64')],
    ['in Base64 at the offset after that', Buffer.from(`acme22:${secret}`).toString('base64')],
    ['in Base64 for URLs', Buffer.from(secret).toString('base64url')],
    ['in hexadecimal', Buffer.from(secret).toString('hex')],
    ['as bytes written out', JSON.stringify({ query: encodeURIComponent(secret) })],
  ])('%s', (_, text) => {
    expect(findTraces(`before ${text} after`)).toHaveLength(1);
  });
});

test('other text holds no trace of it', () => {
  expect(findTraces(`{"msg":"Listening"} Basic ${Buffer.from('acme:s3cr3t').toString('base64')}`)).toEqual([]);
});
