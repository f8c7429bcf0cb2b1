import { isIPv4 } from 'node:net';

/** What is known before a cluster with nodes is chosen. */
export interface Surroundings {
  /** TOKENWARD_CLUSTER: `kubeconfig`, `kind` or `built-here`; empty: the first of them that is at hand. */
  readonly wanted: string;
  /** Of what KUBECONFIG names; a string says why that cannot be used; undefined: it names nothing. */
  readonly given: GivenContext | string | undefined;
  /** TOKENWARD_LOAD_IMAGE: the command that gives the given cluster the images of an archive, or empty. */
  readonly loadImage: string;
  readonly hasKind: () => boolean;
}

/** The current context. */
export interface GivenContext {
  readonly name: string;
  /** A URL. */
  readonly server: string;
  /** Whether it is reached through a proxy, or under another name than its own, as at the near end of a tunnel. */
  readonly isIndirect: boolean;
}

export type ClusterChoice =
  | { readonly provider: 'kubeconfig'; readonly description: string; readonly loadImage: string }
  /** `remark`: why it is not the one that KUBECONFIG names. */
  | { readonly provider: 'kind' | 'built-here'; readonly remark: string | undefined }
  | { readonly provider: 'none'; readonly reason: string };

/**
 * Which cluster suites run in. They install, break and delete things: a KUBECONFIG that is there for daily work is no consent to that, so
 * of itself only a cluster on this machine is chosen.
 */
export function chooseCluster({ wanted, given, loadImage, hasKind }: Surroundings): ClusterChoice {
  if (!['', 'kubeconfig', 'kind', 'built-here'].includes(wanted))
    return { provider: 'none', reason: `TOKENWARD_CLUSTER is ${wanted}, which is none of kubeconfig, kind and built-here` };
  if (wanted === 'kind' || wanted === 'built-here') return { provider: wanted, remark: undefined };
  const isAsked = wanted === 'kubeconfig';
  const otherwise = (why: string): ClusterChoice => {
    if (isAsked) return { provider: 'none', reason: `TOKENWARD_CLUSTER asks for what KUBECONFIG names, but ${why}` };
    return { provider: hasKind() ? 'kind' : 'built-here', remark: `what KUBECONFIG names is left alone: ${why}` };
  };
  if (given === undefined) {
    return isAsked ? otherwise('that is not set') : { provider: hasKind() ? 'kind' : 'built-here', remark: undefined };
  }
  if (typeof given === 'string') return otherwise(given);
  const { name, server, isIndirect } = given;
  const host = hostOf(server);
  if (!isAsked && (isIndirect || !isLoopback(server))) {
    const where = isIndirect ? `${host}, behind a proxy or a tunnel` : `${host}, which is not this machine's loopback`;
    return otherwise(
      `its context ${name} is at ${where}; TOKENWARD_CLUSTER=kubeconfig runs the suites there, which install and delete things`,
    );
  }
  const command = loadImage === '' ? customaryCommand(name) : loadImage;
  if (command === undefined)
    return otherwise(
      `it is not known how the cluster of ${name} gets images; TOKENWARD_LOAD_IMAGE="…" is the command before an archive's name`,
    );
  return { provider: 'kubeconfig', description: `the one that KUBECONFIG names, context ${name} at ${host}`, loadImage: command };
}

function hostOf(server: string): string {
  return URL.canParse(server) ? new URL(server).host : server;
}

/** `kubectl proxy` is not: it speaks plain HTTP on loopback, for an API server anywhere. */
function isLoopback(server: string): boolean {
  if (!URL.canParse(server)) return false;
  const { protocol, hostname } = new URL(server);
  // k3d writes 0.0.0.0, which is this machine to whoever connects to it.
  const isHere = ['localhost', '[::1]', '0.0.0.0'].includes(hostname) || (isIPv4(hostname) && hostname.startsWith('127.'));
  return protocol === 'https:' && isHere;
}

/** Of clusters whose contexts have the names that their makers give them. */
function customaryCommand(context: string): string | undefined {
  const [, maker, name] = /^(kind|k3d)-([\w.-]+)$/.exec(context) ?? [];
  if (maker === 'kind') return `kind load image-archive --name ${name}`;
  if (maker === 'k3d') return `k3d image import --cluster ${name}`;
  return context === 'minikube' ? 'minikube image load' : undefined;
}
