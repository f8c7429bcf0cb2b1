import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import * as fc from 'fast-check';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../operator/clock.ts';
import { injectSidecar } from '../../operator/inject/inject-sidecar.ts';
import type { Container, Pod } from '../../operator/inject/pod.ts';
import { reviewPod, type PodReview } from '../../operator/inject/review-pod.ts';
import { ApiClient } from '../../operator/kube/api-client.ts';
import { containerName, credentialsVolume, noTokenVolume } from '../../operator/naming.ts';
import { CertificateKeeper } from '../../operator/webhook/certificate-keeper.ts';
import { injectPath, WebhookServer } from '../../operator/webhook/webhook-server.ts';
import { arbitraryPod, injectionSettings, podWith } from '../support/pod.ts';
import type { Cluster } from './cluster.ts';
import { requireCluster } from './require-cluster.ts';

const provider = requireCluster({ nodes: false, purpose: 'to have an API server ask the injector' });
const log = pino({ level: 'warn' });
const secret = 'webhook-certificate';

describe.skipIf(provider === undefined)('the injector, asked by a real API server', () => {
  const cleanup = new AsyncDisposableStack();
  let cluster: Cluster;
  let api: ApiClient;

  beforeAll(async () => {
    if (provider === undefined) return;
    cluster = cleanup.use(await provider.start());
    const access = new KubeConfig();
    access.loadFromFile(cluster.kubeconfig);
    api = new ApiClient(access, { clock: systemClock, userAgent: 'test' });
    cleanup.defer(() => api.close());
    await cluster.kubectl(['create', 'secret', 'generic', secret]);
    await cluster.kubectl(['create', 'namespace', 'restricted']);
    await cluster.kubectl(['label', 'namespace', 'restricted', 'pod-security.kubernetes.io/enforce=restricted']);
    await startWebhook('tokenward', (body) => reviewPod(body, injectionSettings));
  });

  afterAll(() => cleanup.disposeAsync());

  /** In the order of their names; each with the certificates that an operator makes. */
  async function startWebhook(name: string, review: (body: unknown) => PodReview): Promise<void> {
    let reviews = 0;
    const server = new WebhookServer({ review, clock: systemClock, log, onReview: () => (reviews += 1) });
    const port = await server.listen(0);
    cleanup.defer(() => server.close());
    const configuration = {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata: { name },
      webhooks: [
        {
          name: `${name}.example.org`,
          admissionReviewVersions: ['v1'],
          clientConfig: { url: `https://localhost:${port}${injectPath}` },
          rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
          failurePolicy: 'Fail',
          reinvocationPolicy: name === 'tokenward' ? 'IfNeeded' : 'Never',
          sideEffects: 'None',
          timeoutSeconds: 5,
        },
      ],
    };
    await cluster.kubectl(['create', '--filename', '-'], { input: JSON.stringify(configuration) });
    const keeper = new CertificateKeeper({
      api,
      namespace: 'default',
      secretName: secret,
      webhookConfiguration: name,
      dnsNames: ['localhost'],
      clock: systemClock,
      random: Math.random,
      log,
      onCertificate: (certificate) => server.useCertificate(certificate),
    });
    keeper.start();
    cleanup.defer(() => keeper.stop());
    // It takes a moment until the API server goes by a new configuration, and by its caBundle.
    let said = '';
    const isAsked = async (): Promise<boolean> => {
      said = await create(podWith()).then(() => 'created', String);
      return reviews > 0 && said === 'created';
    };
    await vi.waitUntil(isAsked, { timeout: 20_000, interval: 100 }).catch(() => {
      throw new Error(`${name} does not answer the API server: ${said}`);
    });
  }

  const create = (pod: Pod, namespace = 'default'): Promise<Pod> =>
    api.request<Pod>({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/pods`,
      query: { dryRun: 'All', fieldValidation: 'Strict' },
      body: pod,
    });

  const sidecarOf = (pod: Pod): Container | undefined => pod.spec.initContainers?.find(({ name }) => name === containerName);

  test('every pod that could be created without a sidecar can be created with one, and is not given another', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraryPod, async (pod) => {
        const created = await create(pod);
        expect(sidecarOf(created)).toMatchObject({ restartPolicy: 'Always', image: injectionSettings.image });
        const others = created.spec.initContainers?.filter(({ name }) => name !== containerName);
        expect(namesOf(others)).toEqual(namesOf(pod.spec.initContainers));
        expect(namesOf(created.spec.containers)).toEqual(namesOf(pod.spec.containers));
        expect(injectSidecar(created, injectionSettings)).toMatchObject({ outcome: 'untouched' });
      }),
      { numRuns: 60 },
    );
  });

  test('a pod that may run where Pod Security is restricted still may', async () => {
    const securityContext = {
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    };
    const pod = podWith({ containers: [{ name: 'app', image: 'app:1', securityContext }] });
    expect(sidecarOf(await create(pod, 'restricted'))).toMatchObject({ name: containerName });
    await expect(create(podWith(), 'restricted')).rejects.toThrow(/container "app" must set/);
  });

  test('who asks for what cannot be is told so', async () => {
    const message =
      /denied the request: no sidecar for this pod, .*: the pod uses the node's network .*: remove hostNetwork, or the annotation/;
    await expect(create(podWith({ hostNetwork: true }))).rejects.toThrow(message);
  });

  test('a pod that asks for no sidecar gets none', async () => {
    const created = await create({ ...podWith(), metadata: { name: 'app' } });
    expect(created.spec.initContainers).toBeUndefined();
    expect(created.metadata?.annotations).toBeUndefined();
  });

  describe('with another webhook after it', () => {
    const ours = '/spec/initContainers/0';
    const mirror = 'mirror.example/tokenward-sidecar:1';
    const injector = { name: 'agent', image: 'agent:1' };
    const damages: Readonly<Record<string, readonly object[]>> = {
      'takes restartPolicy and probes away': ['restartPolicy', 'startupProbe', 'livenessProbe'].map((member) => ({
        op: 'remove',
        path: `${ours}/${member}`,
      })),
      'removes the sidecar': [{ op: 'remove', path: ours }],
      'removes the sidecar with its volumes': [
        { op: 'remove', path: ours },
        { op: 'remove', path: '/spec/volumes' },
      ],
      'takes the mounts away': [{ op: 'remove', path: `${ours}/volumeMounts` }],
      'puts a container of its own first': [{ op: 'add', path: ours, value: injector }],
      'puts the sidecar last': [
        { op: 'add', path: ours, value: injector },
        { op: 'move', from: ours, path: '/spec/initContainers/1' },
      ],
      'takes the image from a mirror': [{ op: 'replace', path: `${ours}/image`, value: mirror }],
    };

    beforeAll(async () => {
      if (provider === undefined) return;
      await startWebhook('zealous', (body) => {
        const { request } = body as { request: { uid: string; object: Pod } };
        const damage = damages[request.object.metadata?.annotations?.['example.org/damage'] ?? ''] ?? [];
        const patch = Buffer.from(JSON.stringify(damage)).toString('base64');
        const response = { uid: request.uid, allowed: true, patchType: 'JSONPatch', patch } as const;
        const answer = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response } as const;
        return { ok: true, outcome: 'injected', namespace: undefined, reason: undefined, answer };
      });
    });

    test.each(Object.keys(damages))('that %s, the pod has its native sidecar, first and with its mounts', async (damage) => {
      const created = await create(podWith({}, { 'example.org/damage': damage }));
      expect(created.spec.initContainers?.[0]).toMatchObject({
        name: containerName,
        restartPolicy: 'Always',
        image: damage.includes('mirror') ? mirror : injectionSettings.image,
        volumeMounts: [{ name: credentialsVolume }, { name: noTokenVolume }],
      });
      expect(injectSidecar(created, injectionSettings)).toMatchObject({ outcome: 'untouched' });
    });
  });
});

const namesOf = (containers: readonly Container[] = []): readonly string[] => containers.map(({ name }) => name);
