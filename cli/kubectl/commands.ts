import { ApiClient } from '../../operator/kube/api-client.ts';
import { exitCode } from '../cli-context.ts';
import { serveDashboard } from '../dashboard/serve-dashboard.ts';
import { type AccessOptions, type ClusterAccess, openAccess } from './cluster-access.ts';
import { ClusterReader, isStatus, tellReadError } from './cluster-reader.ts';
import { clusterSource } from './cluster-source.ts';
import { doctor } from './doctor.ts';
import { formatJson } from './format-json.ts';
import type { KubectlContext } from './kubectl-context.ts';
import { formatList, type Output } from './list.ts';
import { podStreams, type PodStreams } from './pod-streams.ts';
import { readOverview } from './read-overview.ts';
import { formatStatus } from './status.ts';

export interface ListOptions extends AccessOptions {
  readonly allNamespaces?: true;
  readonly selector?: string;
  readonly output?: Output;
}

export interface StatusOptions extends AccessOptions {
  readonly output?: 'json';
}

export interface DoctorOptions extends AccessOptions {
  readonly path?: string;
  readonly method?: string;
  readonly json?: true;
  readonly probe: boolean;
}

export interface DashboardOptions extends AccessOptions {
  readonly allNamespaces?: true;
  readonly open?: true;
}

interface OpenCluster extends ClusterAccess {
  readonly reader: ClusterReader;
  readonly streams: PodStreams;
}

/** Each look asks every sidecar by way of the API server. */
const freshMs = 5000;

/** `kubectl tokenward list` */
export function list(options: ListOptions, context: KubectlContext): Promise<number> {
  return withCluster(options, context, async ({ context: place, namespace, ...cluster }) => {
    const scope = options.allNamespaces ? undefined : namespace;
    const request = { place, scope, labelSelector: options.selector, inDepth: false };
    const overview = await readOverview(request, { ...cluster, clock: context.clock });
    for (const gap of overview.gaps) context.printError(`warning: ${gap}`);
    if (overview.credentials.length === 0 && options.output !== 'json') {
      context.printError(`No credentials found${scope === undefined ? '' : ` in the namespace ${scope}`}.`);
    } else for (const line of formatList(overview, options.output, scope === undefined)) context.print(line);
    return exitCode.fine;
  });
}

/** `kubectl tokenward status NAME` */
export function status(name: string, options: StatusOptions, context: KubectlContext): Promise<number> {
  return withCluster(options, context, async ({ context: place, namespace, ...cluster }) => {
    const overview = await readOverview({ place, scope: namespace, name, inDepth: true }, { ...cluster, clock: context.clock });
    for (const gap of overview.gaps) context.printError(`warning: ${gap}`);
    for (const credential of overview.credentials) {
      if (options.output === 'json') context.print(formatJson({ takenAtMs: overview.takenAtMs, gaps: overview.gaps, ...credential }));
      else for (const line of formatStatus(overview, credential)) context.print(line);
    }
    return exitCode.fine;
  });
}

/** `kubectl tokenward doctor POD ALIAS` */
export function examine(pod: string, alias: string, options: DoctorOptions, context: KubectlContext): Promise<number> {
  return withCluster(options, context, ({ namespace, ...cluster }) => {
    const { path, method, probe, json = false } = options;
    return doctor({ namespace, pod: pod.replace(/^pods?\//, ''), alias, path, method, probe, json }, cluster, context);
  });
}

/** `kubectl tokenward dashboard` */
export function dashboard(options: DashboardOptions, context: KubectlContext): Promise<number> {
  return withCluster(options, context, async ({ context: name, namespace, reader, streams }) => {
    const { clock, version, print, untilStopped, openBrowser } = context;
    const scope = options.allNamespaces ? undefined : namespace;
    const place = `context ${name}, ${scope === undefined ? 'all namespaces' : `namespace ${scope}`}`;
    const served = await serveDashboard(clusterSource({ place, scope, reader, streams, clock }), { clock, version, freshMs });
    print(`Dashboard of ${place}: ${served.url}`);
    print('Whoever has this URL sees what you may see in the cluster; Ctrl-C ends it.');
    if (options.open) openBrowser(served.url);
    await untilStopped();
    await served.close();
    return exitCode.fine;
  });
}

/** Runs a command against the cluster that the flags name; what goes wrong with that is said, and the exit code is 1. */
async function withCluster(
  options: AccessOptions,
  { clock, version, printError }: KubectlContext,
  command: (cluster: OpenCluster) => Promise<number>,
): Promise<number> {
  const access = openAccess(options);
  if (typeof access === 'string') {
    printError(`error: ${access}`);
    return exitCode.problem;
  }
  const api = new ApiClient(access.kubeConfig, { clock, userAgent: `kubectl-tokenward/${version}` });
  try {
    return await command({ ...access, reader: new ClusterReader(api), streams: podStreams(access.kubeConfig, clock) });
  } catch (error) {
    if (!(error instanceof Error) || (error.name !== 'ApiError' && error.name !== 'ConnectionError')) throw error;
    printError(`error: ${isStatus(error, 404) ? tellMissing(error) : tellReadError(error)}`);
    return exitCode.problem;
  } finally {
    api.close();
  }
}

/** The same status for an object and for a whole resource that is not there. */
function tellMissing(error: Error): string {
  return error.message.includes('"')
    ? `${error.message}: kubectl tokenward list -A shows the credentials that there are`
    : 'this cluster knows no OAuth2Credentials: Tokenward is not installed in it';
}
