import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { conditionOf } from '../../operator/credential/conditions.ts';
import type { CredentialObject } from '../../operator/credential/credential-object.ts';
import type { SecretObject } from '../../operator/credential/observed-sources.ts';
import type { ApiObject } from '../../operator/kube/api-object.ts';
import { type Lease, leaseDurationSeconds } from '../../operator/kube/lease.ts';
import { canarySecret } from '../support/canary.ts';
import { credentialObject, readCredentialJson, secretObject } from '../support/cluster-objects.ts';
import type { OperatorProcess } from '../support/start-operator-process.ts';
import { namespace as system } from './chart-stage.ts';
import { annotatedPod, OperatorStage } from './operator-stage.ts';
import { requireCluster } from './require-cluster.ts';

const provider = requireCluster({ nodes: false, purpose: 'to have operators whose clocks are not those of its API server' });
const namespace = 'iot';
const secrets = `/api/v1/namespaces/${namespace}/secrets`;
const credentials = `/apis/tokenward.dev/v1alpha1/namespaces/${namespace}/oauth2credentials`;
const lease = `/apis/coordination.k8s.io/v1/namespaces/${system}/leases/tokenward`;
const certificates = `/api/v1/namespaces/${system}/secrets/tokenward-webhook-certificate`;
const configuration = `/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/${system}-tokenward`;

const hourMs = 3_600_000;
/** Machines that took local time for universal time, on either side of the world. The API server's is right. */
const skews = { ahead: 12 * hourMs, behind: -11 * hourMs } as const;
type Skew = keyof typeof skews;
const directions: readonly (readonly [Skew, Skew])[] = [
  ['ahead', 'behind'],
  ['behind', 'ahead'],
];

const leads = ({ msg }: { msg: string }): boolean => msg === 'This replica leads';
const leadsNoMore = ({ msg }: { msg: string }): boolean => msg === 'This replica does not lead any more';

describe.skipIf(provider === undefined)('with clocks that are far apart', () => {
  let stage: OperatorStage;
  const operators = new Set<OperatorProcess>();

  const start = async (skew: Skew, webhook = false): Promise<OperatorProcess> => {
    const operator = await stage.startOperator(skew, { webhook, wallAheadMs: skews[skew] });
    operators.add(operator);
    return operator;
  };
  const stop = async (operator: OperatorProcess): Promise<void> => {
    operators.delete(operator);
    await operator.stop();
  };
  const kill = async (operator: OperatorProcess): Promise<void> => {
    operators.delete(operator);
    operator.signal('SIGKILL');
    await operator.exited;
    await expect(operator.stop()).rejects.toThrow('SIGKILL');
  };
  const get = async <T>(path: string): Promise<T> => {
    const found = await stage.surely<T>('get', path);
    if (found === undefined) throw new Error(`there is no ${path}`);
    return found;
  };
  /** Resolves when the credential, whose name is that of its Secret, is rendered with this value. */
  const put = async (name: string, value: string): Promise<void> => {
    const secret = canarySecret(value);
    await stage.surely('set', `${secrets}/${name}`, secretObject(name, secret, { namespace }));
    await stage.surely('set', `${credentials}/${name}`, credentialObject(name, { namespace }));
    const held = async (): Promise<unknown> =>
      readCredentialJson(await stage.surely<SecretObject>('get', `${secrets}/tokenward-${name}`))?.['client'];
    await expect.poll(held, { timeout: 30_000 }).toMatchObject({ secret });
    const ready = async (): Promise<unknown> =>
      conditionOf((await get<CredentialObject>(`${credentials}/${name}`)).status, 'Ready')?.reason;
    await expect.poll(ready, { timeout: 30_000 }).toBe('Ready');
  };
  /** Of everything that the operator may write, its lease and its events apart. */
  const versions = async (): Promise<readonly string[]> => {
    const lists = await Promise.all([secrets, credentials].map((path) => get<{ items: ApiObject[] }>(path)));
    return lists.flatMap(({ items }) => items.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`));
  };
  const holder = async (): Promise<readonly unknown[]> => {
    const { holderIdentity, leaseTransitions, acquireTime } = (await get<Lease>(lease)).spec ?? {};
    return [holderIdentity, leaseTransitions, acquireTime];
  };

  beforeAll(async () => {
    if (provider === undefined) return;
    stage = await OperatorStage.start(await provider.start());
  });

  afterEach(async () => {
    for (const operator of operators) await stop(operator);
    // What one test has found wrong with it is not the next one's.
    await stage?.surely('merge', lease, { spec: { holderIdentity: '' } });
  });

  afterAll(() => stage?.[Symbol.asyncDispose]());

  test.each(directions)(
    'the one %s keeps the lease for as long as it lives, and then the one %s takes it within seconds',
    async (...who) => {
      const first = await start(who[0]);
      await first.logged(leads);
      const second = await start(who[1]);
      for (const index of Array(5).keys()) await put(`${who[0]}-${index}`, 'first');
      const [before, held] = [await versions(), await holder()];
      await pause((leaseDurationSeconds + 3) * 1_000);
      expect([first.log.filter(leadsNoMore), second.log.filter(leads)]).toEqual([[], []]);
      expect(await holder()).toEqual(held);
      expect(await versions()).toEqual(before);

      await kill(first);
      const killedMs = performance.now();
      await expect.poll(() => second.log.some(leads), { timeout: 40_000 }).toBe(true);
      const waitedSeconds = (performance.now() - killedMs) / 1_000;
      expect(waitedSeconds).toBeGreaterThan(leaseDurationSeconds - 5);
      expect(waitedSeconds).toBeLessThan(leaseDurationSeconds + 10);
      // It has looked at all of it when it has served what is new.
      await put(`${who[1]}-next`, 'first');
      const after = new Set(await versions());
      expect(before.filter((version) => !after.has(version))).toEqual([]);
      await put(`${who[0]}-0`, 'rotated');
      await stop(second);
    },
  );

  test.each(directions)(
    'what the one %s has certified is accepted by the API server at once, and left as it is by the one %s',
    async (...who) => {
      await stage.surely('merge', certificates, { data: { 'ca.crt': null, 'ca.key': null, 'tls.crt': null, 'tls.key': null } });
      const objects = async (): Promise<unknown> => {
        const found = await Promise.all([certificates, configuration].map((path) => get<ApiObject>(path)));
        return found.map(({ metadata }) => metadata.resourceVersion);
      };
      const maker = await start(who[0], true);
      await maker.logged(({ msg }) => msg === 'Renewed the webhook certificates');
      await stage.admits(annotatedPod);
      const made = await objects();
      await stop(maker);
      const successor = await start(who[1], true);
      await stage.admits(annotatedPod);
      await successor.logged(leads);
      expect(await objects()).toEqual(made);
    },
  );

  test('a leader whose clock is set while it works serves on and writes nothing in vain', async () => {
    const leader = await start('ahead');
    await leader.logged(leads);
    const [holderBefore] = await holder();
    await put('kept', 'kept');
    const before = await versions();
    for (const [index, wallMs] of [skews.behind, 0, skews.ahead].entries()) {
      await leader.moveClocks({ wallMs, monotonicMs: 0 });
      await put('changing', `set-${index}`);
    }
    const after = new Set(await versions());
    expect(before.filter((version) => !after.has(version))).toEqual([]);
    expect((await holder())[0]).toBe(holderBefore);
  });
});
