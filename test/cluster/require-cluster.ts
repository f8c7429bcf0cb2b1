import { spawnSync } from 'node:child_process';
import { getuid, platform, stderr } from 'node:process';
import { skip, requireTool } from '../support/require-tool.ts';
import { startBuiltHereCluster } from './built-here-cluster.ts';
import type { ClusterProvider } from './cluster.ts';
import { useGivenCluster } from './given-cluster.ts';
import { startKindCluster } from './kind-cluster.ts';

export interface ClusterNeeds {
  /** Whether pods must run; otherwise an API server is enough, and is always one of our own. */
  readonly nodes: boolean;
  /** Completes the sentence: "… is needed". */
  readonly purpose: string;
}

/**
 * How this machine comes by a cluster, or undefined where it cannot: the suite is then to be skipped, which is said here, as is the choice.
 * TOKENWARD_CLUSTER makes it: `kubeconfig` (the one that KUBECONFIG names), `kind` or `built-here`.
 */
export function requireCluster({ nodes, purpose }: ClusterNeeds): ClusterProvider | undefined {
  // oxlint-disable-next-line node/no-process-env -- which cluster to use is the machine's to say
  const environment = process.env;
  const { KUBECONFIG = '', TOKENWARD_CLUSTER: choice = '' } = environment;
  const choose = (description: string, start: ClusterProvider['start']): ClusterProvider => {
    stderr.write(`cluster ${purpose}: ${description}\n`);
    return { description, start };
  };
  if (nodes && choice === 'kubeconfig') {
    if (KUBECONFIG === '') return skip(`KUBECONFIG is not set, and TOKENWARD_CLUSTER asks for what it names, ${purpose}`);
    return choose(`the one that KUBECONFIG names, ${KUBECONFIG}`, () => Promise.resolve(useGivenCluster({ ...environment, KUBECONFIG })));
  }
  // A suite installs, breaks and deletes things: a KUBECONFIG that is there for daily work is no consent to that.
  if (nodes && KUBECONFIG !== '')
    stderr.write('KUBECONFIG is set and left alone: TOKENWARD_CLUSTER=kubeconfig runs the suites on that cluster\n');
  if (nodes && (choice === 'kind' || (choice === '' && hasKind()))) return choose('kind, in Docker', () => startKindCluster(environment));
  if (!canBuildHere(nodes, purpose)) return undefined;
  const extent = nodes ? 'one node, in namespaces of its own' : 'etcd and the API server alone';
  return choose(`built here, ${extent}`, () => startBuiltHereCluster({ nodes, environment }));
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
