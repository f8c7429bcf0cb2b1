import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { build } from '../../images/build.ts';
import { serve } from '../support/serve.ts';
import { testConfig } from '../support/sidecar-config.ts';
import { imageFlags } from '../support/start-sidecar-process.ts';
import { startTokenIssuer } from '../support/token-issuer.ts';

/** What the doctor needs beside a sidecar that is idle, from the kernel's own records: `node test/bench/doctor-memory.ts`. */
const rounds = 5;
const dist = join(import.meta.dirname, '../../dist');
const environment = { MALLOC_ARENA_MAX: '1' };

interface Memory {
  /** Megabytes; the most that was resident. */
  readonly peak: number;
  /** Of pages that processes share, each has its part. */
  readonly proportional: number;
  /** Shared with nobody. */
  readonly own: number;
}

const megabytes = (kilobytes: string | undefined): number => (Number(kilobytes) * 1024) / 1e6;
const field = (record: string, name: string): number => megabytes(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(record)?.[1]);

async function memoryOf(pid: number): Promise<Memory> {
  const [status, rollup] = await Promise.all(['status', 'smaps_rollup'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8')));
  return measure(status ?? '', rollup ?? '');
}

const measure = (status: string, rollup: string): Memory => ({
  peak: field(status, 'VmHWM'),
  proportional: field(rollup, 'Pss'),
  own: field(rollup, 'Private_Dirty'),
});

/** Runs when the doctor has said all: by then it holds the most. */
const atExit = `data:text/javascript,import{readFileSync as r,writeSync as w}from'node:fs';process.on('exit',()=>w(2,JSON.stringify(['status','smaps_rollup'].map((f)=>r('/proc/self/'+f,'utf8')))))`;

async function runDoctor(folder: string): Promise<Memory> {
  const args = ['--import', atExit, join(dist, 'doctor.mjs'), 'a', '--config-dir', folder, '--path', '/x'];
  const child = spawn(execPath, args, { env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
  const [said, [code]] = await Promise.all([text(child.stderr), once(child, 'close')]);
  if (code !== 5) throw new Error(`the doctor ended with ${code}: ${said}`);
  const [status = '', rollup = ''] = JSON.parse(said) as string[];
  return measure(status, rollup);
}

async function startSidecar(folder: string): Promise<ChildProcess> {
  const args = [...imageFlags(), join(dist, 'sidecar.mjs'), '--config-dir', folder, '--proxy-port', '0', '--admin-port', '0'];
  const child = spawn(execPath, args, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
  for await (const line of createInterface(child.stdout)) if (line.includes('"Listening"')) return child;
  throw new Error('the sidecar did not start');
}

await build();
const folder = mkdtempSync(join(tmpdir(), 'tokenward-memory-'));
await using issuer = await startTokenIssuer();
// It refuses: the changes that are tried, and all there is to say, are part of what is measured.
await using api = await serve(
  (_request, response) => void response.writeHead(403, { 'WWW-Authenticate': 'Bearer error="insufficient_scope", scope="x"' }).end(),
);
writeFileSync(join(folder, 'a.json'), JSON.stringify(testConfig({ upstream: api.url, tokenEndpoint: issuer.url })));
const sidecar = await startSidecar(folder);
try {
  const found: Memory[] = [];
  for (let round = 0; round < rounds; round++) found.push(await runDoctor(folder));
  const idle = await memoryOf(sidecar.pid ?? 0);
  const show = (name: string, { peak, proportional, own }: Memory): string =>
    `${name.padEnd(20)} ${[peak, proportional, own].map((value) => value.toFixed(1).padStart(13)).join('')}\n`;
  const worst = (of: keyof Memory): number => Math.max(...found.map((memory) => memory[of]));
  process.stdout.write(`MB                            peak proportional          own\n${show('the sidecar, idle', idle)}`);
  process.stdout.write(show(`the doctor, ${rounds} runs`, { peak: worst('peak'), proportional: worst('proportional'), own: worst('own') }));
} finally {
  sidecar.kill();
  rmSync(folder, { recursive: true });
}
