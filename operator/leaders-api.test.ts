import { pino } from 'pino';
import { expect, test } from 'vitest';
import { canarySecret } from '../test/support/canary.ts';
import { credentialObject, resources, secretObject } from '../test/support/cluster-objects.ts';
import { FakeApiServer, kubeConfigFor } from '../test/support/fake-api-server.ts';
import { JumpingClock } from '../test/support/jumping-clock.ts';
import { until } from '../test/support/until.ts';
import type { ApiObject } from './kube/api-object.ts';
import { startOperator } from './start-operator.ts';

const leases = 'coordination.k8s.io/v1/leases';

test('a leader that slept past its lease wrote what had waited in its sockets, before a timer told it', async () => {
  await using api = await FakeApiServer.start();
  const clock = new JumpingClock();
  const told: boolean[] = [];
  const log = pino({ level: 'info' }, { write: (line) => void ('leading' in JSON.parse(line) && told.push(JSON.parse(line).leading)) });
  api.cluster.put(resources.secrets, secretObject('lms', canarySecret('first')));
  api.cluster.put(resources.credentials, credentialObject('lms'));
  const operator = await startOperator(
    {
      access: kubeConfigFor(api.url),
      namespace: 'tokenward',
      leaseName: 'operator',
      instance: 'sleeper',
      watchNamespaces: [],
      healthPort: 0,
      healthHost: '127.0.0.1',
      webhook: undefined,
      webhookLingerMs: 0,
      version: '1.2.3',
      log,
    },
    { clock, random: Math.random },
  );
  const writes = () => api.requests.filter(({ method, path }) => method !== 'GET' && !path.includes('/leases')).length;
  // Rendering, status and event.
  await until(() => writes() === 3);

  clock.setWall(20_000);
  const lease: (ApiObject & { readonly spec?: object }) | undefined = api.cluster.get(leases, 'tokenward/operator');
  if (lease === undefined) throw new Error('there is no lease');
  api.cluster.put(leases, { ...lease, spec: { ...lease.spec, holderIdentity: 'heir' } });
  api.cluster.put(resources.secrets, secretObject('lms', canarySecret('stale')));
  await until(() => told.at(-1) === false);
  expect(writes()).toBe(3);
  await operator.stop();
});
