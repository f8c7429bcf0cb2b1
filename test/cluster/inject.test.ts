import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { injectSidecar } from '../../operator/inject/inject-sidecar.ts';
import type { Container, Pod } from '../../operator/inject/pod.ts';
import { reviewPod, type PodReview } from '../../operator/inject/review-pod.ts';
import { assertionVolume, containerName, credentialsVolume, noTokenVolume, podAnnotations } from '../../operator/naming.ts';
import { arbitraryPod, injectionSettings, podWith } from '../support/pod.ts';
import { AdmissionStage } from './admission-stage.ts';
import { requireCluster } from './require-cluster.ts';

const provider = requireCluster({ nodes: false, purpose: 'to have an API server ask the injector' });

describe.skipIf(provider === undefined)('the injector, asked by a real API server', () => {
  let stage: AdmissionStage;
  const create = (pod: Pod, namespace?: string): Promise<Pod> => stage.create(pod, namespace);

  beforeAll(async () => {
    if (provider === undefined) return;
    stage = new AdmissionStage(await provider.start());
    await stage.cluster.kubectl(['create', 'namespace', 'restricted']);
    await stage.cluster.kubectl(['label', 'namespace', 'restricted', 'pod-security.kubernetes.io/enforce=restricted']);
    await stage.makeSecret();
    await stage.startWebhook({ name: 'tokenward', review: (body) => reviewPod(body, injectionSettings) });
  });

  afterAll(() => stage?.[Symbol.asyncDispose]());

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
      const review = (body: unknown): PodReview => {
        const { request } = body as { request: { uid: string; object: Pod } };
        const damage = damages[request.object.metadata?.annotations?.['example.org/damage'] ?? ''] ?? [];
        const patch = Buffer.from(JSON.stringify(damage)).toString('base64');
        const response = { uid: request.uid, allowed: true, patchType: 'JSONPatch', patch } as const;
        const answer = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response } as const;
        return { ok: true, outcome: 'injected', namespace: undefined, reason: undefined, answer };
      };
      await stage.startWebhook({ name: 'zealous', review });
    });

    test.each(Object.keys(damages))('that %s, the pod has its native sidecar, first and with its mounts', async (damage) => {
      const granted = { [podAnnotations.assertionAudience]: 'api://elsewhere', [podAnnotations.assertionHosts]: 'login.example' };
      const created = await create(podWith({}, { 'example.org/damage': damage, ...granted }));
      expect(created.spec.initContainers?.[0]).toMatchObject({
        name: containerName,
        restartPolicy: 'Always',
        image: damage.includes('mirror') ? mirror : injectionSettings.image,
        volumeMounts: [{ name: credentialsVolume }, { name: noTokenVolume }, { name: assertionVolume }],
      });
      expect(injectSidecar(created, injectionSettings)).toMatchObject({ outcome: 'untouched' });
    });
  });
});

const namesOf = (containers: readonly Container[] = []): readonly string[] => containers.map(({ name }) => name);
