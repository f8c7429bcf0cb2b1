import { pino } from 'pino';
import { expect, test, vi } from 'vitest';
import { buildCrd, crdName, crdVersionAnnotation } from '../crds/build-crd.ts';
import { FakeApiServer, kubeConfigFor } from '../test/support/fake-api-server.ts';
import { FakeClock } from '../test/support/fake-clock.ts';
import { systemClock } from '../crds/clock.ts';
import { ApiClient } from './kube/api-client.ts';
import type { ApiObject } from './kube/api-object.ts';
import { CrdUpgrade, isUpgrade } from './upgrade-crd.ts';

const definitions = 'apiextensions.k8s.io/v1/customresourcedefinitions';

/** The definition that is in the cluster after an operator of a version has looked at the one of another version. */
async function afterUpgrade(present: string, version: string, meanwhile = present): Promise<{ spec: unknown; writes: number }> {
  await using server = await FakeApiServer.start();
  const put = (of: string): unknown =>
    server.cluster.put(definitions, {
      metadata: { name: crdName, annotations: { [crdVersionAnnotation]: of } },
      spec: { of },
    } as ApiObject);
  put(present);
  // Another one is just before ours.
  server.plan(({ method }) => method === 'PATCH' && put(meanwhile) === undefined, 'drop');
  const api = new ApiClient(kubeConfigFor(server.url), { clock: systemClock, userAgent: 'test' });
  const upgrade = new CrdUpgrade({ api, clock: systemClock, random: () => 0, log: pino({ level: 'silent' }), version });
  try {
    upgrade.start();
    await vi.waitFor(() => expect(upgrade.done).toBe(true), { timeout: 5_000 });
    const after = server.cluster.get(definitions, `/${crdName}`) as { spec: unknown } | undefined;
    const writes = server.requests.filter(({ method }) => method !== 'GET').length;
    return { spec: after?.spec, writes };
  } finally {
    await upgrade.stop();
    api.close();
  }
}

test('applies its own definition where there is an older one', async () => {
  const { spec, writes } = await afterUpgrade('0.0.1', '99.0.0');
  expect(spec).toMatchObject(buildCrd()['spec'] as object);
  expect(writes).toBe(1);
});

test('leaves a newer definition alone, as after a rollback, and writes nothing over its own', async () => {
  expect(await afterUpgrade('99.0.1', '99.0.0')).toMatchObject({ spec: { of: '99.0.1' }, writes: 0 });
  expect(await afterUpgrade('99.0.0', '99.0.0')).toMatchObject({ spec: { of: '99.0.0' }, writes: 0 });
});

test('two operators that come up together: the older one wrote over what the newer one had just brought', async () => {
  const { spec } = await afterUpgrade('0.0.1', '99.0.0', '99.0.1');
  expect(spec).toEqual({ of: '99.0.1' });
});

test('tries again while there is no definition or no API server, is not done before, and ends when it is told to', async () => {
  const clock = new FakeClock();
  let asked = 0;
  const answer = (): Promise<never> => {
    asked += 1;
    return Promise.reject(new Error('away'));
  };
  const api = { request: answer, apply: answer };
  const upgrade = new CrdUpgrade({ api, clock, random: () => 0, log: pino({ level: 'silent' }), version: '99.0.0' });
  upgrade.start();
  await clock.advance(120_000);
  expect(asked).toBeGreaterThan(5);
  expect(upgrade.done).toBe(false);
  await upgrade.stop();
  expect(clock.pendingTimers).toBe(0);
});

test.each([
  ['0.1.0', '0.2.0', true],
  ['0.9.0', '0.10.0', true],
  ['0.9.9', '1.0.0', true],
  ['1.0.0', '1.0.1', true],
  ['', '0.1.0', true],
  ['none', '0.1.0', true],
  ['0.1.0', '0.1.0', false],
  ['0.2.0', '0.1.0', false],
  ['0.10.0', '0.9.0', false],
  ['1.0.0', '0.99.99', false],
])('from "%s" to %s: an upgrade %s', (present, next, expected) => {
  expect(isUpgrade(present, next)).toBe(expected);
});
