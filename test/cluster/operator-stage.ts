import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { pathToFileURL } from 'node:url';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { vi } from 'vitest';
import { systemClock } from '../../crds/clock.ts';
import type { Pod } from '../../operator/inject/pod.ts';
import { ApiClient } from '../../operator/kube/api-client.ts';
import { ApiError } from '../../operator/kube/api-error.ts';
import { podAnnotations } from '../../operator/naming.ts';
import { freePort } from '../support/free-port.ts';
import { OperatorProcess } from '../support/start-operator-process.ts';
import { ChartStage, namespace, root, type Manifest } from './chart-stage.ts';
import type { Cluster } from './cluster.ts';
import { untilEstablished } from './until-established.ts';

type Access = 'get' | 'set' | 'merge' | 'remove';

const clockPreload = pathToFileURL(join(root, 'test/support/clock-preload.ts')).href;

const securityContext = {
  runAsNonRoot: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

/** Fit for restricted Pod Security. */
export const plainPod: Pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'app' },
  spec: {
    containers: [{ name: 'app', image: 'app:1', securityContext }],
    initContainers: [{ name: 'migrate', image: 'app:1', securityContext }],
  },
};
export const annotatedPod: Pod = { ...plainPod, metadata: { name: 'app', annotations: { [podAnnotations.inject]: 'lms' } } };

/**
 * A real API server with what the chart puts there, and operators from the sources as processes, to be ended at will. One of them at a time
 * may serve the webhook, at which the Service leads out of the cluster to this machine.
 */
export class OperatorStage implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly api: ApiClient;
  readonly #webhookPort: number;
  readonly #folder: string;
  readonly #cleanup = new AsyncDisposableStack();

  private constructor(cluster: Cluster, webhookPort: number, folder: string) {
    this.cluster = this.#cleanup.use(cluster);
    this.#webhookPort = webhookPort;
    this.#folder = folder;
    const access = new KubeConfig();
    access.loadFromFile(cluster.kubeconfig);
    this.api = new ApiClient(access, { clock: systemClock, userAgent: 'test' });
    this.#cleanup.defer(() => this.api.close());
    this.#cleanup.defer(() => rm(folder, { recursive: true }));
  }

  static async start(cluster: Cluster): Promise<OperatorStage> {
    const stage = new OperatorStage(cluster, await freePort(), await mkdtemp(join(tmpdir(), 'tokenward-stage-')));
    const chart = new ChartStage(cluster);
    await chart.prepare();
    const manifests = await chart.template<Manifest & { webhooks?: object[]; data?: Record<string, string> }>();
    const settings = manifests.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name.endsWith('-settings'));
    await writeFile(join(stage.#folder, 'settings.json'), settings?.data?.['settings.json'] ?? '');
    const kinds = new Set(['Secret', 'Lease', 'ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding']);
    await chart.apply([
      ...manifests.filter(({ kind }) => kinds.has(kind)),
      ...manifests.filter(({ kind }) => kind === 'MutatingWebhookConfiguration').map((manifest) => stage.#atOurPort(manifest)),
      // The certificates are for the Service's name; only the address is this machine's.
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'tokenward', namespace },
        spec: { type: 'ExternalName', externalName: 'localhost' },
      },
    ]);
    await cluster.kubectl(['apply', '--server-side', '--filename', join(root, 'crds/tokenward.dev_oauth2credentials.yaml')]);
    await untilEstablished(cluster);
    return stage;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanup.disposeAsync();
  }

  #atOurPort(manifest: Manifest & { webhooks?: object[] }): object {
    const service = { name: 'tokenward', namespace, path: '/inject', port: this.#webhookPort };
    return { ...manifest, webhooks: manifest.webhooks?.map((webhook) => ({ ...webhook, clientConfig: { service } })) };
  }

  /** Resolves when it listens. With `wallAheadMs` its wall clock is so far off, and its clocks can be moved. */
  async startOperator(
    instance: string,
    { webhook, wallAheadMs }: { webhook: boolean; wallAheadMs?: number | undefined },
  ): Promise<OperatorProcess> {
    const own = ['--namespace', namespace, '--instance', instance, '--health-port', '0', '--health-host', '127.0.0.1'];
    const lease = ['--lease-name', 'tokenward'];
    const serving = ['--settings', join(this.#folder, 'settings.json'), '--webhook-port', String(this.#webhookPort)];
    const where = ['--webhook-host', '127.0.0.1', '--webhook-linger-seconds', '0', '--webhook-service', 'tokenward'];
    const kept = ['--certificate-secret', 'tokenward-webhook-certificate', '--webhook-configuration', `${namespace}-tokenward`];
    const args = [...own, ...lease, ...(webhook ? [...serving, ...where, ...kept] : [])];
    const clocks = wallAheadMs === undefined ? [] : ['--import', `${clockPreload}?wallMs=${wallAheadMs}`];
    const child = spawn(execPath, [...clocks, join(root, 'operator/main.ts'), ...args], {
      stdio: ['ignore', 'pipe', 'pipe', ...(wallAheadMs === undefined ? [] : ['ipc' as const])],
      env: { KUBECONFIG: this.cluster.kubeconfig },
    });
    const operator = new OperatorProcess(child, await mkdtemp(join(tmpdir(), 'tokenward-operator-')));
    const { health } = await operator.logged(({ msg }) => msg === 'Listening');
    operator.healthUrl = `http://127.0.0.1:${String(health)}`;
    return operator;
  }

  /** What the API server would make of a new pod, or its complaint. */
  create(pod: Pod, where = 'hr'): Promise<Pod | string> {
    const query = { dryRun: 'All', fieldValidation: 'Strict' };
    const path = `/api/v1/namespaces/${where}/pods`;
    return this.api
      .request<Pod>({ method: 'POST', path, query, body: pod })
      .catch((error: unknown) => (error instanceof ApiError ? error.message : String(error)));
  }

  async admits(pod: Pod): Promise<void> {
    let said: Pod | string = '';
    const isAdmitted = async (): Promise<boolean> => typeof (said = await this.create(pod)) !== 'string';
    await vi.waitUntil(isAdmitted, { timeout: 30_000, interval: 100 }).catch(() => {
      throw new Error(`the pod is not admitted: ${JSON.stringify(said)}`);
    });
  }

  /** One object, however often it takes while the API server comes and goes. Resolves to undefined if there is none. */
  async surely<T>(access: Access, path: string, body?: object): Promise<T | undefined> {
    for (;;) {
      try {
        return await this.api.request<T>({ method: methods[access], path, ...(body && { body }), ...bodies[access] });
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return undefined;
        if (error instanceof ApiError && error.status < 500 && ![409, 429].includes(error.status)) throw error;
        await new Promise((resolve) => {
          systemClock.after(100, () => resolve(undefined));
        });
      }
    }
  }
}

const methods = { get: 'GET', set: 'PATCH', merge: 'PATCH', remove: 'DELETE' } as const;
const bodies = {
  get: {},
  remove: {},
  set: { contentType: 'application/apply-patch+yaml', query: { fieldManager: 'test', force: true } },
  merge: { contentType: 'application/merge-patch+json' },
} as const;
