import { KubeConfig } from '@kubernetes/client-node/dist/config.js';

export interface AccessOptions {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
}

/** The cluster, as who, and where in it: what kubectl would take with the same flags. */
export interface ClusterAccess {
  readonly kubeConfig: KubeConfig;
  readonly context: string;
  readonly namespace: string;
}

/** The access, or what is wrong with the kubeconfig. Does not speak with the cluster. */
export function openAccess({ kubeconfig, context, namespace }: AccessOptions): ClusterAccess | string {
  const kubeConfig = new KubeConfig();
  try {
    if (kubeconfig === undefined) kubeConfig.loadFromDefault();
    else kubeConfig.loadFromFile(kubeconfig);
  } catch (error) {
    // The parser's message may quote the file, which holds credentials.
    const why = error instanceof Error && 'code' in error ? String(error.code) : 'it is not what a kubeconfig should be';
    return `the kubeconfig${kubeconfig === undefined ? '' : ` ${kubeconfig}`} cannot be read (${why})`;
  }
  if (context !== undefined) {
    const known = kubeConfig.getContexts().map(({ name }) => name);
    if (!known.includes(context)) {
      return `there is no context ${context} in the kubeconfig: ${known.length === 0 ? 'it has none' : `there are ${known.join(', ')}`}`;
    }
    kubeConfig.setCurrentContext(context);
  }
  if (kubeConfig.getCurrentCluster() === null) {
    return 'the kubeconfig names no cluster: set KUBECONFIG, or choose a context with --context or kubectl config use-context NAME';
  }
  const ownNamespace = kubeConfig.getContextObject(kubeConfig.getCurrentContext())?.namespace;
  return { kubeConfig, context: kubeConfig.getCurrentContext(), namespace: namespace ?? ownNamespace ?? 'default' };
}
