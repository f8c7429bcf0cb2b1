import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { Cluster } from './cluster.ts';
import { untilEstablished } from './until-established.ts';

export const root = join(import.meta.dirname, '../..');
export const chart = join(root, 'charts/tokenward');

/** The release's own, in these suites. */
export const namespace = 'tokenward-system';

export interface Manifest {
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
}

/** The chart in front of an API server. */
export class ChartStage {
  readonly #cluster: Cluster;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /** The namespaces, with restricted Pod Security, and the definitions of what is not Kubernetes' own. */
  async prepare(): Promise<void> {
    const restricted = { 'pod-security.kubernetes.io/enforce': 'restricted' };
    const namespaces = [namespace, 'hr', 'iot'].map((name) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: restricted },
    }));
    await this.apply([...namespaces, ...foreignDefinitions.map(([group, plural, kind]) => definition(group, plural, kind))]);
    await untilEstablished(this.#cluster);
  }

  /** Runs helm on the chart; `command` ends where the chart is to be named. */
  helm(command: string, values: readonly string[] = [], folder = chart): Promise<string> {
    const set = values.flatMap((value) => ['--set', value]);
    return this.#cluster.helm([...command.split(' '), folder, '--namespace', namespace, ...set]);
  }

  async template<T extends Manifest = Manifest>(...values: readonly string[]): Promise<readonly T[]> {
    const text = await this.helm('template tokenward --include-crds', values);
    return parseAllDocuments(text).flatMap((document) => (document.toJS() as T | null) ?? []);
  }

  /** The one manifest of a kind. */
  async templateOf<T extends Manifest>(kind: string, ...values: readonly string[]): Promise<T> {
    const found = (await this.template<T>(...values)).filter((manifest) => manifest.kind === kind);
    const [manifest] = found;
    if (manifest === undefined || found.length > 1) throw new Error(`there are ${found.length} of ${kind}`);
    return manifest;
  }

  /** By server-side apply, as Helm 4 does it. Resolves to a line for each. */
  async apply(items: readonly object[], ...options: readonly string[]): Promise<readonly string[]> {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items });
    return (await this.#cluster.kubectl(['apply', '--server-side', ...options, '--filename', '-'], { input })).trim().split('\n');
  }

  /** The names of all objects of any kind, in all namespaces, that bear a label. */
  async labelled(label: string): Promise<readonly string[]> {
    const kinds = (await this.#cluster.kubectl(['api-resources', '--verbs', 'list', '--output', 'name'])).trim().split('\n');
    const found = await this.#cluster.kubectl(['get', kinds.join(','), '--all-namespaces', '--selector', label, '--output', 'name']);
    return found.split('\n').filter((name) => name !== '');
  }
}

/** What cert-manager and the Prometheus operator define: any fields at all, so only their names are held here. */
const foreignDefinitions = [
  ['cert-manager.io', 'certificates', 'Certificate'],
  ['cert-manager.io', 'issuers', 'Issuer'],
  ['monitoring.coreos.com', 'servicemonitors', 'ServiceMonitor'],
  ['monitoring.coreos.com', 'podmonitors', 'PodMonitor'],
  ['monitoring.coreos.com', 'prometheusrules', 'PrometheusRule'],
] as const;

const definition = (group: string, plural: string, kind: string): object => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.${group}` },
  spec: {
    group,
    names: { kind, plural },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
});
