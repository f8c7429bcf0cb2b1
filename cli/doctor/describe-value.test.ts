import { expect, it } from 'vitest';
import { canarySecret } from '../../test/support/canary.ts';
import { describeValue } from './describe-value.ts';

const secret = canarySecret('odd');
const base64 = (text: string): string => Buffer.from(text).toString('base64');

it.each([
  [secret, '17 characters', []],
  ['pässwörd-9', '10 characters', []],
  // A random password in base64, and one in hexadecimal: nothing is odd about them.
  [Buffer.from(Array.from({ length: 24 }, (_, i) => (i * 97 + 131) % 256)).toString('base64'), '32 characters', []],
  ['9f86d081884c7d659a2feaa0c55ad015', '32 characters', []],
  [`${secret}\n`, '18 characters', [/^ends in a line break/]],
  [`${secret}\r\n`, '19 characters', [/^ends in a line break/]],
  ['a\nb\n', '4 characters', [/^ends in/, /line break in the middle/]],
  [` ${secret}`, '18 characters', [/begins or ends with a space/]],
  [`${secret} \n`, '19 characters', [/^ends in/, /begins or ends with a space/]],
  [`\uFEFF${secret}`, '18 characters', [/byte order mark/]],
  [`\u201C${secret}\u201D`, '19 characters', [/curly quotes/]],
  [`"${secret}"`, '19 characters', [/between quotes/]],
  [`${secret}\u200B`, '18 characters', [/invisible character/]],
  ['a\0b\0', '4 characters', [/NUL/]],
  ['a\u0007b', '3 characters', [/control character/]],
  ['a\uFFFDb', '3 characters', [/not UTF-8/]],
  [base64(secret), '24 characters', [/in base64 itself/]],
  [`${base64(`${secret}\n`)}\n`, '25 characters', [/^ends in/, /in base64 itself/]],
  ['changeme', '8 characters', [/placeholder/]],
  ['<client-secret>', '15 characters', [/placeholder/]],
  ['', 'empty', []],
  ['x', '1 character', []],
  ['-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n', '59 characters, private key in PEM', []],
])('says of %j what a look at it would, and not what it is', (value, description, oddities) => {
  const described = describeValue(value);
  expect(described.description).toBe(description);
  expect(described.oddities).toEqual(oddities.map((pattern) => expect.stringMatching(pattern)));
});
