import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { expect, onTestFinished, test } from 'vitest';
import { conditionOf } from '../../operator/credential/conditions.ts';
import type { CredentialObject } from '../../operator/credential/credential-object.ts';
import type { SecretObject } from '../../operator/credential/observed-sources.ts';
import { canarySecret } from '../support/canary.ts';
import { credentialObject, readCredentialJson, resources, secretObject } from '../support/cluster-objects.ts';
import { FakeApiServer } from '../support/fake-api-server.ts';
import { startOperatorProcess } from '../support/start-operator-process.ts';
import { until } from '../support/until.ts';

const rendering = ({ cluster }: FakeApiServer, key: string): SecretObject | undefined => cluster.get(resources.secrets, key);
const secretIn = (api: FakeApiServer, key: string): unknown =>
  (readCredentialJson(rendering(api, key))?.['client'] as { secret?: string } | undefined)?.secret;
/** What was written, the leases aside. A try that the API server refused, because a watch was behind, is no write. */
const written = ({ requests }: FakeApiServer): string[] =>
  requests.flatMap(({ method, path, status = 0 }) =>
    method === 'GET' || path.includes('/leases') || status >= 400 ? [] : [`${method} ${path}`],
  );
const readyReason = ({ cluster }: FakeApiServer, key: string): string | undefined => {
  const credential: CredentialObject | undefined = cluster.get(resources.credentials, key);
  return conditionOf(credential?.status, 'Ready')?.reason;
};

test('renders what is there when it starts, follows a rotated secret, and takes the rendering away with the consent', async () => {
  await using api = await FakeApiServer.start();
  api.cluster.put(resources.secrets, secretObject('lms', canarySecret('first')));
  api.cluster.put(resources.credentials, credentialObject('lms'));
  await using operator = await startOperatorProcess(api.url);
  await until(() => readyReason(api, 'hr/lms') === 'Ready');
  expect(secretIn(api, 'hr/tokenward-lms')).toBe(canarySecret('first'));

  api.cluster.put(resources.secrets, secretObject('lms', canarySecret('second')));
  await until(() => secretIn(api, 'hr/tokenward-lms') === canarySecret('second'));

  api.cluster.put(resources.secrets, secretObject('lms', canarySecret('second'), { labels: {} }));
  await until(() => rendering(api, 'hr/tokenward-lms') === undefined);
  await until(() => readyReason(api, 'hr/lms') === 'ConsentWithdrawn');
  expect(await operator.metrics()).toContain('tokenward_operator_credentials{reason="ConsentWithdrawn"} 1');
});

test('tells each transition in one event, and writes nothing without a change', async () => {
  await using api = await FakeApiServer.start();
  await using operator = await startOperatorProcess(api.url);
  api.cluster.put(resources.credentials, credentialObject('lms'));
  await until(() => readyReason(api, 'hr/lms') === 'Invalid');
  api.cluster.put(resources.secrets, secretObject('lms', canarySecret('late')));
  await until(() => api.cluster.list(resources.events).length === 2);
  expect(api.cluster.list(resources.events)).toMatchObject([
    { reason: 'Invalid', type: 'Warning', regarding: { name: 'lms', namespace: 'hr' } },
    { reason: 'Ready', type: 'Normal' },
  ]);
  const once = [
    'POST /api/v1/namespaces/hr/secrets',
    'PATCH /apis/tokenward.dev/v1alpha1/namespaces/hr/oauth2credentials/lms/status',
    'POST /apis/events.k8s.io/v1/namespaces/hr/events',
  ];
  const again = ['PATCH /api/v1/namespaces/hr/secrets/tokenward-lms', ...once.slice(1)];
  expect(written(api)).toEqual([...once, ...again]);
  // A Secret that serves no one changes nothing.
  api.cluster.put(resources.secrets, secretObject('other', canarySecret('other')));
  api.cluster.put(resources.credentials, credentialObject('iot', { secret: 'other' }));
  await until(() => readyReason(api, 'hr/iot') === 'Ready');
  await until(() => written(api).length === 9);
  expect(written(api)).toEqual([...once, ...again, ...once.map((write) => write.replace('/lms/', '/iot/'))]);
  expect(operator.log.filter(({ level }) => Number(level) >= 50)).toEqual([]);
});

test('never touches a Secret that bears the name of a rendering and is not one, watched or not', async () => {
  await using api = await FakeApiServer.start();
  const foreign = api.cluster.put(resources.secrets, secretObject('tokenward-lms', canarySecret('foreign'), { labels: {} }));
  api.cluster.put(resources.secrets, secretObject('lms', canarySecret('own')));
  api.cluster.put(resources.credentials, credentialObject('lms'));
  await using _operator = await startOperatorProcess(api.url);
  await until(() => readyReason(api, 'hr/lms') === 'RenderingNameTaken');
  api.cluster.delete(resources.credentials, 'hr/lms');
  api.cluster.put(resources.credentials, credentialObject('lms', { scope: 7 }));
  await until(() => readyReason(api, 'hr/lms') === 'RenderingNameTaken');
  expect(rendering(api, 'hr/tokenward-lms')).toEqual(foreign);
});

