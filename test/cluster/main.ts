/**
 * `make cluster CMD="…" IMAGES="a.tar b.tar"`: starts a cluster, gives it our images and the OCI archives that are named, installs the chart
 * (unless it is to be bare) and runs the command, or a shell, with KUBECONFIG, kubectl and helm. When that ends so does all that was made for
 * it, and with the same status.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { constants } from 'node:os';
import { parseArgs } from 'node:util';
import type { Launch } from './cluster.ts';
import { installTokenward } from './install-tokenward.ts';
import { requireCluster } from './require-cluster.ts';

const { values, positionals } = parseArgs({
  options: { image: { type: 'string', multiple: true, default: [] }, bare: { type: 'boolean', default: false } },
  allowPositionals: true,
});

const say = (line: string): unknown => process.stderr.write(`${line}\n`);

async function main(): Promise<number> {
  const provider = requireCluster({ nodes: true, purpose: 'to try things out' });
  if (provider === undefined) return 1;
  await using cluster = await provider.start();
  for (const archive of values.image) await cluster.loadImage(archive);
  if (!values.bare) await installTokenward(cluster, say).catch((error: unknown) => say(`Tokenward is not installed: ${reason(error)}`));
  if (positionals.length > 0) return await run(cluster.inside(positionals));
  say(`
A shell in the cluster. What was made for it ends with it. To begin with:
  kubectl get pods --all-namespaces
  kubectl apply -f examples/
  kubectl get oauth2credentials`);
  return await run(cluster.inside(['bash']));
}

async function run({ command: [program, ...args], env }: Launch): Promise<number> {
  // Ctrl-C is for the command; the cluster is taken down when that has ended.
  const ignore = (): void => undefined;
  process.on('SIGINT', ignore);
  const child = spawn(program, args, { env, stdio: 'inherit' });
  const terminate = (): unknown => child.kill('SIGTERM');
  process.once('SIGTERM', terminate);
  const [code, signal]: [number | null, NodeJS.Signals | null] = await once(child, 'exit').then(([first, second]) => [first, second]);
  process.off('SIGINT', ignore);
  process.off('SIGTERM', terminate);
  return code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
}

const reason = (error: unknown): string => (error instanceof Error ? error.message : String(error));

try {
  process.exitCode = await main();
} catch (error) {
  say(reason(error));
  process.exitCode = 1;
}
