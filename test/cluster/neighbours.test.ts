import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Container, Pod } from '../../operator/inject/pod.ts';
import type { PodReview } from '../../operator/inject/review-pod.ts';
import { containerName, credentialsVolume, noTokenVolume } from '../../operator/naming.ts';
import type { OperatorProcess } from '../support/start-operator-process.ts';
import { AdmissionStage } from './admission-stage.ts';
import { annotatedPod, OperatorStage, plainPod } from './operator-stage.ts';
import { requireCluster } from './require-cluster.ts';

const provider = requireCluster({ nodes: false, purpose: "to have other people's webhooks beside ours" });

type Spec = Pod['spec'];
type Damage = (spec: Spec) => Spec;

const isOurs = ({ name }: Container): boolean => name === containerName;
const initContainers = (change: (containers: readonly Container[]) => readonly Container[]): Damage => {
  return (spec) => ({ ...spec, initContainers: [...change(spec.initContainers ?? [])] });
};
const ours = (change: (container: Container) => Container): Damage =>
  initContainers((all) => all.map((container) => (isOurs(container) ? change(container) : container)));
const without =
  (...members: string[]) =>
  (container: Container): Container =>
    Object.fromEntries(Object.entries(container).filter(([member]) => !members.includes(member))) as unknown as Container;

const agent = { ...(plainPod.spec.containers[0] ?? { name: '' }), name: 'agent', image: 'agent:1' };
const mirrored = (container: Container): Container => ({
  ...container,
  image: `mirror.example/${String(container['image']).replace(/^mirror.example\//, '')}`,
});

/** What neighbours do to a pod, each time that they are asked. */
const damages = {
  'strips restartPolicy and the probes': ours(without('restartPolicy', 'startupProbe', 'livenessProbe', 'readinessProbe')),
  'strips restartPolicy': ours(without('restartPolicy')),
  'removes our container': initContainers((all) => all.filter((container) => !isOurs(container))),
  'removes all init containers and volumes': ({ containers }: Spec) => ({ containers }),
  'strips the mounts': ours(without('volumeMounts')),
  'turns the order round': initContainers((all) => all.toReversed()),
  'puts ours last': initContainers((all) => [...all.filter((container) => !isOurs(container)), ...all.filter(isOurs)]),
  'adds a sidecar of its own first': initContainers((all) => [agent, ...all.filter(({ name }) => name !== agent.name)]),
  'takes every image from a mirror': (spec: Spec) => ({
    ...spec,
    containers: spec.containers.map(mirrored),
    initContainers: (spec.initContainers ?? []).map(mirrored),
  }),
} satisfies Record<string, Damage>;
type DamageName = keyof typeof damages;
const names = Object.keys(damages) as DamageName[];
/** Where the sidecar still runs as it must, if not in its place. */
const harmless: ReadonlySet<DamageName> = new Set<DamageName>([
  'turns the order round',
  'puts ours last',
  'adds a sidecar of its own first',
  'takes every image from a mirror',
]);

const annotation = (neighbour: string): string => `example.org/${neighbour}`;
const podFor = (asked: Readonly<Record<string, readonly DamageName[]>>): Pod => ({
  ...annotatedPod,
  metadata: {
    name: 'app',
    annotations: {
      ...annotatedPod.metadata?.annotations,
      ...Object.fromEntries(Object.entries(asked).map(([neighbour, list]) => [annotation(neighbour), list.join(',')])),
    },
  },
});

function reviewAs(neighbour: string) {
  return (body: unknown): PodReview => {
    const { request } = body as { request: { uid: string; object: Pod } };
    const asked = (request.object.metadata?.annotations?.[annotation(neighbour)] ?? '').split(',').filter((name) => name !== '');
    const value = asked.reduce((spec, name) => damages[name as DamageName](spec), request.object.spec);
    const patch = asked.length === 0 ? [] : [{ op: 'replace', path: '/spec', value }];
    const encoded = Buffer.from(JSON.stringify(patch)).toString('base64');
    const response = { uid: request.uid, allowed: true, patchType: 'JSONPatch', patch: encoded } as const;
    const answer = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response } as const;
    return { ok: true, outcome: 'injected', namespace: undefined, reason: undefined, answer };
  };
}

