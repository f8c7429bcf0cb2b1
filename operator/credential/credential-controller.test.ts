import { expect, test } from 'vitest';
import { canarySecret } from '../../test/support/canary.ts';
import { credentialObject, resources, secretObject } from '../../test/support/cluster-objects.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { until } from '../../test/support/until.ts';
import { systemClock } from '../../crds/clock.ts';
import { ApiClient } from '../kube/api-client.ts';
import { OperatorMetrics } from '../operator-metrics.ts';
import { conditionOf } from './conditions.ts';
import { CredentialController } from './credential-controller.ts';
import type { CredentialObject } from './credential-object.ts';

test('one namespace that was deleted, and the rights in it with it, kept a new leader from all the others', async () => {
  await using server = await FakeApiServer.start();
  server.plan(({ path }) => path.includes('/namespaces/gone/'), { status: 403 }, Number.POSITIVE_INFINITY);
  server.cluster.put(resources.secrets, secretObject('lms', canarySecret('lms')));
  server.cluster.put(resources.credentials, credentialObject('lms'));
  const api = new ApiClient(server.config, { clock: systemClock, userAgent: 'test' });
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const metrics = new OperatorMetrics(() => ({ leading: true, queueDepth: 0, silentForMs: 0, credentials: new Map() }));
  const watched = { namespaces: ['gone', 'hr'], instance: 'test' };
  const controller = new CredentialController({ api, ...watched, clock: systemClock, random: Math.random, log, metrics });
  controller.start().catch(() => {});
  const lms = (): CredentialObject | undefined => server.cluster.get(resources.credentials, 'hr/lms');
  await until(() => lms()?.status !== undefined);
  await controller.stop();
  api.close();
  expect(conditionOf(lms()?.status, 'Ready')?.status).toBe('True');
});
