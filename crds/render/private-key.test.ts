import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { makeCertificate } from '../../test/support/make-certificate.ts';
import { readPrivateKey, unfitness, type KeyUse } from './private-key.ts';

const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const ed25519 = generateKeyPairSync('ed25519').privateKey;

const pem = (key: KeyObject, type: 'pkcs1' | 'pkcs8' | 'sec1' = 'pkcs8') => key.export({ type, format: 'pem' });
const body = (text: string) => text.replace(/-----[^-]+-----|\s/gu, '');
const asInServiceKey = (text: string) => JSON.stringify(text).slice(1, -1);
const certificate = makeCertificate('certificate').certificate;

/** Conformance case 32: as the certificate that SuccessFactors generates has it. */
const generated = (inner: string) => Buffer.from(`${inner}###c0mp4ny-key`).toString('base64');
const wrapped = (base64: string) => base64.replace(/.{64}/gu, '$&\n');

describe('a private key is read', () => {
  test.each<[string, KeyObject, string]>([
    ['PKCS#8', rsa, pem(rsa)],
    ['PKCS#1', rsa, pem(rsa, 'pkcs1')],
    ['SEC 1', ec, pem(ec, 'sec1')],
    ['SEC 1 after its parameters', ec, `-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n${pem(ec, 'sec1')}`],
    ['Ed25519', ed25519, pem(ed25519)],
    ['with CRLF', rsa, pem(rsa).replaceAll('\n', '\r\n')],
    ['with literal \\n, as in SAP service keys', rsa, asInServiceKey(pem(rsa, 'pkcs1'))],
    ['on one line', rsa, pem(rsa).replaceAll('\n', '')],
    ['with spaces for line breaks', rsa, pem(rsa).replaceAll('\n', ' ')],
    ['under the name of another encoding', ec, pem(ec).replaceAll('PRIVATE', 'RSA PRIVATE')],
    ['beside a certificate', rsa, `${certificate}${pem(rsa)}`],
    ['as the body of its PEM alone', rsa, wrapped(body(pem(rsa)))],
    ['as SuccessFactors generates it', rsa, generated(body(pem(rsa)))],
    ['as SuccessFactors generates it, PKCS#1', rsa, generated(body(pem(rsa, 'pkcs1')))],
    ['as SuccessFactors generates it, with line breaks inside and outside', rsa, wrapped(generated(wrapped(body(pem(rsa)))))],
    [
      'as SuccessFactors writes it into a file',
      rsa,
      `-----BEGIN ENCRYPTED PRIVATE KEY-----\n${generated(body(pem(rsa)))}\n-----END ENCRYPTED PRIVATE KEY-----\n${certificate}`,
    ],
  ])('%s', (_, key, text) => {
    const read = readPrivateKey(text);
    expect(read.ok && read.key.equals(key)).toBe(true);
  });
});

describe('what is no private key is told of in its own words, which do not quote it', () => {
  const encrypted = (type: 'pkcs1' | 'pkcs8') => rsa.export({ type, format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' });
  test.each([
    ['nothing', ' \n', 'is empty: store the private key as PEM'],
    ['a password', 's3cr3t', 'holds no private key'],
    ['a certificate', certificate, 'holds no private key'],
    [
      'a public key',
      generateKeyPairSync('ed25519').publicKey.export({ type: 'spki', format: 'pem' }),
      'holds a public key: store the private one',
    ],
    ['half a key', pem(rsa).slice(0, -40), 'holds a private key that is cut off: copy all of it'],
    ['the first lines of a key', pem(rsa, 'pkcs1').slice(0, 200), 'holds a private key that is cut off: copy all of it'],
    ['base64 of PEM', Buffer.from(pem(rsa)).toString('base64'), 'holds PEM that is in base64 once too often'],
    ['a damaged key', pem(rsa).replace('MII', 'MIJ'), 'holds a damaged private key'],
    ['a damaged key of SuccessFactors', generated(body(pem(rsa)).slice(8)), 'holds a damaged private key'],
    ['an encrypted key, PKCS#8', encrypted('pkcs8'), 'is encrypted: store the key without a passphrase'],
    ['an encrypted key, PKCS#1', encrypted('pkcs1'), 'is encrypted: store the key without a passphrase'],
    ['a key of OpenSSH', pem(rsa).replaceAll('PRIVATE', 'OPENSSH PRIVATE'), 'is in the format of OpenSSH: convert it'],
  ])('%s', (_, text, message) => {
    const read = readPrivateKey(text);
    expect(read).toEqual({ ok: false, message: expect.stringMatching(new RegExp(`^${message}`, 'u')) });
    expect(JSON.stringify(read)).not.toContain(text.slice(28, 60) || text || 'MII');
  });
});

describe('an algorithm takes its own kind of key', () => {
  const rsaPss = generateKeyPairSync('rsa-pss', { modulusLength: 2048 }).privateKey;
  const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).privateKey;
  const x25519 = generateKeyPairSync('x25519').privateKey;
  const all: readonly KeyObject[] = [rsa, ec, ed25519, rsaPss, p384, x25519];

  test.each<[KeyUse, KeyObject, RegExp]>([
    ['RS256', rsa, /^is no RSA key, which RS256 takes/],
    ['PS256', rsa, /^is no RSA key, which PS256 takes/],
    ['RSA-SHA256', rsa, /^is no RSA key, which RSA-SHA256 takes/],
    ['ES256', ec, /^is no key on the curve P-256, which ES256 takes/],
    ['EdDSA', ed25519, /^is no Ed25519 key, which EdDSA takes/],
  ])('%s', (use, fitting, message) => {
    expect(unfitness(fitting, use)).toBeUndefined();
    const found = all.filter((key) => key !== fitting).map((key) => unfitness(key, use));
    expect(found).toEqual(found.map(() => expect.stringMatching(message)));
    expect(found).toHaveLength(all.length - 1);
  });

  test.each<KeyUse>(['RS256', 'PS256', 'RSA-SHA256'])('%s takes no short one', (use) => {
    const short = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey;
    expect(unfitness(short, use)).toBe(`is an RSA key of 1024 bits, and ${use} takes at least 2048: have a longer one made`);
  });
});
