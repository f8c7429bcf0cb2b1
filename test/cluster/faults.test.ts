import { stderr } from 'node:process';
import { setTimeout as pause } from 'node:timers/promises';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { conditionOf } from '../../operator/credential/conditions.ts';
import type { CredentialObject } from '../../operator/credential/credential-object.ts';
import type { SecretObject } from '../../operator/credential/observed-sources.ts';
import { readStore, writeStore } from '../../operator/webhook/certificate-store.ts';
import { decideCertificates, renewCertificates } from '../../operator/webhook/decide-certificates.ts';
import { canarySecret } from '../support/canary.ts';
import { credentialObject, readCredentialJson, secretObject } from '../support/cluster-objects.ts';
import type { OperatorProcess } from '../support/start-operator-process.ts';
import { namespace as system } from './chart-stage.ts';
import { annotatedPod, OperatorStage, plainPod } from './operator-stage.ts';
import { requireCluster } from './require-cluster.ts';

const provider = requireCluster({ nodes: false, purpose: 'to break a real API server, and the operator at random moments' });
const namespace = 'iot';
const secrets = (name = ''): string => `/api/v1/namespaces/${namespace}/secrets${name && `/${name}`}`;
const credentials = (name = ''): string => `/apis/tokenward.dev/v1alpha1/namespaces/${namespace}/oauth2credentials${name && `/${name}`}`;
const lease = `/apis/coordination.k8s.io/v1/namespaces/${system}/leases/tokenward`;

const names = Array.from({ length: 60 }, (_, index) => `c${index}`);
/** Of these there is a Secret with the rendering's name already. */
const taken = new Set(names.filter((_, index) => index % 12 === 0));

/** What a person does to a credential and its Secret. */
const edit = fc.record({
  name: fc.constantFrom(...names),
  credential: fc.constantFrom('set', 'set', 'kept', 'again', 'gone'),
  secret: fc.constantFrom('set', 'set', 'kept', 'unlabelled', 'again', 'gone'),
  afterMs: fc.integer({ min: 0, max: 6_000 }),
});
type Edit = typeof edit extends fc.Arbitrary<infer T> ? T : never;
/** For one storm, in any order. */
const allFaults = [
  ...(['operator killed', 'operator killed', 'operator killed', 'operator killed', 'operator ended'] as const),
  ...(['kube-apiserver killed', 'kube-apiserver frozen', 'etcd killed', 'etcd frozen'] as const),
];
type Fault = (typeof allFaults)[number];
const storm = fc.record({
  edits: fc.array(edit, { minLength: 250, maxLength: 300, size: 'max' }),
  faults: fc.shuffledSubarray(allFaults, { minLength: allFaults.length }),
  pausesMs: fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: allFaults.length, maxLength: allFaults.length }),
});

/** As a person wants it to be. Undefined: gone. */
interface Wanted {
  readonly scope?: string | undefined;
  readonly secret?: { readonly value: string; readonly isLabelled: boolean } | undefined;
}

