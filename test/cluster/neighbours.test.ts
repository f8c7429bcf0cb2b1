import { isDeepStrictEqual as equals } from 'node:util';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Container, Pod } from '../../operator/inject/pod.ts';
import type { PodReview } from '../../operator/inject/review-pod.ts';
import {
  apiTokenPath,
  assertionPath,
  assertionVolume,
  containerName,
  credentialsPath,
  credentialsVolume,
  noTokenVolume,
  podAnnotations,
} from '../../operator/naming.ts';
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

/** Those of our container that are of one volume, each with this added. */
const ourMount = (volume: string, change: object): Damage =>
  ours((container) => ({
    ...container,
    volumeMounts: container.volumeMounts?.map((mount) => (mount.name === volume ? { ...mount, ...change } : mount)),
  }));

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
  'removes all init containers and volumes': ({ containers, serviceAccountName }: Spec) => ({ containers, serviceAccountName }),
  'strips the mounts': ours(without('volumeMounts')),
  'turns the order round': initContainers((all) => all.toReversed()),
  'puts ours last': initContainers((all) => [...all.filter((container) => !isOurs(container)), ...all.filter(isOurs)]),
  'adds a sidecar of its own first': initContainers((all) => [agent, ...all.filter(({ name }) => name !== agent.name)]),
  'mounts our credentials as a sub path': ourMount(credentialsVolume, { subPath: 'lms.json' }),
  'mounts our credentials elsewhere': ourMount(credentialsVolume, { mountPath: '/credentials' }),
  'mounts our token as a sub path': ourMount(assertionVolume, { subPath: 'token' }),
  'has our token be for the API server': (spec: Spec) => ({
    ...spec,
    volumes: spec.volumes?.map((volume) =>
      volume.name === assertionVolume
        ? { name: volume.name, projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }
        : volume,
    ),
  }),
  'makes our Secrets mandatory': (spec: Spec) => ({
    ...spec,
    volumes: spec.volumes?.map((volume) =>
      volume.name === credentialsVolume ? { name: volume.name, secret: { secretName: 'tokenward-lms' } } : volume,
    ),
  }),
  'takes every image from a mirror': (spec: Spec) => ({
    ...spec,
    containers: spec.containers.map(mirrored),
    initContainers: (spec.initContainers ?? []).map(mirrored),
  }),
} satisfies Record<string, Damage>;
type DamageName = keyof typeof damages;
const names = Object.keys(damages) as DamageName[];
/** Where all that the app needs still runs as it must. */
const harmless: ReadonlySet<DamageName> = new Set<DamageName>(['adds a sidecar of its own first', 'takes every image from a mirror']);

/** What no reinvocation can mend, for it is not ours to change. */
const breaches = {
  "moves the pod to the node's network": (spec: Spec) => ({ ...spec, hostNetwork: true }),
  'mounts every volume into every container': (spec: Spec) => ({
    ...spec,
    containers: spec.containers.map((container) => ({
      ...container,
      volumeMounts: spec.volumes?.map(({ name }) => ({ name, mountPath: `/all/${name}` })),
    })),
  }),
} satisfies Record<string, Damage>;
type BreachName = keyof typeof breaches;
type Deed = DamageName | BreachName;
const deeds = { ...damages, ...breaches };
const isDeed = (name: string): name is Deed => Object.hasOwn(deeds, name);

const annotation = (neighbour: string): string => `example.org/${neighbour}`;
const audience = 'api://elsewhere';
const podFor = (asked: Readonly<Record<string, readonly Deed[]>>): Pod => ({
  ...annotatedPod,
  // As the admission plugin that is off here would have it.
  spec: { ...annotatedPod.spec, serviceAccountName: 'default' },
  metadata: {
    name: 'app',
    annotations: {
      ...annotatedPod.metadata?.annotations,
      [podAnnotations.assertionAudience]: audience,
      [podAnnotations.assertionHosts]: 'login.example',
      ...Object.fromEntries(Object.entries(asked).map(([neighbour, list]) => [annotation(neighbour), list.join(',')])),
    },
  },
});

function reviewAs(neighbour: string) {
  return (body: unknown): PodReview => {
    const { request } = body as { request: { uid: string; object: Pod } };
    const asked = (request.object.metadata?.annotations?.[annotation(neighbour)] ?? '').split(',').filter(isDeed);
    const value = asked.reduce((spec, name) => deeds[name](spec), request.object.spec);
    const patch = asked.length === 0 ? [] : [{ op: 'replace', path: '/spec', value }];
    const encoded = Buffer.from(JSON.stringify(patch)).toString('base64');
    const response = { uid: request.uid, allowed: true, patchType: 'JSONPatch', patch: encoded } as const;
    const answer = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview', response } as const;
    return { ok: true, outcome: 'injected', namespace: undefined, reason: undefined, answer };
  };
}

/** A namespace where Pod Security does not speak first. */
const lenient = 'default';

