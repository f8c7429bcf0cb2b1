import { join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { pino } from 'pino';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../crds/clock.ts';
import type { CredentialObject } from '../../operator/credential/credential-object.ts';
import { conditionOf } from '../../operator/credential/conditions.ts';
import type { SecretObject } from '../../operator/credential/observed-sources.ts';
import { ApiClient } from '../../operator/kube/api-client.ts';
import type { ApiObject } from '../../operator/kube/api-object.ts';
import { startOperator, type Operator } from '../../operator/start-operator.ts';
import { canarySecret } from '../support/canary.ts';
import { credentialObject, readCredentialJson, secretObject } from '../support/cluster-objects.ts';
import { newRecording } from '../support/recordings.ts';
import type { Cluster } from './cluster.ts';
import { requireCluster } from './require-cluster.ts';
import { untilEstablished } from './until-established.ts';

const root = join(import.meta.dirname, '../..');
const provider = requireCluster({ nodes: false, purpose: 'to reconcile against a real API server' });
const patience = { timeout: 30_000, interval: 50 };

describe.skipIf(provider === undefined)('reconciling against a real API server', () => {
  let cluster: Cluster;
  let api: ApiClient;
  let access: KubeConfig;
  let operator: Operator;
  let tests = 0;
  let namespace = '';

  beforeAll(async () => {
    if (provider === undefined) return;
    cluster = await provider.start();
    await cluster.kubectl(['apply', '--filename', join(root, 'crds/tokenward.dev_oauth2credentials.yaml')]);
    await untilEstablished(cluster);
    access = new KubeConfig();
    access.loadFromFile(cluster.kubeconfig);
    api = new ApiClient(access, { clock: systemClock, userAgent: 'test' });
  });

  afterAll(async () => {
    api?.close();
    await cluster?.stop();
  });

  beforeEach(async () => {
    tests += 1;
    namespace = `reconcile-${tests}`;
    await cluster.kubectl(['create', 'namespace', namespace]);
    operator = await start();
  });

  afterEach(() => operator.stop());

  function start(): Promise<Operator> {
    const recording = newRecording('log', `operator-${namespace}`);
    const log = pino({ level: 'debug' }, { write: (line) => recording.append(line) });
    const ports = { healthPort: 0, healthHost: '127.0.0.1', webhook: undefined, webhookLingerMs: 0 };
    const names = { namespace, leaseName: 'operator', instance: `operator-${tests}-${Math.random()}`, watchNamespaces: [namespace] };
    return startOperator({ access, version: 'test', log, ...ports, ...names }, { clock: systemClock, random: Math.random });
  }

  const credentials = (name?: string): string => path('/apis/tokenward.dev/v1alpha1', 'oauth2credentials', name);
  const secrets = (name?: string): string => path('/api/v1', 'secrets', name);
  const path = (group: string, plural: string, name = ''): string =>
    `${group}/namespaces/${namespace}/${plural}/${name}`.replace(/\/$/, '');
  const create = <T extends ApiObject>(collection: string, body: T): Promise<T> =>
    api.request<T>({ method: 'POST', path: collection, body });
  const get = <T>(object: string): Promise<T | undefined> => api.request<T>({ method: 'GET', path: object }).catch(() => undefined);
  const remove = (object: string): Promise<unknown> => api.request({ method: 'DELETE', path: object });
  const merge = (object: string, body: object): Promise<unknown> =>
    api.request({ method: 'PATCH', path: object, body, contentType: 'application/merge-patch+json' });

  const putSecret = (name: string, value: string, labels?: Record<string, string>) =>
    create(secrets(), secretObject(name, value, { namespace, ...(labels && { labels }) }));
  const putCredential = (name: string) => create(credentials(), credentialObject(name, { namespace }));
  const rendering = (name: string) => get<SecretObject>(secrets(`tokenward-${name}`));
  const ready = async (name: string): Promise<string | undefined> =>
    conditionOf((await get<CredentialObject>(credentials(name)))?.status, 'Ready')?.reason;
  const secretIn = async (name: string): Promise<unknown> => {
    const client = readCredentialJson(await rendering(name))?.['client'];
    return (client as { secret?: string } | undefined)?.secret;
  };

  /** Without the age. */
  const shownInList = async (): Promise<string> => {
    const line = await cluster.kubectl(['get', 'o2c', '-n', namespace, '--no-headers']);
    return line.trim().split(/\s+/).slice(0, -1).join(' ');
  };

  test('renders, follows a rotated secret, takes the rendering away with the consent, and tells each transition once', async () => {
    await putCredential('lms');
    await expect.poll(() => ready('lms'), patience).toBe('Invalid');
    expect(await shownInList()).toBe('lms False SecretNotFound Invalid ClientCredentials https://api.acme.example');
    expect(await cluster.kubectl(['describe', 'o2c', 'lms', '-n', namespace])).toContain(
      `kubectl -n ${namespace} label secret lms tokenward.dev/credential=true`,
    );
    await putSecret('lms', canarySecret('first'));
    await expect.poll(() => ready('lms'), patience).toBe('Ready');
    expect(await shownInList()).toBe('lms True Ready ClientCredentials https://api.acme.example');
    expect(await secretIn('lms')).toBe(canarySecret('first'));
    expect((await rendering('lms'))?.type).toBe('tokenward.dev/sidecar-credential');

    await merge(secrets('lms'), { stringData: { 'client-secret': canarySecret('second') } });
    await expect.poll(() => secretIn('lms'), patience).toBe(canarySecret('second'));
    await merge(secrets('lms'), { metadata: { labels: { 'tokenward.dev/credential': null } } });
    await expect.poll(() => ready('lms'), patience).toBe('ConsentWithdrawn');
    expect(await rendering('lms')).toBeUndefined();
    await merge(secrets('lms'), { metadata: { labels: { 'tokenward.dev/credential': 'true' } } });
    await expect.poll(() => ready('lms'), patience).toBe('Ready');

    const events = await cluster.kubectl([
      'get',
      'events',
      '-n',
      namespace,
      '--sort-by',
      '.eventTime',
      '-o',
      'jsonpath={.items[*].reason}',
    ]);
    expect(events.split(' ')).toEqual(['Invalid', 'Ready', 'ConsentWithdrawn', 'Ready']);
    const shown = await cluster.kubectl(['get', 'o2c,events', '-n', namespace, '-o', 'yaml']);
    expect(shown).not.toContain('canary-');
  });

  test('a new generation is observed, and a restart writes nothing', async () => {
    await putSecret('lms', canarySecret('first'));
    await putCredential('lms');
    await expect.poll(() => ready('lms'), patience).toBe('Ready');
    await merge(credentials('lms'), { spec: { description: 'changed' } });
    await expect.poll(async () => (await get<CredentialObject>(credentials('lms')))?.status?.observedGeneration, patience).toBe(2);
    const versions = async () => [
      (await get<ApiObject>(credentials('lms')))?.metadata.resourceVersion,
      (await rendering('lms'))?.metadata.resourceVersion,
    ];
    const before = await versions();
    await operator.stop();
    operator = await start();
    // Served by the new one, so it has seen the others.
    await putSecret('iot', canarySecret('other'));
    await putCredential('iot');
    await expect.poll(() => ready('iot'), patience).toBe('Ready');
    expect(await versions()).toEqual(before);
  });

  test.each([
    ['not labelled', {}],
    ['labelled as a source', { 'tokenward.dev/credential': 'true' }],
    ['labelled as a rendering', { 'tokenward.dev/rendering': 'true' }],
  ])("an existing Secret that bears a rendering's name is never touched: %s", async (_, labels) => {
    const { metadata } = await putSecret('tokenward-lms', canarySecret('foreign'), labels);
    await putCredential('lms');
    await expect.poll(() => ready('lms'), patience).toBe('RenderingNameTaken');
    await putSecret('lms', canarySecret('own'));
    await expect
      .poll(async () => conditionOf((await get<CredentialObject>(credentials('lms')))?.status, 'SecretsResolved')?.status, patience)
      .toBe('True');
    expect(await ready('lms')).toBe('RenderingNameTaken');
    expect((await rendering('lms'))?.metadata.resourceVersion).toBe(metadata.resourceVersion);
  });

  test('a rendering that was deleted or spoilt is restored', async () => {
    await putSecret('lms', canarySecret('first'));
    await putCredential('lms');
    await expect.poll(() => secretIn('lms'), patience).toBe(canarySecret('first'));
    await remove(secrets('tokenward-lms'));
    await expect.poll(() => secretIn('lms'), patience).toBe(canarySecret('first'));
    await merge(secrets('tokenward-lms'), { data: { 'credential.json': 'e30=' } });
    await expect.poll(() => secretIn('lms'), patience).toBe(canarySecret('first'));
    await merge(secrets('tokenward-lms'), { metadata: { labels: { 'tokenward.dev/rendering': null } } });
    await expect.poll(async () => (await rendering('lms'))?.metadata.labels, patience).toEqual({ 'tokenward.dev/rendering': 'true' });
  });

  test('a credential that is created again waits for the old rendering to be collected', async () => {
    await putSecret('lms', canarySecret('first'));
    await putCredential('lms');
    await expect.poll(() => ready('lms'), patience).toBe('Ready');
    // Else the cluster, where it has a garbage collector, would be faster.
    await merge(secrets('tokenward-lms'), { metadata: { finalizers: ['tokenward.dev/test'] } });
    await remove(credentials('lms'));
    await putCredential('lms');
    await expect.poll(() => ready('lms'), patience).toBe('AwaitingGarbageCollection');
    await merge(secrets('tokenward-lms'), { metadata: { finalizers: null } });
    await remove(secrets('tokenward-lms')).catch(() => {});
    await expect.poll(() => ready('lms'), patience).toBe('Ready');
  });

  test('the API server refuses what was decided on an object that has changed since', async () => {
    const stale = await putSecret('any', canarySecret('a'));
    await merge(secrets('any'), { metadata: { annotations: { changed: 'yes' } } });
    const { uid, resourceVersion } = stale.metadata;
    const apply = (name: string, identity: object) =>
      api.apply({ path: secrets(name), object: { apiVersion: 'v1', kind: 'Secret', metadata: { name, namespace, ...identity } } });
    await expect(apply('any', { uid, resourceVersion })).rejects.toMatchObject({ status: 409 });
    await expect(apply('gone', { uid, resourceVersion })).rejects.toMatchObject({ status: 409 });
    const preconditions = { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid, resourceVersion } };
    await expect(api.request({ method: 'DELETE', path: secrets('any'), body: preconditions })).rejects.toMatchObject({ status: 409 });
    expect((await get<ApiObject>(secrets('any')))?.metadata.uid).toBe(uid);
  });
});