describe.skipIf(provider === undefined)('when things break', () => {
  let stage: OperatorStage;
  const operators: OperatorProcess[] = [];

  const start = async (instance: string, webhook = false): Promise<OperatorProcess> => {
    const operator = await stage.startOperator(instance, { webhook });
    operators.push(operator);
    return operator;
  };
  /** Their lease is taken from them as if its time was over: the wait for that is another test's. */
  const killAll = async (): Promise<void> => {
    for (const operator of operators.splice(0)) {
      operator.signal('SIGKILL');
      await operator.exited;
      await expect(operator.stop()).rejects.toThrow('SIGKILL');
    }
    await stage.surely('merge', lease, { spec: { holderIdentity: '' } });
  };
  const stopAll = async (): Promise<void> => {
    for (const operator of operators.splice(0)) await operator.stop();
  };
  const list = async <T>(path: string): Promise<readonly T[]> => (await stage.surely<{ items: T[] }>('get', path))?.items ?? [];
  const find = async (name: string) => {
    const credential = await stage.surely<CredentialObject>('get', credentials(name));
    return { credential, rendering: await stage.surely<SecretObject>('get', secrets(`tokenward-${name}`)) };
  };
  const putCredential = (name: string, scope: string) =>
    stage.surely('set', credentials(name), credentialObject(name, { namespace, scope }));
  const putSecret = (name: string, value: string, isLabelled = true) =>
    stage.surely('set', secrets(name), secretObject(name, value, { namespace, ...(!isLabelled && { labels: {} }) }));

  beforeAll(async () => {
    if (provider === undefined) return;
    stage = await OperatorStage.start(await provider.start());
  });

  afterAll(async () => {
    await stopAll();
    await stage?.[Symbol.asyncDispose]();
  });

  async function inflict(what: Fault, instance: string): Promise<void> {
    const { controlPlane } = stage.cluster;
    if (controlPlane === undefined) throw new Error('an API server of our own can be broken');
    if (what === 'operator killed' || what === 'operator ended') {
      await (what === 'operator killed' ? killAll() : stopAll());
      await start(instance);
      return;
    }
    const program = what.startsWith('etcd') ? 'etcd' : 'kube-apiserver';
    if (what.endsWith('frozen')) {
      await controlPlane.signal(program, 'STOP');
      await pause(1_500);
      return controlPlane.signal(program, 'CONT');
    }
    await controlPlane.signal(program, 'KILL');
    await controlPlane.start(program);
    // An API server that finds no etcd when it starts ends for good.
    const isReady = () => stage.cluster.kubectl(['get', '--raw', '/readyz']).then(Boolean, () => false);
    await vi.waitUntil(isReady, { timeout: 60_000, interval: 100 });
  }

  /** There is no controller that would remove what has lost its owner. Owners are listed last: what was made meanwhile has one. */
  async function collectGarbage(): Promise<void> {
    const owned = (await list<SecretObject>(secrets())).filter(({ metadata }) => metadata.ownerReferences !== undefined);
    const alive = new Set((await list<CredentialObject>(credentials())).map(({ metadata }) => metadata.uid));
    const garbage = owned.filter(({ metadata }) => metadata.ownerReferences?.every(({ uid }) => !alive.has(uid)));
    for (const { metadata } of garbage) {
      const preconditions = { uid: metadata.uid };
      await stage.api.request({ method: 'DELETE', path: secrets(metadata.name), body: { preconditions } }).catch(() => {});
    }
  }

  async function carryOut({ name, credential, secret, afterMs }: Edit, number: number, before: Wanted): Promise<Wanted> {
    await pause(afterMs);
    let wanted = before;
    if (secret === 'gone' || secret === 'again') await stage.surely('remove', secrets(name));
    if (secret === 'gone') wanted = { ...wanted, secret: undefined };
    if (secret !== 'gone' && secret !== 'kept') {
      const value = canarySecret(`${name}-${number}`);
      await putSecret(name, value, secret !== 'unlabelled');
      wanted = { ...wanted, secret: { value, isLabelled: secret !== 'unlabelled' } };
    }
    if (credential === 'gone' || credential === 'again') await stage.surely('remove', credentials(name));
    if (credential === 'gone') wanted = { ...wanted, scope: undefined };
    if (credential !== 'gone' && credential !== 'kept') {
      await putCredential(name, `s${number}`);
      wanted = { ...wanted, scope: `s${number}` };
    }
    return wanted;
  }

  /** What is not as it should be, in words. */
  function complaints(name: string, { scope, secret }: Wanted, credential?: CredentialObject, rendering?: SecretObject): string[] {
    const isTaken = taken.has(name);
    const held = isTaken ? undefined : readCredentialJson(rendering);
    const value = (held?.['client'] as { secret?: string } | undefined)?.secret;
    if (scope === undefined) return credential === undefined && held === undefined ? [] : [`${name} is not gone`];
    const ready = conditionOf(credential?.status, 'Ready')?.reason ?? 'none';
    const said = [];
    if (credential?.status?.observedGeneration !== credential?.metadata.generation) said.push(`${name}: a generation was not observed`);
    const isGiven = secret?.isLabelled === true;
    const reasons = isTaken ? ['RenderingNameTaken'] : isGiven ? ['Ready'] : ['Invalid', 'ConsentWithdrawn'];
    if (!reasons.includes(ready)) said.push(`${name}: ${ready}, not ${reasons.join(' or ')}`);
    if (value !== (isGiven && !isTaken ? secret.value : undefined)) said.push(`${name}: not the secret that it should hold`);
    const rendered = (held?.['grant'] as { scope?: string } | undefined)?.scope;
    if (isGiven && !isTaken && rendered !== scope) said.push(`${name}: the scope is ${rendered}, not ${scope}`);
    return said;
  }

  /** Of everything that the operator may write. */
  const versions = async (): Promise<readonly string[]> =>
    [...(await list<SecretObject>(secrets())), ...(await list<CredentialObject>(credentials()))].map(
      ({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`,
    );

  test('the operator killed at any moment, the API server and etcd crashed, everything edited meanwhile: nothing is lost, nor written in vain', async () => {
    const seed = Date.now() % 2 ** 31;
    const [{ edits, faults, pausesMs } = { edits: [], faults: [], pausesMs: [] }] = fc.sample(storm, { seed, numRuns: 1 });
    stderr.write(`faults: seed ${seed}: ${faults.join(', ')}\n`);
    const foreign = new Map<string, string>();
    for (const [index, name] of [...taken].entries()) {
      const labels = [{}, { 'tokenward.dev/credential': 'true' }, { 'tokenward.dev/rendering': 'true' }][index % 3] ?? {};
      const body = secretObject(`tokenward-${name}`, canarySecret('foreign'), { namespace, labels });
      const made = await stage.surely<SecretObject>('set', secrets(`tokenward-${name}`), body);
      foreign.set(name, made?.metadata.resourceVersion ?? '');
    }

    await start('storm-0');
    const wanted = new Map<string, Wanted>();
    const over = new AbortController();
    const edited = Promise.all(
      names.map(async (name) => {
        let state: Wanted = {};
        for (const [number, each] of edits.entries()) if (each.name === name) state = await carryOut(each, number, state);
        wanted.set(name, state);
      }),
    ).finally(() => over.abort());
    const collected = (async () => {
      while (!over.signal.aborted) {
        await collectGarbage();
        await pause(500);
      }
    })();
    for (const [index, each] of faults.entries()) {
      await pause(pausesMs[index]);
      await inflict(each, `storm-${index + 1}`);
    }
    await Promise.all([edited, collected]);

    const wrong = async (): Promise<readonly string[]> => {
      await collectGarbage();
      const found = new Map((await list<SecretObject>(secrets())).map((secret) => [secret.metadata.name, secret]));
      const there = new Map((await list<CredentialObject>(credentials())).map((credential) => [credential.metadata.name, credential]));
      return names.flatMap((name) => complaints(name, wanted.get(name) ?? {}, there.get(name), found.get(`tokenward-${name}`)));
    };
    await expect.poll(wrong, { timeout: 90_000, interval: 250, message: `seed ${seed}` }).toEqual([]);
    for (const [name, version] of foreign) expect((await find(name)).rendering?.metadata.resourceVersion).toBe(version);

    // After a restart it has looked at all of it when it has served what is new.
    const before = await versions();
    await killAll();
    await start('storm-last');
    await putSecret('last', canarySecret('last'));
    await putCredential('last', 'last');
    await expect.poll(async () => conditionOf((await find('last')).credential?.status, 'Ready')?.reason, { timeout: 30_000 }).toBe('Ready');
    const after = new Set(await versions());
    expect(before.filter((version) => !after.has(version))).toEqual([]);
    await stopAll();
  });

  test.each(['deleted', 'unlabelled', 'replaced by one without the label'])(
    'a Secret that is %s takes the rendering away at once',
    async (how) => {
      await start('consent');
      await putSecret('consent', canarySecret('consent'));
      await putCredential('consent', how.slice(0, 4));
      const held = async (): Promise<unknown> => readCredentialJson((await find('consent')).rendering)?.['client'];
      await expect.poll(held, { timeout: 20_000 }).toMatchObject({ secret: canarySecret('consent') });
      if (how === 'unlabelled') await putSecret('consent', canarySecret('consent'), false);
      else await stage.surely('remove', secrets('consent'));
      if (how.startsWith('replaced')) await putSecret('consent', canarySecret('other'), false);
      await expect.poll(async () => (await find('consent')).rendering, { timeout: 2_000, interval: 20 }).toBeUndefined();
      await stage.surely('remove', credentials('consent'));
      await stopAll();
    },
  );

  test('a leader that was frozen until another took over writes nothing when it thaws', async () => {
    const first = await start('frozen');
    await first.logged(({ msg }) => msg === 'This replica leads');
    await putSecret('lost', canarySecret('first'));
    await putCredential('lost', 'first');
    const held = async (): Promise<unknown> => readCredentialJson((await find('lost')).rendering)?.['client'];
    await expect.poll(held, { timeout: 20_000 }).toMatchObject({ secret: canarySecret('first') });
    const second = await start('heir');
    first.signal('SIGSTOP');
    // These wait in the sockets of the frozen one.
    await putSecret('lost', canarySecret('stale'));
    await second.logged(({ msg }) => msg === 'This replica leads');
    await putSecret('lost', canarySecret('second'));
    await expect.poll(held, { timeout: 20_000 }).toMatchObject({ secret: canarySecret('second') });
    const before = await versions();
    const lines = first.log.length;
    first.signal('SIGCONT');
    await first.logged(({ msg }) => msg === 'This replica does not lead any more');
    await pause(1_000);
    expect(first.log.slice(lines).filter(({ msg }) => msg === 'Rendering written')).toEqual([]);
    expect(await versions()).toEqual(before);
    await stopAll();
  });

  test('without the webhook pods that ask for nothing start, those that ask are refused with the reason, and start when it is back', async () => {
    await start('webhook', true);
    await stage.admits(annotatedPod);
    await killAll();
    expect(await stage.create(plainPod)).toMatchObject({ metadata: { name: 'app' } });
    expect(await stage.create(annotatedPod)).toMatch(/failed calling webhook "inject\.tokenward\.dev".*connection refused/);
    const back = await start('webhook', true);
    await stage.admits(annotatedPod);

    back.signal('SIGSTOP');
    const beganMs = performance.now();
    expect(await stage.create(annotatedPod)).toMatch(/failed calling webhook "inject\.tokenward\.dev".*(deadline|[Tt]imeout)/);
    expect(performance.now() - beganMs).toBeLessThan(10_000);
    expect(await stage.create(plainPod)).toMatchObject({ metadata: { name: 'app' } });
    back.signal('SIGCONT');
    await stage.admits(annotatedPod);
    await stopAll();
  });

  test('after an outage longer than the life of its certificates it makes new ones, and pods are created again', async () => {
    const path = `/api/v1/namespaces/${system}/secrets/tokenward-webhook-certificate`;
    const dnsNames = [`tokenward.${system}.svc`, `tokenward.${system}.svc.cluster.local`];
    const longAgoMs = Date.now() - 400 * 24 * 60 * 60_000;
    const nothing = readStore(undefined);
    const ended = renewCertificates(
      nothing,
      decideCertificates(nothing, dnsNames, { nowMs: longAgoMs, announcedForMs: 0 }),
      dnsNames,
      longAgoMs,
    );
    await stage.surely('merge', path, { data: writeStore(ended) });
    await start('expired', true);
    await stage.admits(annotatedPod);
    const { data } = (await stage.surely<SecretObject>('get', path)) ?? {};
    expect(readStore(data as Record<string, string>).authorities).not.toContain(ended.authorities[0]);
    await stopAll();
  });
});
