import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { systemClock } from '../crds/clock.ts';
import { serve } from '../test/support/serve.ts';
import { testConfig } from '../test/support/sidecar-config.ts';
import { startTokenIssuer } from '../test/support/token-issuer.ts';
import { examineFile } from './examine-file.ts';
import type { Examination } from './examination.ts';
import { findSidecar } from './find-sidecar.ts';
import { type ConfigPlace, parseDoctorOptions } from './parse-options.ts';

const folder = mkdtempSync(join(tmpdir(), 'tokenward-doctor-'));
afterAll(() => rmSync(folder, { recursive: true }));

function examineIn(alias: string, place: Partial<ConfigPlace>): Promise<Examination> {
  const question = { alias, call: { method: 'GET' }, probe: true, version: '0.0.0', environment: {}, record: () => {} };
  return examineFile(question, { configDirectory: folder, aliases: [], projectedToken: undefined, ...place }, { clock: systemClock });
}

it('examines what the kubelet has laid out', async () => {
  await using issuer = await startTokenIssuer();
  await using api = await serve((_request, response) => void response.end());
  const volume = join(folder, 'volume');
  mkdirSync(join(volume, '..2030_01_01'), { recursive: true });
  writeFileSync(join(volume, '..2030_01_01', 'lms.json'), JSON.stringify(testConfig({ upstream: api.url, tokenEndpoint: issuer.url })));
  symlinkSync('..2030_01_01', join(volume, '..data'));
  symlinkSync('..data/lms.json', join(volume, 'lms.json'));
  const { verdict, steps } = await examineIn('lms', { configDirectory: volume });
  expect(verdict.code).toBe('works');
  expect(steps[0]).toMatchObject({ subject: 'credential', name: 'Manifest', outcome: 'ok' });
});

it.each<[alias: string, aliases: readonly string[], file: string | undefined, code: string, failure: string, sentence: RegExp]>([
  ['none', ['other'], undefined, 'credential_missing', 'unknown_alias', /^There is no alias none here; there are: .*other/],
  [
    'awaited',
    ['awaited'],
    undefined,
    'credential_pending',
    'credential_pending',
    /^No credential has been delivered for the alias awaited/,
  ],
  [
    'bad',
    [],
    '{"version":1,"invalid":"spec.grant.scope: is no JSON"}',
    'credential_invalid',
    'credential_invalid',
    /is not valid: spec\.grant\.scope: is no JSON\.$/,
  ],
  ['newer', [], '{"version":1,"future":1}', 'credential_invalid', 'credential_invalid', /is not valid: .*unknown field/],
])('says what is wrong with the alias %s', async (alias, aliases, file, code, failure, sentence) => {
  if (file !== undefined) writeFileSync(join(folder, `${alias}.json`), file);
  const { verdict, steps } = await examineIn(alias, { aliases });
  expect(verdict).toMatchObject({ code, failure, sentence: expect.stringMatching(sentence) });
  expect(steps).toHaveLength(1);
});

it('finds how the sidecar beside it was started, if there is one', async () => {
  const processes = join(folder, 'proc');
  const run = (id: string, words: readonly string[]): void => {
    mkdirSync(join(processes, id), { recursive: true });
    writeFileSync(join(processes, id, 'cmdline'), words.map((word) => `${word}\0`).join(''));
  };
  run('7', ['/usr/bin/node', '/usr/lib/tokenward/doctor.mjs', 'a']);
  expect(await findSidecar(processes)).toBeUndefined();
  run('1', [
    '/usr/bin/node',
    '--v8-pool-size=1',
    '/usr/lib/tokenward/sidecar.mjs',
    '--config-dir',
    '/c',
    '--alias',
    'a',
    '--assertion-file',
    '/t',
    '--assertion-host',
    'x.example',
  ]);
  expect(await findSidecar(processes)).toMatchObject({
    configDirectory: '/c',
    aliases: ['a'],
    projectedToken: { file: '/t', hosts: ['x.example'] },
  });
  run('2', ['node', 'sidecar.mjs', '--config-dir', '/d']);
  expect(await findSidecar(processes)).toBeUndefined();
  expect(await findSidecar(join(folder, 'nowhere'))).toBeUndefined();
});

it('reads its command line', () => {
  expect(parseDoctorOptions(['a', '--path', '/x', '--method', 'post', '--json', '--no-probe'])).toEqual({
    ok: true,
    options: { alias: 'a', call: { method: 'POST', path: '/x' }, probe: false, output: 'json', place: undefined },
  });
  expect(parseDoctorOptions(['--config-dir', '/c', 'a', '--assertion-file', '/t', '--assertion-host', 'x.example'])).toMatchObject({
    ok: true,
    options: { probe: true, output: 'text', place: { configDirectory: '/c', projectedToken: { file: '/t', hosts: ['x.example'] } } },
  });
});

it.each([
  [[], /^one alias must be named$/],
  [['a', 'b'], /^one alias must be named$/],
  [['A_b'], /^an alias is a DNS label, not "A_b"$/],
  [['a', '--path', 'http://x'], /^--path is what follows upstream\.url/],
  [['a', '--method', ''], /^--method must be/],
  [['a', '--probe'], /Unknown option '--probe'/],
  [['a', '--assertion-file', 'x'], /needs --config-dir/],
  [['a', '--config-dir', 'x', '--assertion-host', 'https://x'], /^--assertion-host must be a host/],
])('says what is wrong with its command line: %j', (args, expected) => {
  expect(parseDoctorOptions(args)).toEqual({ ok: false, message: expect.stringMatching(expected) });
});
