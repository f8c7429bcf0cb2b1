import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Pod } from '../../operator/inject/pod.ts';
import { containerName, credentialsVolume, noTokenVolume, podAnnotations } from '../../operator/naming.ts';
import { admitted } from '../support/pod.ts';
import { ChartStage, namespace } from './chart-stage.ts';
import type { Cluster } from './cluster.ts';
import { requireCluster } from './require-cluster.ts';

const provider = requireCluster({ nodes: false, purpose: "to have the chart's admission policy judge pods" });

const securityContext = {
  runAsNonRoot: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};
const bare: Pod = {
  metadata: { name: 'app', annotations: { [podAnnotations.inject]: 'lms' } },
  spec: {
    containers: [{ name: 'app', image: 'app', securityContext }],
    initContainers: [{ name: 'migrate', image: 'app', securityContext }],
  },
};

/** What another webhook may have done to a pod with its sidecar. */
function spoilt(spoil: (sidecar: Record<string, unknown>) => void): Pod {
  const pod = structuredClone(admitted(bare));
  const sidecar = pod.spec.initContainers?.find(({ name }) => name === containerName);
  if (sidecar === undefined) throw new Error('the pod was not given a sidecar');
  spoil(sidecar);
  return pod;
}

const withoutVolume = (name: string): Pod =>
  spoilt((sidecar) => {
    sidecar['volumeMounts'] = (sidecar['volumeMounts'] as { name: string }[]).filter((mount) => mount.name !== name);
  });

/** With probes the API server refuses it by itself, in words that help nobody. */
const withoutRestartPolicy = spoilt((sidecar) => {
  for (const field of ['restartPolicy', 'startupProbe', 'livenessProbe']) delete sidecar[field];
});

describe.skipIf(provider === undefined)('the admission policy', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    if (provider === undefined) return;
    cluster = await provider.start();
    const stage = new ChartStage(cluster);
    await stage.prepare();
    await stage.apply((await stage.template()).filter(({ kind }) => kind.startsWith('ValidatingAdmissionPolicy')));
    // It takes a moment until the API server goes by a new policy.
    await vi.waitUntil(async () => (await create('hr', bare)).includes('has none'), { timeout: 30_000, interval: 200 });
  });

  afterAll(() => cluster?.stop());

  /** What the API server says to a new pod. */
  const create = (where: string, pod: Pod): Promise<string> =>
    cluster
      .kubectl(['create', '--dry-run=server', '--namespace', where, '--filename', '-'], {
        input: JSON.stringify({ apiVersion: 'v1', kind: 'Pod', ...pod }),
      })
      .catch(String);
  const admittedAnswer = 'pod/app created (server dry run)\n';

  test('admits a pod with its sidecar', async () => {
    expect(await create('hr', admitted(bare))).toBe(admittedAnswer);
  });

  test('has no say about a pod that asks for none, with annotations of its own or without any', async () => {
    expect(await create('hr', { ...bare, metadata: { name: 'app', annotations: { other: 'x' } } })).toBe(admittedAnswer);
    expect(await create('hr', { ...bare, metadata: { name: 'app' } })).toBe(admittedAnswer);
  });

  test("has no say in kube-system and in the operator's own namespace, where the webhook does not look either", async () => {
    for (const where of ['kube-system', namespace]) expect(await create(where, bare)).toBe(admittedAnswer);
  });

  test.each<[string, Pod, RegExp]>([
    [
      'that has no sidecar, nor any init container',
      { ...bare, spec: { containers: bare.spec.containers } },
      /asks for a sidecar.* and has none/,
    ],
    ['whose sidecar was taken out', bare, /asks for a sidecar.* and has none/],
    ['whose sidecar lost its restart policy', withoutRestartPolicy, /lacks restartPolicy: Always/],
    ['whose sidecar lost its credentials', withoutVolume(credentialsVolume), /lacks its volumes/],
    ["whose sidecar would see the pod's API token", withoutVolume(noTokenVolume), /lacks its volumes/],
  ])('refuses a pod %s, and says how to mend it', async (_name, pod, complaint) => {
    const said = await create('hr', pod);
    expect(said).toMatch(complaint);
    expect(said).toMatch(/[Ee]xclude pods with/);
  });
});
