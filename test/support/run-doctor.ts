import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { text } from 'node:stream/consumers';
import { newRecording } from './recordings.ts';
import type { Ended } from './tokenward-process.ts';

const bundle = join(import.meta.dirname, '../../dist/doctor.mjs');

export interface DoctorRun {
  /** By alias, or what stands in the file. */
  readonly configs?: Readonly<Record<string, object | string>>;
  readonly args?: readonly string[];
  readonly nodeArgs?: readonly string[];
}

/** The doctor as it is shipped in the sidecar's image, over a folder as the kubelet lays it out. What it prints is kept for the canary test. */
export async function runDoctor(alias: string, { configs = {}, args = [], nodeArgs = [] }: DoctorRun = {}): Promise<Ended> {
  const folder = mkdtempSync(join(tmpdir(), 'tokenward-doctor-'));
  const data = join(folder, '..2030_01_01');
  mkdirSync(data);
  symlinkSync('..2030_01_01', join(folder, '..data'));
  for (const [name, config] of Object.entries(configs)) {
    writeFileSync(join(data, `${name}.json`), typeof config === 'string' ? config : JSON.stringify(config));
    symlinkSync(`..data/${name}.json`, join(folder, `${name}.json`));
  }
  try {
    const child = spawn(execPath, [...nodeArgs, bundle, alias, '--config-dir', folder, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const [stdout, stderr, [code, signal]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
    newRecording('examination', `doctor-${child.pid}`).append(`${stdout}${stderr}`);
    return { stdout, stderr, code, signal };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
