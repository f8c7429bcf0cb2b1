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
  if (isMadeUp(kubeConfig)) return 'there is no kubeconfig: set KUBECONFIG, or name one with --kubeconfig';
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
  straightenServer(kubeConfig);
  tellPlugin(kubeConfig);
  const ownNamespace = kubeConfig.getContextObject(kubeConfig.getCurrentContext())?.namespace;
  return { kubeConfig, context: kubeConfig.getCurrentContext(), namespace: namespace ?? ownNamespace ?? 'default' };
}

/** Where there is none, the library makes up a cluster on this machine, as kubectl did once. */
function isMadeUp(kubeConfig: KubeConfig): boolean {
  return kubeConfig.getCurrentContext() === 'loaded-context' && kubeConfig.getCurrentCluster()?.server === 'http://localhost:8080';
}

/** As kubectl has it: a slash at the end says nothing, and without TLS there is nothing that could be skipped of it; the library takes neither. */
function straightenServer(kubeConfig: KubeConfig): void {
  const cluster = kubeConfig.getCurrentCluster();
  if (cluster === null) return;
  const server = cluster.server.replace(/\/+$/, '');
  Object.assign(cluster, { server, ...(server.startsWith('http:') && { skipTLSVerify: true }) });
}

/** A login plugin is told what kubectl tells it; the library leaves that out. client.authentication.k8s.io/v1: ExecCredentialSpec. */
function tellPlugin(kubeConfig: KubeConfig): void {
  const exec = kubeConfig.getCurrentUser()?.exec as ExecConfig | undefined;
  if (exec === undefined || exec === null) return;
  const { server, caData, skipTLSVerify, tlsServerName, proxyUrl } = kubeConfig.getCurrentCluster() ?? {};
  const cluster = {
    server,
    'tls-server-name': tlsServerName,
    'insecure-skip-tls-verify': skipTLSVerify ? true : undefined,
    'certificate-authority-data': caData,
    'proxy-url': proxyUrl,
  };
  const spec = { interactive: false, ...(exec.provideClusterInfo === true && { cluster }) };
  const value = JSON.stringify({ kind: 'ExecCredential', apiVersion: exec.apiVersion, spec });
  exec.env = [...(exec.env ?? []), { name: 'KUBERNETES_EXEC_INFO', value }];
}

interface ExecConfig {
  readonly apiVersion?: string;
  readonly provideClusterInfo?: boolean;
  env?: readonly { readonly name: string; readonly value: string }[] | null;
}
