import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { until } from '../../test/support/until.ts';
import { CertificateFiles } from './certificate-files.ts';
import type { ServingCertificate } from './webhook-server.ts';

async function setStage({ isGood = () => true }: { isGood?: (certificate: ServingCertificate) => boolean } = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'tokenward-'));
  const clock = new FakeClock();
  const shown: string[] = [];
  const log: string[] = [];
  const files = new CertificateFiles({
    directory,
    clock,
    log: pino({}, { write: (line: string) => log.push(line) }),
    onCertificate: (certificate) => {
      shown.push(`${certificate.certificate} ${certificate.key.reveal()}`);
      return isGood(certificate);
    },
  });
  onTestFinished(async () => {
    await files.stop();
    expect(clock.pendingTimers).toBe(0);
    await rm(directory, { recursive: true });
  });
  const write = async (certificate: string, key: string): Promise<void> => {
    await writeFile(join(directory, 'tls.key'), key);
    await writeFile(join(directory, 'tls.crt'), certificate);
  };
  const looked = (): Promise<void> => until(() => clock.pendingTimers === 1);
  const look = async (): Promise<void> => {
    await clock.advance(10_000);
    await looked();
  };
  return { files, shown, log, write, looked, look };
}

test('shows the certificate, and again only when it has changed', async () => {
  const { files, shown, write, looked, look } = await setStage();
  await write('one', 'key-1');
  files.start();
  await looked();
  await look();
  expect(shown).toEqual(['one key-1']);
  await write('two', 'key-2');
  await look();
  await look();
  expect(shown).toEqual(['one key-1', 'two key-2']);
});

test('waits for files that are not there yet, and says so', async () => {
  const { files, shown, log, write, looked, look } = await setStage();
  files.start();
  await looked();
  expect(log.join('')).toContain('"code":"ENOENT","msg":"The webhook certificate cannot be read"');
  await write('one', 'key-1');
  await look();
  expect(shown).toEqual(['one key-1']);
});

test('a pair that was read in the middle of a change is read again', async () => {
  const { files, shown, write, looked, look } = await setStage({ isGood: ({ key }) => key.reveal() === 'key-2' });
  await write('two', 'key-1');
  files.start();
  await looked();
  await write('two', 'key-2');
  await look();
  await look();
  expect(shown).toEqual(['two key-1', 'two key-2']);
});