test('asks for labelled Secrets and ConfigMaps only', async () => {
  await using api = await FakeApiServer.start();
  api.cluster.put(resources.secrets, secretObject('lms', canarySecret('a')));
  api.cluster.put(resources.credentials, credentialObject('lms'));
  await using _operator = await startOperatorProcess(api.url);
  await until(() => readyReason(api, 'hr/lms') === 'Ready');
  const collections = api.requests.filter(({ method, path }) => method === 'GET' && /\/(secrets|configmaps)$/.test(path));
  expect(new Set(collections.map(({ path, query }) => `${path} ${query.get('labelSelector')}`))).toEqual(
    new Set([
      '/api/v1/secrets tokenward.dev/credential=true',
      '/api/v1/secrets tokenward.dev/rendering=true',
      '/api/v1/configmaps tokenward.dev/credential=true',
    ]),
  );
});

test('keeps to the namespaces that it is given', async () => {
  await using api = await FakeApiServer.start();
  for (const namespace of ['hr', 'iot', 'other']) {
    api.cluster.put(resources.secrets, secretObject('lms', canarySecret(namespace), { namespace }));
    api.cluster.put(resources.credentials, credentialObject('lms', { namespace }));
  }
  await using _operator = await startOperatorProcess(api.url, ['--watch-namespaces', 'hr, iot']);
  await until(() => readyReason(api, 'hr/lms') === 'Ready' && readyReason(api, 'iot/lms') === 'Ready');
  expect(readyReason(api, 'other/lms')).toBeUndefined();
  const paths = api.requests.map(({ path }) => path);
  expect(paths.filter((path) => !/\/namespaces\/(hr|iot|tokenward)\//.test(path))).toEqual([]);
});

test('on SIGTERM it gives the lease back, and the next one takes over at once and finds nothing to do', async () => {
  await using api = await FakeApiServer.start();
  api.cluster.put(resources.secrets, secretObject('lms', canarySecret('a')));
  api.cluster.put(resources.credentials, credentialObject('lms'));
  const first = await startOperatorProcess(api.url);
  await first.logged(({ msg }) => msg === 'This replica leads');
  await using second = await startOperatorProcess(api.url);
  await until(() => readyReason(api, 'hr/lms') === 'Ready');
  const before = rendering(api, 'hr/tokenward-lms');
  expect(second.log.some(({ msg }) => msg === 'This replica leads')).toBe(false);
  await first.stop();
  await second.logged(({ msg }) => msg === 'This replica leads');
  api.cluster.put(resources.secrets, secretObject('iot', canarySecret('b')));
  api.cluster.put(resources.credentials, credentialObject('iot'));
  await until(() => readyReason(api, 'hr/iot') === 'Ready');
  expect(rendering(api, 'hr/tokenward-lms')).toEqual(before);
});

test('answers for its health, and is ready before and without leading', async () => {
  await using api = await FakeApiServer.start();
  await using operator = await startOperatorProcess(api.url);
  for (const path of ['/healthz', '/readyz', '/metrics']) expect((await fetch(operator.healthUrl + path)).status).toBe(200);
  expect((await fetch(`${operator.healthUrl}/debug`)).status).toBe(404);
});

test('ends when it is told to, though nobody reads its log any more', async () => {
  await using api = await FakeApiServer.start();
  await using operator = await startOperatorProcess(api.url);
  operator.closeOutput();
  api.cluster.put(resources.secrets, secretObject('lms', canarySecret('a')));
  api.cluster.put(resources.credentials, credentialObject('lms'));
  await until(() => readyReason(api, 'hr/lms') === 'Ready');
  operator.signal('SIGTERM');
  expect(await operator.exited).toEqual({ code: 0, signal: null });
});

test('a kubeconfig that cannot be read was logged with the lines around the mistake, and the token in them', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tokenward-operator-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const kubeConfig = join(folder, 'config');
  writeFileSync(kubeConfig, `users:\n- name: a\n  user:\n    token: ${canarySecret('token')}\n   bad: [\n`);
  const args = [join(import.meta.dirname, '../../dist/operator.mjs'), '--namespace', 'tokenward', '--instance', 'operator-0'];
  const { status, stdout } = spawnSync(execPath, args, { env: { KUBECONFIG: kubeConfig }, encoding: 'utf8', timeout: 20_000 });
  expect(status).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({ msg: expect.stringContaining('KUBECONFIG') });
  expect(stdout).not.toContain(canarySecret('token'));
});