const sidecarsOf = ({ spec }: Pod): readonly Container[] => (spec.initContainers ?? []).filter(isOurs);
const mountOf = (container: Container, volume: string) => container.volumeMounts?.find(({ name }) => name === volume);

/** Created with all that makes the sidecar start before the app, go on beside it and have something to read; or refused with the reason. */
function outcomeOf(answer: Pod | string): 'whole' | 'refused' | { readonly wrong: Pod | string } {
  if (typeof answer === 'string') return refusal.test(answer) ? 'refused' : { wrong: answer };
  const { initContainers: inits = [], containers, volumes, hostNetwork } = answer.spec;
  const [sidecar, second] = sidecarsOf(answer);
  if (sidecar?.restartPolicy !== 'Always' || second !== undefined || hostNetwork === true) return { wrong: answer };
  const migrate = inits.findIndex(({ name }) => name === 'migrate');
  const isWhole =
    (migrate === -1 || inits.indexOf(sidecar) < migrate) &&
    equals(mountOf(sidecar, credentialsVolume), { name: credentialsVolume, mountPath: credentialsPath, readOnly: true }) &&
    equals(mountOf(sidecar, noTokenVolume), { name: noTokenVolume, mountPath: apiTokenPath, readOnly: true }) &&
    volumes?.some(({ name, projected }) => name === credentialsVolume && isOptional(projected)) === true &&
    hasItsToken(answer, sidecar) &&
    ![...inits, ...containers].some((container) => !isOurs(container) && secretVolumes.some((volume) => mountOf(container, volume)));
  return isWhole ? 'whole' : { wrong: answer };
}
const secretVolumes = [credentialsVolume, assertionVolume];
/** Where its author grants one. */
function hasItsToken({ metadata, spec }: Pod, sidecar: Container): boolean {
  if (metadata?.annotations?.[podAnnotations.assertionAudience] === undefined) return true;
  const source = { serviceAccountToken: { audience, expirationSeconds: 3600, path: 'token' } };
  return (
    equals(mountOf(sidecar, assertionVolume), { name: assertionVolume, mountPath: assertionPath, readOnly: true }) &&
    spec.volumes?.some(
      ({ name, projected }) => name === assertionVolume && equals(projected, { defaultMode: 0o444, sources: [source] }),
    ) === true
  );
}
const isOptional = (projected: unknown): boolean =>
  (projected as { sources: { secret: { optional?: boolean } }[] } | undefined)?.sources.every(({ secret }) => secret.optional) === true;

/** Ours, or the API server's own about a member that only native sidecars may have, or about a mount whose volume was taken away. */
const refusal = new RegExp(
  [
    'asks for a sidecar.*Exclude pods',
    'lacks restartPolicy: Always.*exclude pods',
    'lacks its volumes.*Exclude pods',
    'volumes of the sidecar.*Exclude pods',
    'volume tokenward-assertion does not hold.*Exclude pods',
    String.raw`starts before it \((migrate|agent).*exclude pods`,
    String.raw`credentials are mounted in another container \(app\).*Exclude pods`,
    String.raw`node's network \(hostNetwork\).*(Exclude pods|remove hostNetwork)`,
    'container app mounts the volume tokenward-(credentials|assertion).*remove the mount',
    'Forbidden: may not be set for init containers without restartPolicy=Always',
    String.raw`volumeMounts\[\d\]\.name: Not found: "tokenward-`,
  ].join('|'),
);

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

  test.each(Object.keys(breaches) as BreachName[])('one that %s is refused, whenever it is asked', async (breach) => {
    for (const neighbour of ['zealous', 'zombie'])
      expect(outcomeOf(await stage.create(podFor({ [neighbour]: [breach] }), lenient))).toBe('refused');
  });

  test('one that insists on a place before us for its own container has it: only what may call the sidecar must wait for it', async () => {
    const created = await stage.create(podFor({ zombie: ['adds a sidecar of its own first'] }));
    expect(created).toMatchObject({ spec: { initContainers: [{ name: 'agent' }, { name: containerName }, { name: 'migrate' }] } });
  });

  test('one that takes every image from a mirror has its way', async () => {
    const image = 'mirror.example/app:1';
    const created = await stage.create(podFor({ zealous: ['takes every image from a mirror'] }));
    expect(created).toMatchObject({
      spec: { containers: [{ image }], initContainers: [{ image: expect.stringMatching(/^mirror\.example\/.*sidecar/) }, { image }] },
    });
  });

  test('whatever several of them do together, a pod that is created has its whole sidecar, and any other is refused with the reason', async () => {
    const some = fc.uniqueArray(fc.constantFrom(...names, ...(Object.keys(breaches) as BreachName[])), { maxLength: 3 });
    const counts = { whole: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(fc.record({ early: some, zealous: some, zombie: some }), async (asked) => {
        const outcome = outcomeOf(await stage.create(podFor(asked), lenient));
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
