import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Container, Pod } from '../../operator/inject/pod.ts';
import { assertionVolume, containerName, credentialsVolume, noTokenVolume, podAnnotations } from '../../operator/naming.ts';
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
    // As the admission plugin that is off here would have it.
    serviceAccountName: 'default',
    containers: [{ name: 'app', image: 'app', securityContext }],
    initContainers: [{ name: 'migrate', image: 'app', securityContext }],
  },
};

const audience = 'api://AzureADTokenExchange';
const granting: Pod = {
  ...bare,
  metadata: {
    name: 'app',
    annotations: {
      ...bare.metadata?.annotations,
      [podAnnotations.assertionAudience]: audience,
      [podAnnotations.assertionHosts]: 'login.example',
    },
  },
};

/** What another webhook may have done to a pod with its sidecar, which has a token of the service account too. */
function changed(change: (pod: Pod, sidecar: Container) => void): Pod {
  const pod = structuredClone(admitted(granting));
  const sidecar = pod.spec.initContainers?.find(({ name }) => name === containerName);
  if (sidecar === undefined) throw new Error('the pod was not given a sidecar');
  change(pod, sidecar);
  return pod;
}
const spoilt = (spoil: (sidecar: Container) => void): Pod => changed((_, sidecar) => spoil(sidecar));

const withoutVolume = (name: string): Pod =>
  spoilt((sidecar) => {
    sidecar.volumeMounts = sidecar.volumeMounts?.filter((mount) => mount.name !== name);
  });

const withMount = (volume: string, change: object): Pod =>
  spoilt((sidecar) => {
    for (const mount of sidecar.volumeMounts ?? []) if (mount.name === volume) Object.assign(mount, change);
  });

const withVolume = (name: string, source: object): Pod =>
  changed(({ spec }) => {
    spec.volumes = spec.volumes?.map((volume) => (volume.name === name ? { name, ...source } : volume));
  });

const withTokens = (...tokens: readonly object[]): Pod =>
  withVolume(assertionVolume, { projected: { sources: tokens.map((serviceAccountToken) => ({ serviceAccountToken })) } });

const readByTheApp = (volume: string): Pod =>
  changed(({ spec }) => Object.assign(spec.containers[0] ?? {}, { volumeMounts: [{ name: volume, mountPath: '/x' }] }));

const beginningWith = (name: string): Pod => changed(({ spec }) => spec.initContainers?.unshift({ name, image: 'other', securityContext }));

const sidecarLast = changed(({ spec }) => spec.initContainers?.push(...spec.initContainers.splice(0, 1)));

/** With probes the API server refuses it by itself, in words that help nobody. */
const withoutRestartPolicy = spoilt((sidecar) => {
  for (const field of ['restartPolicy', 'startupProbe', 'livenessProbe']) delete (sidecar as Record<string, unknown>)[field];
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
    expect(await create('hr', admitted(granting))).toBe(admittedAnswer);
  });

  test('admits containers of a service mesh, and any other that another webhook put there, before the sidecar', async () => {
    for (const name of ['istio-init', 'linkerd-init', 'agent']) expect(await create('hr', beginningWith(name))).toBe(admittedAnswer);
    const mesh = { name: 'istio-proxy', image: 'mesh', securityContext, env: [{ name: 'TOKENWARD_URL', value: 'http://localhost:1' }] };
    const meshed = admitted({ ...bare, spec: { ...bare.spec, initContainers: [mesh] } });
    expect(meshed.spec.initContainers?.map(({ name }) => name)).toEqual(['istio-proxy', containerName]);
    expect(await create('hr', meshed)).toBe(admittedAnswer);
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
    ['whose sidecar has its credentials elsewhere', withMount(credentialsVolume, { mountPath: '/x' }), /lacks its volumes/],
    ['whose sidecar has nothing elsewhere', withMount(noTokenVolume, { mountPath: '/x' }), /lacks its volumes/],
    ['whose sidecar has one file, which no kubelet renews', withMount(credentialsVolume, { subPath: 'lms.json' }), /have them whole/],
    ['whose sidecar has a folder by a variable', withMount(credentialsVolume, { subPathExpr: '$(HOME)' }), /have them whole/],
    ['with other credentials', withVolume(credentialsVolume, { emptyDir: {} }), /volumes of the sidecar/],
    ['without credentials', withVolume(credentialsVolume, { projected: { sources: [] } }), /volumes of the sidecar/],
    [
      'that would wait for its Secrets',
      withVolume(credentialsVolume, { projected: { sources: [{ secret: { name: 'tokenward-lms' } }] } }),
      /volumes of the sidecar.* wait for a Secret/,
    ],
    [
      'that has something where there must be nothing',
      withVolume(noTokenVolume, { projected: { sources: [{ secret: { name: 'other', optional: true } }] } }),
      /volumes of the sidecar/,
    ],
    ['whose sidecar lost the token of the service account', withoutVolume(assertionVolume), /lacks its volumes/],
    ['whose sidecar has that token elsewhere', withMount(assertionVolume, { mountPath: '/x' }), /lacks its volumes/],
    ['whose sidecar has that token alone, which no kubelet renews', withMount(assertionVolume, { subPath: 'token' }), /have them whole/],
    ['whose token is for the API server', withTokens({ path: 'token' }), /volume tokenward-assertion does not hold/],
    ['whose token is for another audience', withTokens({ path: 'token', audience: 'x' }), /volume tokenward-assertion does not hold/],
    ['whose token lies under another name', withTokens({ path: 'x', audience }), /volume tokenward-assertion does not hold/],
    ['that has a second token', withTokens({ path: 'token', audience }, { path: 'x' }), /volume tokenward-assertion does not hold/],
    ['without its token', withVolume(assertionVolume, { emptyDir: {} }), /volume tokenward-assertion does not hold/],
    ['whose init container would wait for the sidecar', sidecarLast, /starts before it \(migrate\)/],
    ['whose app could read the credentials', readByTheApp(credentialsVolume), /mounted in another container \(app\)/],
    ['whose app could read the token', readByTheApp(assertionVolume), /mounted in another container \(app\)/],
    ["that was moved to the node's network", changed(({ spec }) => Object.assign(spec, { hostNetwork: true })), /node's network/],
  ])('refuses a pod %s, and says how to mend it', async (_name, pod, complaint) => {
    // Where Pod Security does not speak first.
    const said = await create('default', pod);
    expect(said).toMatch(complaint);
    expect(said).toMatch(/[Ee]xclude pods with/);
  });
});
