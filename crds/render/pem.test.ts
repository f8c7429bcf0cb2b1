import { createPrivateKey } from 'node:crypto';
import { expect, test } from 'vitest';
import { makeCertificate } from '../../test/support/make-certificate.ts';
import { readCertificates, readTlsKey } from './pem.ts';

const authority = makeCertificate('authority');
const client = makeCertificate('client', { issuer: authority });
const chain = client.certificate + authority.certificate;
const asInServiceKey = (pem: string) => JSON.stringify(pem).slice(1, -1);

test.each([
  ['as it is', chain],
  ['with CRLF', chain.replaceAll('\n', '\r\n')],
  ['with literal \\n, as in SAP service keys', asInServiceKey(chain)],
  ['with literal \\r\\n', asInServiceKey(chain.replaceAll('\n', '\r\n'))],
  ['with comments and a key around', `# client\n${client.key}${client.certificate}\n# authority\n${authority.certificate.trimEnd()}`],
])('a chain of certificates %s is read as the same PEM', (_, text) => {
  expect(readCertificates(text)).toEqual({ ok: true, pem: chain });
});

test.each(['', 'MIIB', client.key, client.certificate.slice(0, -20)])('%.30s… is no certificate', (text) => {
  expect(readCertificates(text)).toMatchObject({ ok: false, message: expect.stringContaining('holds no certificate') });
});

test('a damaged certificate is named by its number, and not quoted', () => {
  const damaged = authority.certificate.replace('MII', 'MIJ');
  const read = readCertificates(client.certificate + damaged);
  expect(read).toEqual({ ok: false, message: 'holds a damaged certificate (number 2 of 2): copy it anew from its source' });
});

test.each([
  ['PKCS#8', client.key],
  ['SEC 1', createPrivateKey(client.key).export({ type: 'sec1', format: 'pem' })],
  ['with literal \\n', asInServiceKey(client.key)],
])('the private key of the first certificate is read: %s', (_, text) => {
  const read = readTlsKey(text, chain);
  expect(read.ok && createPrivateKey(read.pem).equals(createPrivateKey(client.key))).toBe(true);
});

test('another certificate’s key, an encrypted key and a damaged one are refused, each in its own words', () => {
  const encrypted = createPrivateKey(client.key).export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' });
  expect(readTlsKey(authority.key, chain)).toMatchObject({
    ok: false,
    message: expect.stringContaining("is not the certificate's private key"),
  });
  expect(readTlsKey(encrypted, chain)).toMatchObject({ ok: false, message: expect.stringContaining('is encrypted') });
  expect(readTlsKey(client.key.replace('MIG', 'MIH'), chain)).toMatchObject({ ok: false, message: expect.stringContaining('damaged') });
  expect(readTlsKey(client.certificate, chain)).toMatchObject({ ok: false, message: expect.stringContaining('holds no private key') });
});

test('a pair that can be read and is too weak for TLS is refused here, not when the sidecar is to use it', () => {
  const weak = makeCertificate('client', { curve: 'prime192v1' });
  expect(readTlsKey(weak.key, weak.certificate)).toMatchObject({ ok: false, message: expect.stringContaining('too weak for TLS') });
});
