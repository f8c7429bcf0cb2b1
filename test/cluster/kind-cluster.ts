import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import type { Cluster, CommandOptions, Launch } from './cluster.ts';
import { runCommand } from './run-command.ts';

/** Starts a cluster in Docker by kind. kubectl and helm are those on the PATH. */
export async function startKindCluster(environment: NodeJS.ProcessEnv): Promise<Cluster> {
  await using cleanup = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'tokenward-kind-'));
  cleanup.defer(() => rm(folder, { recursive: true }));
  const name = basename(folder).toLowerCase();
  const kubeconfig = join(folder, 'kubeconfig');
  const launch = (program: string, ...args: readonly string[]): Launch => ({
    command: [program, ...args],
    env: { ...environment, KUBECONFIG: kubeconfig },
  });
  cleanup.defer(async () => void (await runCommand(launch('kind', 'delete', 'cluster', '--name', name))));
  await runCommand(launch('kind', 'create', 'cluster', '--name', name, '--config', join(import.meta.dirname, 'kind.yaml'), '--wait', '2m'));
  const whole = cleanup.move();
  const stop = () => whole.disposeAsync();
  const run = (program: string) => (args: readonly string[], options?: CommandOptions) => runCommand(launch(program, ...args), options);
  return {
    kubeconfig,
    kubectl: run('kubectl'),
    helm: run('helm'),
    async loadImage(archive) {
      await run('kind')(['load', 'image-archive', archive, '--name', name]);
    },
    inside: ([program = '', ...args]) => launch(program, ...args),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}
