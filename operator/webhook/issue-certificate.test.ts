import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { requireTool } from '../../test/support/require-tool.ts';
import { issueAuthority, issueServerCertificate } from './issue-certificate.ts';

const validity = { fromMs: Date.UTC(2026, 0, 1), toMs: Date.UTC(2027, 0, 1, 12, 30, 59) };
const names = ['tokenward.tokenward-system.svc', 'tokenward.tokenward-system.svc.cluster.local'];

test('an authority signs itself and may sign others', () => {
  const { certificate, key } = issueAuthority(validity);
  const read = new X509Certificate(certificate);
  expect(read.ca).toBe(true);
  expect(read.checkIssued(read) && read.verify(read.publicKey)).toBe(true);
  expect(key.reveal()).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  expect(read.validFromDate.getTime()).toBe(validity.fromMs);
  expect(read.validToDate.getTime()).toBe(validity.toMs);
});

test("a server's certificate is for its names alone and of its authority", () => {
  const authority = issueAuthority(validity);
  const { certificate } = issueServerCertificate(names, validity, authority);
  const [read, issuer, stranger] = [certificate, authority.certificate, issueAuthority(validity).certificate].map(
    (pem) => new X509Certificate(pem),
  );
  if (read === undefined || issuer === undefined || stranger === undefined) throw new Error('three certificates');
  expect(read.ca).toBe(false);
  expect(read.checkIssued(issuer) && read.verify(issuer.publicKey)).toBe(true);
  expect(read.checkIssued(stranger) || read.verify(stranger.publicKey)).toBe(false);
  expect(names.map((name) => read.checkHost(name))).toEqual(names);
  expect(read.checkHost('other.tokenward-system.svc')).toBeUndefined();
  expect(read.keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
});

test('each certificate has a key and a number of its own', () => {
  const authority = issueAuthority(validity);
  const [one, other] = [1, 2].map(() => issueServerCertificate(names, validity, authority));
  expect(one?.key.reveal()).not.toBe(other?.key.reveal());
  expect(new X509Certificate(one?.certificate ?? '').serialNumber).not.toBe(new X509Certificate(other?.certificate ?? '').serialNumber);
});

test.each([Date.UTC(2049, 11, 31, 23, 59, 59), Date.UTC(2050, 0, 1)])('the end of a validity may be in another century: %d', (toMs) => {
  const { certificate } = issueAuthority({ ...validity, toMs });
  expect(new X509Certificate(certificate).validToDate.getTime()).toBe(toMs);
});

test('a name longer than a common name may be is no obstacle', () => {
  const long = `${'a'.repeat(63)}.${'b'.repeat(63)}.svc`;
  const { certificate } = issueServerCertificate([long], validity, issueAuthority(validity));
  expect(new X509Certificate(certificate).checkHost(long)).toBe(long);
});

test('OpenSSL in its strictest mode finds nothing to object to', async ({ skip }) => {
  const openssl = requireTool('openssl', 'to verify the webhook certificates');
  if (openssl === undefined) skip();
  const folder = await mkdtemp(join(tmpdir(), 'tokenward-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const authority = issueAuthority(validity);
  await writeFile(join(folder, 'ca.pem'), authority.certificate);
  await writeFile(join(folder, 'leaf.pem'), issueServerCertificate(names, validity, authority).certificate);
  const at = String(Date.UTC(2026, 5, 1) / 1000);
  const args = ['verify', '-x509_strict', '-check_ss_sig', '-purpose', 'sslserver', '-verify_hostname', names[0] ?? '', '-attime', at];
  const { stdout, stderr } = spawnSync(openssl ?? '', [...args, '-CAfile', 'ca.pem', 'leaf.pem'], { cwd: folder, encoding: 'utf8' });
  expect(stdout + stderr).toBe('leaf.pem: OK\n');
});
