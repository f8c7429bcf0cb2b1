import { spawnSync } from 'node:child_process';
import { getuid, platform, stderr } from 'node:process';
import { skip, requireTool } from '../support/require-tool.ts';
import { startBuiltHereCluster } from './built-here-cluster.ts';
import { chooseCluster } from './choose-cluster.ts';
import type { ClusterProvider } from './cluster.ts';
import { readGivenContext, useGivenCluster } from './given-cluster.ts';
import { startKindCluster } from './kind-cluster.ts';

export interface ClusterNeeds {
  /** Whether pods must run; otherwise an API server is enough, and is always one of our own. */
  readonly nodes: boolean;
  /** Completes the sentence: "… is needed". */
  readonly purpose: string;
}

/**
 * How this machine comes by a cluster, or undefined where it cannot: the suite is then to be skipped, which is said here, as is the choice.
 * {@link chooseCluster} makes it.
 */
export function requireCluster({ nodes, purpose }: ClusterNeeds): ClusterProvider | undefined {
  // oxlint-disable-next-line node/no-process-env -- which cluster to use is the machine's to say
  const environment = process.env;
  const say = (line: string): unknown => stderr.write(`cluster ${purpose}: ${line}\n`);
  const offer = (description: string, start: ClusterProvider['start']): ClusterProvider => {
    say(description);
    return { description, start };
  };
  const builtHere = (extent: string): ClusterProvider | undefined =>
    canBuildHere(nodes, purpose) ? offer(`built here, ${extent}`, () => startBuiltHereCluster({ nodes, environment })) : undefined;
  if (!nodes) return builtHere('etcd and the API server alone');

  const { KUBECONFIG = '', TOKENWARD_CLUSTER: wanted = '', TOKENWARD_LOAD_IMAGE: loadImage = '' } = environment;
  const given = KUBECONFIG === '' ? undefined : readGivenContext(environment);
  const choice = chooseCluster({ wanted, given, loadImage, hasKind });
  if (choice.provider === 'none') return skip(`${choice.reason}: a cluster is needed ${purpose}`);
  if (choice.provider === 'kubeconfig') {
    const options = { environment: { ...environment, KUBECONFIG }, loadImage: choice.loadImage };
    return offer(choice.description, () => useGivenCluster(options));
  }
  if (choice.remark !== undefined) say(choice.remark);
  if (choice.provider === 'kind') return offer('kind, in Docker', () => startKindCluster(environment));
  return builtHere('one node, in namespaces of its own');
}

const succeeds = (command: string, ...args: string[]): boolean => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

const hasKind = (): boolean =>
  succeeds('docker', 'info') && succeeds('kind', 'version') && succeeds('kubectl', 'version', '--client') && succeeds('helm', 'version');

function canBuildHere(nodes: boolean, purpose: string): boolean {
  const tools = nodes
    ? ['go', 'flock', 'setpriv', 'unshare', 'nsenter', 'mount', 'ip', 'nft', 'gcc', 'pkg-config']
    : ['go', 'flock', 'setpriv'];
  const found = tools.map((tool) => requireTool(tool, purpose));
  if (found.includes(undefined)) return false;
  if (platform !== 'linux') return lack(`a cluster can be built on Linux alone, not on ${platform}: it is needed ${purpose}`);
  if (!nodes) return true;
  if (getuid?.() !== 0) return lack(`a node needs root, for its namespaces and control groups: it is needed ${purpose}`);
  if (!succeeds('pkg-config', '--exists', 'libseccomp'))
    return lack(`the headers of libseccomp (Debian: libseccomp-dev) are missing: runc is needed ${purpose}`);
  return true;
}

function lack(missing: string): false {
  skip(missing);
  return false;
}
