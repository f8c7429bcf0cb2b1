import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { env, execPath } from 'node:process';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { checkManifests } from '../../cli/check-manifests.ts';
import type { CliContext } from '../../cli/cli-context.ts';
import { findManifestFiles, readManifestFiles } from '../../cli/manifests/read-manifest-files.ts';
import { tokenward } from '../../cli/tokenward.ts';
import type { Clock } from '../../crds/clock.ts';
import { renderInvalid } from '../../crds/render/render-credential.ts';
import type { Sensitive } from '../../crds/sensitive.ts';
import type { ConfigSource } from '../../sidecar/config/config-source.ts';
import { startSidecar } from '../../sidecar/start-sidecar.ts';
import { JumpingClock } from '../support/jumping-clock.ts';
import { skip } from '../support/require-tool.ts';
import type { NameTable } from './name-table.ts';

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Serving extends AsyncDisposable {
  /** Of the proxy, without a slash at its end. */
  readonly url: string;
}

/** Where a user runs the command line. */
export interface Machine {
  readonly run: (args: readonly string[]) => Promise<Ended>;
  /** A sidecar that serves the manifests of a folder. */
  readonly serve: (folder: string) => Promise<Serving>;
  /** All that was printed and logged so far. */
  readonly written: readonly string[];
}

type Environment = Readonly<Record<string, string>>;

const version = 'gallery';

/** This process, with a clock that a test can put wrong. */
export function thisMachine(clock: JumpingClock, environment: Environment): Machine {
  const written: string[] = [];
  return {
    written,
    run: async (args) => {
      const lines = { stdout: '', stderr: '' };
      const printTo = (stream: keyof typeof lines) => (line: string) => {
        lines[stream] += `${line}\n`;
      };
      const context: CliContext = {
        version,
        clock,
        random: () => 0.5,
        print: printTo('stdout'),
        printError: printTo('stderr'),
        readStdin: () => Promise.resolve(new Uint8Array()),
        openLog: () => pino({ level: 'silent' }),
        untilStopped: () => Promise.resolve(),
        environment,
      };
      const code = await tokenward(args, context);
      written.push(lines.stdout, lines.stderr);
      return { code, ...lines };
    },
    serve: async (folder) => {
      const ports = { proxyPort: 0, adminPort: 0, adminHost: '127.0.0.1', drainTimeoutSeconds: 1 };
      const source = new RenderingSource(folder, clock);
      const log = pino({ level: 'trace' }, { write: (line: string) => void written.push(line) });
      const sidecar = await startSidecar({ source, expectedAliases: [], ...ports, version, log }, { clock, random: () => 0.5 });
      return { url: sidecar.proxyUrl, [Symbol.asyncDispose]: async () => void (await sidecar.drain()) };
    },
  };
}

/** As the operator renders: what is wrong with a credential is what its callers are told. */
class RenderingSource implements ConfigSource {
  readonly #folder: string;
  readonly #clock: Clock;

  constructor(folder: string, clock: Clock) {
    this.#folder = folder;
    this.#clock = clock;
  }

  async poll(): Promise<ReadonlyMap<string, Sensitive>> {
    const texts = await readManifestFiles(await findManifestFiles([this.#folder]));
    const { rendered, problems } = checkManifests(texts, this.#clock.wallMs());
    const invalid = problems.flatMap(({ credential, message }) => (credential === undefined ? [] : [[credential, message] as const]));
    return new Map([
      ...rendered.map(({ manifest, config }) => [manifest.name, config] as const),
      ...invalid.map(([alias, message]) => [alias, renderInvalid(message)] as const),
    ]);
  }
}

const main = join(import.meta.dirname, '../../cli/main.ts');

/** Processes with an `/etc` of their own. */
export function machineWith(names: NameTable, environment: Environment): Machine {
  const start = (args: readonly string[]): ChildProcess =>
    spawn('unshare', [...namespace(names), execPath, main, ...args], { stdio: 'pipe', env: { ...env, ...environment } });
  const written: string[] = [];
  return {
    written,
    run: async (args) => {
      const child = piped(start(args));
      const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child.process, 'close')]);
      written.push(stdout, stderr);
      return { code: Number(code), stdout, stderr };
    },
    serve: async (folder) => {
      const { process, stdout, stderr } = piped(
        start(['run', '-f', folder, '--proxy-port', '0', '--admin-port', '0', '--log-level', 'trace']),
      );
      stderr.on('data', (chunk: Buffer) => written.push(chunk.toString()));
      const ended = once(process, 'close');
      for await (const line of createInterface(stdout)) {
        const [, url] = /^ +\S+ +(http:\/\/127\.0\.0\.1:\d+)\//.exec(line) ?? [];
        if (url === undefined) continue;
        stdout.resume();
        return {
          url,
          [Symbol.asyncDispose]: async () => {
            process.kill();
            await ended;
          },
        };
      }
      throw new Error('tokenward run serves nothing');
    },
  };
}

function piped(process: ChildProcess) {
  const { stdout, stderr } = process;
  if (stdout === null || stderr === null) throw new Error('the output is not piped');
  return { process, stdout, stderr };
}

/** util-linux: a mount namespace, in which another folder stands for `/etc`. */
function namespace({ folder }: NameTable): readonly string[] {
  return ['--mount', '--map-root-user', 'sh', '-c', 'mount --bind "$0" /etc && exec "$@"', folder];
}

/** Whether this machine lets its users have names of their own; says so if it does not. */
export async function hasNamespaces(names: NameTable): Promise<boolean> {
  const child = spawn('unshare', [...namespace(names), 'true'], { stdio: 'ignore' });
  const code = await Promise.race([once(child, 'close').then(([status]) => status as unknown), once(child, 'error').then(() => 'none')]);
  if (code !== 0) skip('unshare gives no mount namespace here: it is needed to give names other meanings');
  return code === 0;
}
