import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { pino } from 'pino';
import { vi } from 'vitest';
import { systemClock, type Clock } from '../../crds/clock.ts';
import type { Pod } from '../../operator/inject/pod.ts';
import type { PodReview } from '../../operator/inject/review-pod.ts';
import { ApiClient } from '../../operator/kube/api-client.ts';
import { CertificateKeeper } from '../../operator/webhook/certificate-keeper.ts';
import { injectPath, WebhookServer, type ServingCertificate } from '../../operator/webhook/webhook-server.ts';
import { podWith } from '../support/pod.ts';
import type { Cluster } from './cluster.ts';

const log = pino({ level: 'warn' });
const secretName = 'webhook-certificate';

export interface WebhookOnStage {
  readonly name: string;
  readonly review: (body: unknown) => PodReview;
  /** Of its certificates. */
  readonly clock?: Clock;
  readonly reinvocationPolicy?: 'IfNeeded' | 'Never';
}

/** A real API server that asks webhooks in this process, each with the certificates that an operator makes. */
export class AdmissionStage implements AsyncDisposable {
  readonly cluster: Cluster;
  readonly #api: ApiClient;
  readonly #cleanup = new AsyncDisposableStack();

  constructor(cluster: Cluster) {
    this.cluster = this.#cleanup.use(cluster);
    const access = new KubeConfig();
    access.loadFromFile(cluster.kubeconfig);
    this.#api = new ApiClient(access, { clock: systemClock, userAgent: 'test' });
    this.#cleanup.defer(() => this.#api.close());
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#cleanup.disposeAsync();
  }

  /** All webhooks share one Secret, as replicas do. */
  async makeSecret(data: Readonly<Record<string, string>> = {}): Promise<void> {
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: secretName }, data };
    await this.cluster.kubectl(['create', '--filename', '-'], { input: JSON.stringify(secret) });
  }

  /** Resolves when the API server asks it: after those whose names come before its own. To the certificates that it has served, and will. */
  async startWebhook({ name, review, clock = systemClock, reinvocationPolicy }: WebhookOnStage): Promise<readonly ServingCertificate[]> {
    let reviews = 0;
    const server = new WebhookServer({ review, clock: systemClock, log, onReview: () => (reviews += 1) });
    const port = await server.listen(0);
    this.#cleanup.defer(() => server.close());
    const configuration = configure(name, `https://localhost:${port}${injectPath}`, reinvocationPolicy);
    await this.cluster.kubectl(['create', '--filename', '-'], { input: JSON.stringify(configuration) });
    const served: ServingCertificate[] = [];
    const keeper = new CertificateKeeper({
      api: this.#api,
      namespace: 'default',
      secretName,
      webhookConfiguration: name,
      dnsNames: ['localhost'],
      clock,
      random: Math.random,
      log,
      onCertificate: (certificate) => {
        if (server.useCertificate(certificate)) served.push(certificate);
      },
    });
    keeper.start();
    this.#cleanup.defer(() => keeper.stop());
    // It takes a moment until the API server goes by a new configuration, and by its caBundle.
    let said = '';
    const isAsked = async (): Promise<boolean> => {
      said = await this.create(podWith()).then(() => 'created', String);
      return reviews > 0 && said === 'created';
    };
    await vi.waitUntil(isAsked, { timeout: 20_000, interval: 100 }).catch(() => {
      throw new Error(`${name} does not answer the API server: ${said}`);
    });
    return served;
  }

  /** A dry run: to what the pod would be. Names the service account, as the admission plugin that is off here would before any webhook. */
  create(pod: Pod, namespace = 'default'): Promise<Pod> {
    return this.#api.request<Pod>({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/pods`,
      query: { dryRun: 'All', fieldValidation: 'Strict' },
      body: { ...pod, spec: { serviceAccountName: 'default', ...pod.spec } },
    });
  }
}

function configure(name: string, url: string, reinvocationPolicy = name.startsWith('tokenward') ? 'IfNeeded' : 'Never'): object {
  return {
    apiVersion: 'admissionregistration.k8s.io/v1',
    kind: 'MutatingWebhookConfiguration',
    metadata: { name },
    webhooks: [
      {
        name: `${name}.example.org`,
        admissionReviewVersions: ['v1'],
        clientConfig: { url },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        failurePolicy: 'Fail',
        reinvocationPolicy,
        sideEffects: 'None',
        timeoutSeconds: 5,
      },
    ],
  };
}
