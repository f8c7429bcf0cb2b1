import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { makeCertificate } from '../../test/support/make-certificate.ts';
import { CertificateDirectory } from './certificate-directory.ts';

let directory = '';
let clock = new FakeClock();
let served: string[] = [];
let isUsable = true;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tokenward-certificates-'));
  clock = new FakeClock();
  served = [];
  isUsable = true;
});
afterEach(() => rm(directory, { recursive: true }));

const follow = (): CertificateDirectory => {
  const onCertificate = ({ certificate }: { certificate: string }): boolean => {
    served.push(certificate);
    return isUsable;
  };
  const following = new CertificateDirectory({ directory, clock, log: pino({ level: 'silent' }), onCertificate });
  following.start();
  return following;
};

async function write(): Promise<string> {
  const { certificate, key } = makeCertificate('webhook');
  await writeFile(join(directory, 'tls.key'), key);
  await writeFile(join(directory, 'tls.crt'), certificate);
  return certificate;
}

/** The next look, and the reading of files that it is. */
async function nextLook(): Promise<void> {
  await vi.waitFor(() => expect(clock.pendingTimers).toBe(1));
  await clock.advance(10_000);
  await vi.waitFor(() => expect(clock.pendingTimers).toBe(1));
}

test('waits for a certificate, serves it, and serves its successor once each', async () => {
  const following = follow();
  await nextLook();
  expect(served).toEqual([]);
  const first = await write();
  await nextLook();
  await nextLook();
  expect(served).toEqual([first]);
  const second = await write();
  await nextLook();
  await nextLook();
  expect(served).toEqual([first, second]);
  await following.stop();
  expect(clock.pendingTimers).toBe(0);
});

test('tries again a certificate that could not be used, as where its key had not been written yet', async () => {
  isUsable = false;
  const certificate = await write();
  const following = follow();
  await nextLook();
  isUsable = true;
  await nextLook();
  await nextLook();
  expect(served.slice(-1)).toEqual([certificate]);
  expect(served).toHaveLength(3);
  await following.stop();
});
