import { expect, test } from 'vitest';
import { readCertificates } from './pem.ts';
import { readPrivateKey } from './private-key.ts';
import { cleanSupplied, endOfSupplied } from './supplied-token.ts';

/** As much as a Secret can hold. */
const fill = (piece: string): string => piece.repeat(Math.floor(2 ** 20 / piece.length));

// The operator reads the Secrets of all namespaces, one after the other.
test.each<[string, () => unknown]>([
  ['keys without an end', () => readPrivateKey(fill('-----BEGIN PRIVATE KEY-----\n'))],
  ['a key with many false ends', () => readPrivateKey(`-----BEGIN PRIVATE KEY-----\n${fill('-----END PRIVATE')}`)],
  ['a key of one letter', () => readPrivateKey(fill('A'))],
  ['a key that SuccessFactors nearly generated', () => readPrivateKey(Buffer.from(`${fill('A#')}###\0`).toString('base64'))],
  ['certificates without an end', () => readCertificates(fill('-----BEGIN CERTIFICATE-----'))],
  ['an assertion of comments', () => cleanSupplied(`${fill('<!-- a -->  ')}x`, 'samlAssertion')],
  ['an assertion of one comment', () => cleanSupplied(`<!--${fill('- ')}`, 'samlAssertion')],
  ['conditions without an end', () => endOfSupplied(`<Assertion>${fill('<Conditions ')}`, 'samlAssertion')],
  ['conditions of many ends', () => endOfSupplied(`<Assertion><Conditions ${fill('NotOnOrAfter ')}`, 'samlAssertion')],
])('a Secret full of %s is read in a time in proportion to its size', (_name, read) => {
  const startedMs = performance.now();
  read();
  expect(performance.now() - startedMs).toBeLessThan(1_500);
});