const sidecarsOf = ({ spec }: Pod): readonly Container[] => (spec.initContainers ?? []).filter(isOurs);
const hasMount = (container: Container, volume: string): boolean =>
  ((container['volumeMounts'] ?? []) as readonly { name: string }[]).some(({ name }) => name === volume);

/** Created with all that makes the sidecar start before the app, go on beside it and have something to read; or refused with the reason. */
function outcomeOf(answer: Pod | string): 'whole' | 'refused' | { readonly wrong: Pod | string } {
  if (typeof answer === 'string') return refusal.test(answer) ? 'refused' : { wrong: answer };
  const [sidecar, second] = sidecarsOf(answer);
  const isWhole =
    sidecar?.restartPolicy === 'Always' && hasMount(sidecar, credentialsVolume) && hasMount(sidecar, noTokenVolume) && second === undefined;
  return isWhole ? 'whole' : { wrong: answer };
}
/** Ours, or the API server's own about a member that only native sidecars may have. */
const refusal =
  /asks for a sidecar.*Exclude pods|lacks (restartPolicy: Always|its volumes).*xclude pods|Forbidden: may not be set for init containers without restartPolicy=Always/;

describe.skipIf(provider === undefined)('beside other admission webhooks', () => {
  let stage: OperatorStage;
  let neighbours: AdmissionStage;
  let operator: OperatorProcess;

  beforeAll(async () => {
    if (provider === undefined) return;
    const cluster = await provider.start();
    stage = await OperatorStage.start(cluster);
    operator = await stage.startOperator('neighbours', { webhook: true });
    await stage.admits(annotatedPod);
    neighbours = new AdmissionStage(cluster);
    await neighbours.makeSecret();
    // In the order in which the API server asks: by name, ours among them.
    await neighbours.startWebhook({ name: 'early', review: reviewAs('early'), reinvocationPolicy: 'IfNeeded' });
    await neighbours.startWebhook({ name: 'zealous', review: reviewAs('zealous'), reinvocationPolicy: 'Never' });
    await neighbours.startWebhook({ name: 'zombie', review: reviewAs('zombie'), reinvocationPolicy: 'IfNeeded' });
  });

  afterAll(async () => {
    await operator?.stop();
    await neighbours?.[Symbol.asyncDispose]();
    await stage?.[Symbol.asyncDispose]();
  });

  test.each(names)('one that %s once, or before us however often, is mended', async (damage) => {
    for (const neighbour of ['zealous', 'early']) {
      const created = await stage.create(podFor({ [neighbour]: [damage] }));
      expect(outcomeOf(created)).toBe('whole');
      // First, so that the pod's own init containers can call the proxy.
      expect(created).toMatchObject({
        spec: { initContainers: expect.toSatisfy(([first]: Container[]) => first?.name === containerName) },
      });
    }
  });

  test.each(names)('one that %s and does so again leaves the sidecar whole, or is refused and told the way out', async (damage) => {
    expect(outcomeOf(await stage.create(podFor({ zombie: [damage] })))).toBe(harmless.has(damage) ? 'whole' : 'refused');
  });

  test('one that takes every image from a mirror has its way', async () => {
    const image = 'mirror.example/app:1';
    const created = await stage.create(podFor({ zealous: ['takes every image from a mirror'] }));
    expect(created).toMatchObject({
      spec: { containers: [{ image }], initContainers: [{ image: expect.stringMatching(/^mirror\.example\/.*sidecar/) }, { image }] },
    });
  });

  test('whatever several of them do together, a pod that is created has its whole sidecar, and any other is refused with the reason', async () => {
    const some = fc.uniqueArray(fc.constantFrom(...names), { maxLength: 3 });
    const counts = { whole: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(fc.record({ early: some, zealous: some, zombie: some }), async (asked) => {
        const outcome = outcomeOf(await stage.create(podFor(asked)));
        expect(['whole', 'refused']).toContainEqual(outcome);
        counts[outcome as keyof typeof counts] += 1;
      }),
      { numRuns: 120 },
    );
    // Each often enough to mean something.
    expect(Math.min(counts.refused, counts.whole)).toBeGreaterThan(5);
  });

  test('a pod that asks for no sidecar is none of our business, whatever is done to it', async () => {
    const { metadata: _, ...rest } = podFor({});
    const annotations = { [annotation('zombie')]: 'removes all init containers and volumes' };
    const created = await stage.create({ ...rest, metadata: { name: 'app', annotations } });
    expect(created).toMatchObject({ spec: { containers: [{ name: 'app' }] } });
    expect(created).not.toHaveProperty('spec.initContainers');
  });

  describe('that are policies of the API server', () => {
    const first = '/spec/initContainers/0';
    const isThere = "has(object.spec.initContainers) && object.spec.initContainers[0].name == 'tokenward'";
    const remove = (...members: string[]): string =>
      members.map((member) => `JSONPatch{op: 'remove', path: '${first}${member}'}`).join(', ');
    const policies = {
      'strips restartPolicy and the probes': remove('/restartPolicy', '/startupProbe', '/livenessProbe'),
      'removes our container': remove(''),
      'takes our image from a mirror': `JSONPatch{op: 'replace', path: '${first}/image', value: 'mirror.example/sidecar'}`,
    } as const;

    beforeAll(async () => {
      if (provider === undefined) return;
      for (const [index, [name, patch]] of Object.entries(policies).entries()) {
        const metadata = { name: `neighbour-${index}` };
        const asked = { name: 'asked', expression: `object.metadata.?annotations['${annotation('policy')}'].orValue('') == '${name}'` };
        const rule = { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] };
        const expression = `${isThere} ? [${patch}] : []`;
        const spec = {
          failurePolicy: 'Fail',
          reinvocationPolicy: 'IfNeeded',
          matchConstraints: { resourceRules: [rule] },
          matchConditions: [asked],
          mutations: [{ patchType: 'JSONPatch', jsonPatch: { expression } }],
        };
        const group = '/apis/admissionregistration.k8s.io/v1';
        const apiVersion = 'admissionregistration.k8s.io/v1';
        const policy = { apiVersion, kind: 'MutatingAdmissionPolicy', metadata, spec };
        const binding = { apiVersion, kind: 'MutatingAdmissionPolicyBinding', metadata, spec: { policyName: metadata.name } };
        await stage.api.request({ method: 'POST', path: `${group}/mutatingadmissionpolicies`, body: policy });
        await stage.api.request({ method: 'POST', path: `${group}/mutatingadmissionpolicybindings`, body: binding });
      }
      // The mirror's trace is the one that remains to be seen.
      const isInForce = async (): Promise<boolean> => {
        const created = await stage.create(asking('takes our image from a mirror'));
        return typeof created !== 'string' && sidecarsOf(created)[0]?.['image'] === 'mirror.example/sidecar';
      };
      await vi.waitUntil(isInForce, { timeout: 30_000, interval: 200 });
    });

    const asking = (name: keyof typeof policies): Pod => ({
      ...annotatedPod,
      metadata: { name: 'app', annotations: { ...annotatedPod.metadata?.annotations, [annotation('policy')]: name } },
    });

    test.each(Object.keys(policies) as (keyof typeof policies)[])('one that %s, whenever it is asked, is mended', async (name) => {
      const created = await stage.create(asking(name));
      expect(outcomeOf(created)).toBe('whole');
    });
  });
});
