import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release } from 'node:os';
import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { systemClock } from '../../crds/clock.ts';
import type { SecretObject } from '../../operator/credential/observed-sources.ts';
import { ApiClient } from '../../operator/kube/api-client.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { requireCluster } from '../cluster/require-cluster.ts';
import { readCredentialJson } from '../support/cluster-objects.ts';
import { sumOf } from './metric-samples.ts';
import { createLoad, load, nameOf, namespaceOf, secretPath, secretValue } from './operator-load.ts';
import { BenchedOperator } from './operator-process.ts';

const changes = 200;
const namespace = 'tokenward';
const crd = join(import.meta.dirname, '../../crds/tokenward.dev_oauth2credentials.yaml');

export interface OperatorBench {
  readonly nodeFlags: readonly string[];
  readonly say: (line: string) => unknown;
  readonly signal: AbortSignal;
}

/** Requests and reconciles so far. Nobody else asks for credentials, Secrets and events while the operator is at work, except where said. */
interface Work {
  readonly requests: Readonly<Record<Verb, number>>;
  readonly reconciles: number;
}
const verbs = ['GET', 'LIST', 'WATCH', 'POST', 'APPLY', 'PATCH', 'PUT', 'DELETE'] as const;
type Verb = (typeof verbs)[number];

/** The operator with many credentials, at a real API server. Resolves to a table and where it was measured. */
export async function benchOperator({ nodeFlags, say, signal }: OperatorBench): Promise<string> {
  const provider = requireCluster({ nodes: false, purpose: "for the operator's figures" });
  if (provider === undefined) return 'Left out: operator (no API server can be started here)';
  useAllCores();
  await using cluster = await provider.start();
  const access = new KubeConfig();
  access.loadFromFile(cluster.kubeconfig);
  const api = new ApiClient(access, { clock: systemClock, userAgent: 'tokenward-bench' });
  using cleanup = new DisposableStack();
  cleanup.defer(() => api.close());
  await cluster.kubectl(['apply', '--filename', crd]);
  await cluster.kubectl(['wait', '--for', 'condition=Established', 'crd/oauth2credentials.tokenward.dev', '--timeout', '30s']);
  await cluster.kubectl(['create', 'namespace', namespace]);

  say('operator: creating the objects');
  const creatingMs = performance.now();
  const objects = await createLoad(api, signal);
  const createdInSeconds = (performance.now() - creatingMs) / 1000;
  say(`operator: ${objects} objects in ${createdInSeconds.toFixed(0)} s`);

  const start = await workOf(cluster, '');
  await using operator = new BenchedOperator(cluster.kubeconfig, namespace, nodeFlags);
  const readyInSeconds = await untilReady(operator, signal);
  say(`operator: all are Ready after ${readyInSeconds.toFixed(1)} s`);
  const ready = await workOf(cluster, await operator.metrics());
  const memory = operator.residentMegabytes;

  const { latencies, writes } = await changeSecrets(api, signal);
  await quiet(operator, signal);
  const changed = await workOf(cluster, await operator.metrics());
  // And the one for the watch's version. Watches are counted when they end.
  const ownRequests = changes + 1;
  const after = operator.residentMegabytes;

  const first = difference(ready, start);
  const later = difference(changed, ready);
  const perReconcile = (requests: number, reconciles: number): string => (requests / reconciles).toFixed(2);
  return [
    '| the operator | figure |',
    '| --- | ---: |',
    `| start to all ${count(load.credentials)} Ready and nothing left to do, s | ${readyInSeconds.toFixed(1)} |`,
    `| resident MB, all Ready | ${memory.now.toFixed(0)} |`,
    `| resident MB, the most until then | ${memory.peak.toFixed(0)} |`,
    `| resident MB, after ${changes} changes | ${after.now.toFixed(0)} |`,
    `| a Secret's change to its rendering, ms p50 | ${quantile(latencies, 0.5)} |`,
    `| a Secret's change to its rendering, ms p99 | ${quantile(latencies, 0.99)} |`,
    `| of which the change's own write, ms p50 | ${quantile(writes, 0.5)} |`,
    `| of which the change's own write, ms p99 | ${quantile(writes, 0.99)} |`,
    `| requests per credential until Ready | ${perReconcile(total(first), load.credentials)} (${shares(first)}) |`,
    `| reconciles per credential until Ready | ${perReconcile(first.reconciles, load.credentials)} |`,
    `| requests per reconcile until Ready | ${perReconcile(total(first), first.reconciles)} |`,
    `| requests per change | ${perReconcile(total(later) - ownRequests, changes)} |`,
    `| reconciles per change | ${perReconcile(later.reconciles, changes)} |`,
    `| requests per reconcile, changes | ${perReconcile(total(later) - ownRequests, later.reconciles)} |`,
    '',
    `${count(load.credentials)} credentials in ${load.credentials / load.perNamespace} namespaces, ${count(load.credentials * load.labelled)} labelled Secrets, two for each, beside ${count(load.unlabelled)} unlabelled ones; created in ${createdInSeconds.toFixed(0)} s.`,
    `Machine: ${cpus()[0]?.model}, ${cpus().length} cores, shared by operator, API server, etcd and the benchmark; Linux ${release()}; load average ${loadAverage()}.`,
    `Kubernetes ${await versionOf(cluster)}; ${['Node', process.versions.node, ...nodeFlags].join(' ')}.`,
  ].join('\n');
}

/** The proxies' load was kept to one core; what is started from here on would inherit that. */
function useAllCores(): void {
  try {
    execFileSync('taskset', ['-a', '-c', '-p', `0-${cpus().length - 1}`, String(process.pid)], { stdio: 'ignore' });
  } catch {
    // Then it was not kept to one either.
  }
}

