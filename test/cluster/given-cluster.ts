import { spawnSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { stderr } from 'node:process';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { systemClock } from '../../crds/clock.ts';
import { ApiClient } from '../../operator/kube/api-client.ts';
import { LeaderElection } from '../../operator/kube/leader-election.ts';
import type { GivenContext } from './choose-cluster.ts';
import type { Cluster, CommandOptions, Launch } from './cluster.ts';
import { runCommand } from './run-command.ts';

export interface GivenClusterOptions {
  readonly environment: NodeJS.ProcessEnv & { readonly KUBECONFIG: string };
  /** The command that gives the cluster the images of the archive whose name follows it. */
  readonly loadImage: string;
}

/** What suites make that is nobody's but theirs: a cluster that has any of it is not theirs to use. */
const ofSuites = [
  ...['boot-test', 'demo', 'hr', 'limited', 'tokenward-system'].map((name) => `namespace/${name}`),
  'customresourcedefinition.apiextensions.k8s.io/oauth2credentials.tokenward.dev',
];
const release = ['tokenward', '--namespace', 'tokenward-system'];

/**
 * The cluster that KUBECONFIG names, through the kubectl and helm on the PATH. It is left running, without what suites have put there. One
 * suite at a time has it, whichever process or machine it is on.
 */
export async function useGivenCluster({ environment, loadImage }: GivenClusterOptions): Promise<Cluster> {
  const launch = (program: string, ...args: readonly string[]): Launch => ({ command: [program, ...args], env: environment });
  const run = (program: string) => (args: readonly string[], options?: CommandOptions) => runCommand(launch(program, ...args), options);
  const [kubectl, helm] = [run('kubectl'), run('helm')];
  await using cleanup = new AsyncDisposableStack();
  cleanup.use(await takeTurn(await kubectl(['config', 'view', '--minify', '--flatten', '--raw'])));
  const there = (await kubectl(['get', ...ofSuites, '--ignore-not-found', '--output', 'name'])).trim();
  if (there !== '') {
    const removal = `helm uninstall ${release.join(' ')} --ignore-not-found; kubectl delete ${there.replaceAll('\n', ' ')}`;
    throw new Error(
      `the cluster that KUBECONFIG names has what suites make for themselves. Unless it is of use to anyone, remove it: ${removal} (or start with \`make cluster BARE=1\`)`,
    );
  }
  cleanup.defer(async () => {
    await helm(['uninstall', ...release, '--ignore-not-found', '--wait', '--timeout', '2m']);
    await kubectl(['delete', ...ofSuites, '--ignore-not-found', '--timeout', '3m']);
  });
  const whole = cleanup.move();
  const stop = () => whole.disposeAsync();
  return {
    kubeconfig: environment.KUBECONFIG,
    kubectl,
    helm,
    loadImage: async (archive) => void (await runCommand(launch('sh', '-c', `${loadImage} "$1"`, 'sh', archive))),
    inside: ([program = '', ...args]) => launch(program, ...args),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** The current context of what KUBECONFIG names, or why there is none to use. */
export function readGivenContext(environment: NodeJS.ProcessEnv): GivenContext | string {
  const {
    status,
    stdout,
    stderr: complaint,
    error,
  } = spawnSync('kubectl', ['config', 'view', '--minify', '--output', 'json'], {
    env: environment,
    encoding: 'utf8',
  });
  if (error !== undefined) return 'there is no kubectl on the PATH';
  if (status !== 0) return `kubectl says of it: ${complaint.trim()}`;
  const { contexts, clusters } = JSON.parse(stdout) as ConfigView;
  const { server = '', 'tls-server-name': serverName, 'proxy-url': proxy } = clusters?.[0]?.cluster ?? {};
  return { name: contexts?.[0]?.name ?? '', server, isIndirect: serverName !== undefined || proxy !== undefined };
}

interface ConfigView {
  readonly contexts: readonly { readonly name: string }[] | null;
  readonly clusters:
    | readonly { readonly cluster: { readonly server?: string; readonly 'tls-server-name'?: string; readonly 'proxy-url'?: string } }[]
    | null;
}

/** By a Lease, as leaders take theirs: whoever dies with it blocks the others for a quarter of a minute only. Resolves when it is this one's turn. */
async function takeTurn(kubeconfig: string): Promise<AsyncDisposable> {
  const access = new KubeConfig();
  access.loadFromString(kubeconfig);
  const api = new ApiClient(access, { clock: systemClock, userAgent: 'tokenward-suites' });
  const { promise: itsTurn, resolve } = Promise.withResolvers<void>();
  const election = new LeaderElection({
    api,
    namespace: 'default',
    name: 'tokenward-suites',
    identity: randomUUID(),
    clock: systemClock,
    random: Math.random,
    onChange: (leading) => {
      if (leading) resolve();
    },
    log: { warn: (fields, message) => stderr.write(`${message}: ${JSON.stringify(fields)}\n`) },
  });
  election.start();
  await itsTurn;
  return {
    async [Symbol.asyncDispose]() {
      await election.stop();
      api.close();
    },
  };
}
