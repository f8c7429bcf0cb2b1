import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { ShippedProcess } from './shipped-process.ts';

const bundle = join(import.meta.dirname, '../../dist/sidecar.mjs');
const containerfile = join(import.meta.dirname, '../../images/Containerfile');
const preloads = { clock: join(import.meta.dirname, 'clock-preload.ts'), counts: join(import.meta.dirname, 'count-preload.ts') };

export interface SidecarProcessOptions {
  /** By alias: a configuration, or the text of a file that is none. */
  readonly configs?: Readonly<Record<string, object | string>>;
  /** Further command line arguments. */
  readonly args?: readonly string[];
  /** Its clocks can be moved. */
  readonly movableClocks?: boolean;
  /** It counts what Node makes for it. */
  readonly counting?: boolean;
}

/** The sidecar as it is shipped, in a process of its own, with a folder of configurations of its own. */
export class SidecarProcess extends ShippedProcess {
  proxyUrl = '';
  adminUrl = '';

  constructor(child: ChildProcess, configDirectory: string) {
    super('sidecar', child, configDirectory);
  }

  get proxyPort(): number {
    return Number(new URL(this.proxyUrl).port);
  }

  /** Replaces an alias's file at one blow, as `mv` does; undefined removes it. The sidecar notices within a second or so. */
  configure(alias: string, config: object | string | undefined): void {
    const file = join(this.folder, `${alias}.json`);
    if (config === undefined) return rmSync(file);
    writeFileSync(`${file}.new`, typeof config === 'string' ? config : JSON.stringify(config));
    renameSync(`${file}.new`, file);
  }

  /** The kernel's own record of the most memory that was resident since the last `forgetPeak`, so no peak is missed between samples. */
  async memoryKilobytes(): Promise<{ readonly resident: number; readonly peak: number }> {
    const status = await readFile(`/proc/${this.pid}/status`, 'utf8');
    const field = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
    return { resident: field('VmRSS'), peak: field('VmHWM') };
  }

  forgetPeak(): void {
    writeFileSync(`/proc/${this.pid}/clear_refs`, '5');
  }

  protected override shown(): readonly ['metrics' | 'aliases', string][] {
    return [
      ['metrics', `${this.adminUrl}/metrics`],
      ['aliases', `${this.proxyUrl}/-/aliases`],
    ];
  }
}

/** Resolves when it listens. Ports are free ones. */
export async function startSidecarProcess({
  configs = {},
  args = [],
  movableClocks = false,
  counting = false,
}: SidecarProcessOptions): Promise<SidecarProcess> {
  const configDirectory = mkdtempSync(join(tmpdir(), 'tokenward-config-'));
  const ports = ['--proxy-port', '0', '--admin-port', '0', '--admin-host', '127.0.0.1'];
  for (const [alias, config] of Object.entries(configs)) {
    writeFileSync(join(configDirectory, `${alias}.json`), typeof config === 'string' ? config : JSON.stringify(config));
  }
  const preloaded = [...(movableClocks ? [preloads.clock] : []), ...(counting ? [preloads.counts] : [])];
  const nodeArgs = preloaded.flatMap((file) => ['--import', file]);
  const child = spawn(execPath, [...imageFlags(), ...nodeArgs, bundle, '--config-dir', configDirectory, ...ports, ...args], {
    stdio: ['ignore', 'pipe', 'pipe', ...(preloaded.length > 0 ? (['ipc'] as const) : [])],
  });
  const sidecar = new SidecarProcess(child, configDirectory);
  const listening = await sidecar.logged(({ msg }) => msg === 'Listening');
  sidecar.proxyUrl = String(listening['proxy']);
  sidecar.adminUrl = String(listening['admin']);
  return sidecar;
}

/** The flags for Node that the image starts the sidecar with: they decide about its memory. */
export function imageFlags(): string[] {
  const entrypoint = /^ENTRYPOINT (\[.*"\/usr\/lib\/tokenward\/sidecar\.mjs"\])$/m.exec(readFileSync(containerfile, 'utf8'))?.[1];
  if (entrypoint === undefined) throw new Error(`${containerfile} does not say how the sidecar is started`);
  return (JSON.parse(entrypoint) as string[]).slice(1, -1);
}