/** Rejects when the operator has done nothing for long, and not all are Ready. */
async function untilReady(operator: BenchedOperator, signal: AbortSignal): Promise<number> {
  const everyMs = 200;
  const patience = 60_000 / everyMs;
  let [before, unchanged] = [-1, 0];
  const isReady = async (): Promise<boolean> => {
    const metrics = await operator.metrics();
    const ready = sumOf(metrics, 'tokenward_operator_credentials', { reason: 'Ready' });
    const reconciles = sumOf(metrics, 'tokenward_operator_reconciles_total');
    unchanged = reconciles === before ? unchanged + 1 : 0;
    before = reconciles;
    if (unchanged > patience) throw new Error(`only ${ready} of ${load.credentials} credentials became Ready`);
    return ready === load.credentials && isIdle(metrics);
  };
  await until(isReady, everyMs, signal);
  return (performance.now() - operator.startedMs) / 1000;
}

const isIdle = (metrics: string): boolean => sumOf(metrics, 'tokenward_operator_queue_depth') === 0;

/** What a change causes beyond the rendering (its own echo) is counted too. */
async function quiet(operator: BenchedOperator, signal: AbortSignal): Promise<void> {
  let before = -1;
  const isQuiet = async (): Promise<boolean> => {
    const metrics = await operator.metrics();
    const reconciles = sumOf(metrics, 'tokenward_operator_reconciles_total');
    const same = reconciles === before && isIdle(metrics);
    before = reconciles;
    return same;
  };
  await until(isQuiet, 1000, signal);
}

async function until(isTrue: () => Promise<boolean>, everyMs: number, signal: AbortSignal): Promise<void> {
  while (!(await isTrue())) {
    signal.throwIfAborted();
    await new Promise((resolve) => {
      setTimeout(resolve, everyMs);
    });
  }
}

/** One after the other: from sending the change until a watch shows the rendering with it, and until the change is answered. */
async function changeSecrets(api: ApiClient, signal: AbortSignal): Promise<{ latencies: number[]; writes: number[] }> {
  const ending = new AbortController();
  const query = { labelSelector: 'tokenward.dev/rendering=true', resourceVersion: await newestVersion(api) };
  const either = AbortSignal.any([signal, ending.signal]);
  const renderings = api.watch<SecretObject>({ path: '/api/v1/secrets', query, silenceMs: 60_000, signal: either });
  const [latencies, writes]: [number[], number[]] = [[], []];
  try {
    for (let change = 0; change < changes; change += 1) {
      const index = (change * 7919) % load.credentials;
      const value = secretValue(index, 2 + change);
      const sentMs = performance.now();
      const written = api
        .request({
          method: 'PATCH',
          path: secretPath(index),
          body: { stringData: { 'client-secret': value } },
          contentType: 'application/merge-patch+json',
          signal,
        })
        .then(() => writes.push(performance.now() - sentMs));
      const [shownMs] = await Promise.all([shows(renderings, index, value), written]);
      latencies.push(shownMs - sentMs);
    }
  } finally {
    ending.abort();
  }
  return { latencies, writes };
}

async function newestVersion(api: ApiClient): Promise<string> {
  const path = `/api/v1/namespaces/${namespace}/secrets`;
  return (await api.request<{ metadata: { resourceVersion: string } }>({ method: 'GET', path, query: { limit: 1 } })).metadata
    .resourceVersion;
}

async function shows(renderings: AsyncIterator<{ object: SecretObject }>, index: number, value: string): Promise<number> {
  for (;;) {
    const next = await renderings.next();
    if (next.done === true) throw new Error('the watch of the renderings ended');
    const shownMs = performance.now();
    const { object } = next.value;
    if (object.metadata.namespace !== namespaceOf(index) || object.metadata.name !== `tokenward-${nameOf(index)}`) continue;
    const client = readCredentialJson(object)?.['client'] as { secret?: string } | undefined;
    if (client?.secret === value) return shownMs;
  }
}

async function workOf(cluster: Cluster, metrics: string): Promise<Work> {
  const text = await cluster.kubectl(['get', '--raw', '/metrics']);
  const resource = /^(secrets|oauth2credentials|events)$/;
  const requests = verbs.map((verb): [Verb, number] => [verb, sumOf(text, 'apiserver_request_total', { verb, resource })]);
  return {
    requests: Object.fromEntries(requests) as Record<Verb, number>,
    reconciles: sumOf(metrics, 'tokenward_operator_reconciles_total'),
  };
}

function difference(later: Work, earlier: Work): Work {
  const requests = verbs.map((verb): [Verb, number] => [verb, later.requests[verb] - earlier.requests[verb]]);
  return { requests: Object.fromEntries(requests) as Record<Verb, number>, reconciles: later.reconciles - earlier.reconciles };
}

const total = ({ requests }: Work): number => verbs.reduce((sum, verb) => sum + requests[verb], 0);
const shares = ({ requests }: Work): string =>
  verbs
    .filter((verb) => requests[verb] > 0)
    .map((verb) => `${verb} ${count(requests[verb])}`)
    .join(', ');
const count = (number: number): string => number.toLocaleString('en');
const loadAverage = (): string => loadavg()[0]?.toFixed(1) ?? '';

function quantile(values: readonly number[], share: number): string {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN).toFixed(1);
}

async function versionOf(cluster: Cluster): Promise<string> {
  return (JSON.parse(await cluster.kubectl(['get', '--raw', '/version'])) as { gitVersion: string }).gitVersion;
}
