import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, delimiter, join } from 'node:path';
import { execPath } from 'node:process';
import { createInterface } from 'node:readline';
import { freePort } from '../support/free-port.ts';
import { BootedShell } from './booted-shell.ts';
import { buildPrograms } from './build-programs.ts';
import type { Cluster, CommandOptions, Launch } from './cluster.ts';
import { kubeconfig, writeControlPlaneFiles } from './control-plane-files.ts';
import { runCommand } from './run-command.ts';
import { writeTestImages } from './write-test-images.ts';

export interface BuiltHereOptions {
  /** Whether pods run; otherwise there are etcd and the API server alone, which need no root. */
  readonly nodes: boolean;
  readonly environment: NodeJS.ProcessEnv;
}

/** Starts a Kubernetes whose programs are built from source here. It ends with this process at the latest. */
export async function startBuiltHereCluster({ nodes, environment }: BuiltHereOptions): Promise<Cluster> {
  await using cleanup = new AsyncDisposableStack();
  const programs = await buildPrograms(nodes);
  const folder = await mkdtemp(join(tmpdir(), 'tokenward-cluster-'));
  cleanup.defer(() => rm(folder, { recursive: true }));

  const port = nodes ? 6443 : await freePort();
  const server = `127.0.0.1:${port}`;
  const administrator = await writeControlPlaneFiles(folder, `https://${server}`);
  if (nodes) {
    await writeTestImages(folder);
    cleanup.defer(() => removeControlGroups(basename(folder)));
  }
  const shell = new BootedShell({ mode: nodes ? 'node' : 'api', folder, programs, port });
  cleanup.defer(() => shell.stop());
  await shell.ready;

  const inside = {
    ...environment,
    PATH: [programs, environment['PATH']].join(delimiter),
    KUBECACHEDIR: join(folder, 'kubectl-cache'),
    // For suites that are started inside.
    TOKENWARD_LOAD_IMAGE: importImage.join(' '),
  };
  const insideConfig = join(folder, 'inside.kubeconfig');
  let outsideConfig = insideConfig;
  let namespaces: readonly string[] = [];
  if (nodes) {
    const target = ['nsenter', '--target', String(await shell.pid())];
    // --wd: otherwise the working directory is the root.
    namespaces = [...target, '--net', '--mount', '--pid', '--wd', '--'];
    const socket = join(folder, 'api-server.sock');
    cleanup.use(await forward([...target, '--net', '--'], socket, server));
    const near = cleanup.use(await forward([], '127.0.0.1:0', socket));
    outsideConfig = join(folder, 'outside.kubeconfig');
    const certificate = administrator.certificateAuthority;
    await writeFile(outsideConfig, kubeconfig(`https://${near.address}`, { certificate }, administrator.token), { mode: 0o600 });
  }

  const run = (program: string, args: readonly string[], options?: CommandOptions) =>
    runCommand({ command: [program, ...args], env: { ...inside, KUBECONFIG: outsideConfig } }, options);
  const enter = (command: readonly string[]): Launch => {
    const [program = '', ...args] = [...namespaces, ...command];
    return { command: [program, ...args], env: { ...inside, KUBECONFIG: insideConfig } };
  };
  const whole = cleanup.move();
  const stop = () => whole.disposeAsync();
  return {
    kubeconfig: outsideConfig,
    kubectl: (args, options) => run('kubectl', args, options),
    helm: (args, options) => run('helm', args, options),
    async loadImage(archive) {
      if (!nodes) throw new Error('a cluster without nodes has no use for images');
      await runCommand(enter([...importImage, archive]));
    },
    inside: enter,
    controlPlane: shell,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

const importImage = ['ctr', '--address', '/run/containerd/containerd.sock', '--namespace', 'k8s.io', 'images', 'import'];

/** In a process of its own, for one that blocks (a test's) shall not stop the connections of the programs it started. */
async function forward(namespace: readonly string[], from: string, to: string): Promise<AsyncDisposable & { readonly address: string }> {
  const [program, ...args] = [...namespace, execPath, join(import.meta.dirname, 'forward.ts'), from, to] as const;
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
  const closed = once(child, 'close');
  const [address] = await Promise.race([
    once(createInterface(child.stdout), 'line'),
    closed.then(() => Promise.reject(new Error(`${to} cannot be forwarded`))),
  ]);
  return {
    address: String(address),
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await closed;
    },
  };
}

/** The kubelet leaves the groups of its pods behind, which are empty when the cluster has ended. */
async function removeControlGroups(name: string): Promise<void> {
  const root = '/sys/fs/cgroup';
  const hierarchies = (await readdir(root)).map((hierarchy) => join(root, hierarchy, name));
  for (const top of [join(root, name), ...hierarchies]) await runCommand(removal(top));
}

/** rmdir(2) is the one way to remove a control group, innermost first. */
const removal = (top: string): Launch => ({
  command: ['sh', '-c', 'test ! -d "$1" || find "$1" -depth -type d -exec rmdir {} +', 'sh', top],
  env: {},
});
