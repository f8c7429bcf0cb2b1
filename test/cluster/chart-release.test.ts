import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { crdVersionAnnotation } from '../../crds/build-crd.ts';
import { version } from '../../crds/version.ts';
import { buildImages } from '../../images/build-images.ts';
import { containerName, podAnnotations } from '../../operator/naming.ts';
import { chart, namespace } from './chart-stage.ts';
import type { Cluster } from './cluster.ts';
import { requireCluster } from './require-cluster.ts';
import { workloadImage, writeTestImages } from './write-test-images.ts';

const provider = requireCluster({ nodes: true, purpose: 'to install, upgrade and remove the chart with pods running' });
const own = ['--namespace', namespace];

describe.skipIf(provider === undefined)('a release on a node', () => {
  const cleanup = new AsyncDisposableStack();
  let cluster: Cluster;
  let predecessor = '';

  beforeAll(async () => {
    if (provider === undefined) return;
    const folder = await mkdtemp(join(tmpdir(), 'tokenward-release-'));
    cleanup.defer(() => rm(folder, { recursive: true }));
    predecessor = await makePredecessor(join(folder, 'chart'));
    cluster = cleanup.use(await provider.start());
    const images = await buildImages(() => undefined);
    for (const archive of [...images.map((image) => image.archive), (await writeTestImages(folder)).workload])
      await cluster.loadImage(archive);
    for (const name of [namespace, 'hr']) {
      await cluster.kubectl(['create', 'namespace', name]);
      await cluster.kubectl(['label', 'namespace', name, 'pod-security.kubernetes.io/enforce=restricted']);
    }
    await cluster.kubectl(['--namespace', 'hr', 'wait', '--for', 'create', 'serviceaccount/default', '--timeout', '60s']);
  });

  afterAll(() => cleanup.disposeAsync());

  const helm = (...args: readonly string[]): Promise<string> => cluster.helm([...args, ...own, '--wait', '--timeout', '3m']);
  const create = (manifest: object, ...options: readonly string[]): Promise<string> =>
    cluster.kubectl(['--namespace', 'hr', 'create', ...options, '--filename', '-'], { input: JSON.stringify(manifest) });
  /** The version that the definition of credentials bears, and the name of a field that an older one lacks. */
  const definition = async (): Promise<readonly string[]> => {
    const { metadata, spec } = JSON.parse(await cluster.kubectl(['get', 'crd/oauth2credentials.tokenward.dev', '--output', 'json']));
    const { properties } = spec.versions[0].schema.openAPIV3Schema.properties.spec;
    return [metadata.annotations[crdVersionAnnotation], 'description' in properties ? 'description' : ''];
  };
  const run = async (name: string): Promise<void> => {
    await create(pod(name));
    await cluster.kubectl(['--namespace', 'hr', 'wait', '--for', 'condition=Ready', `pod/${name}`, '--timeout', '90s']);
  };

  /** While `work` is done, and while the replicas that it replaced end, pods are created without a pause; resolves to what was said to each. */
  async function creatingPods(work: Promise<unknown>): Promise<readonly string[]> {
    const ended = work.then(
      () => pause(5_000, true),
      () => true,
    );
    const answers: string[] = [];
    while (!(await Promise.race([ended, pause(20, false)]))) answers.push(await create(pod('again'), '--dry-run=server').catch(String));
    await work;
    return answers;
  }

  test('is installed in a restricted namespace, passes its own test, and gives a pod its sidecar', async () => {
    await helm('install', 'tokenward', predecessor, '--set', 'crds.upgrade=false');
    expect(await definition()).toEqual(['0.0.1', '']);
    expect(await cluster.helm(['test', 'tokenward', '--logs', ...own])).toMatch(/Phase: +Succeeded[\s\S]*ready/);
    await create(credential);
    await create(secret);
    await cluster.kubectl(['--namespace', 'hr', 'wait', '--for', 'condition=Ready', 'o2c/lms', '--timeout', '30s']);
    await run('before');
    expect(await sidecarsOf(cluster)).toEqual([['before', 'docker.io/tokenward/sidecar:' + version, 0]]);
  });

  test('is upgraded and rolled back without one pod refused, a pod that runs being touched, or the definition being brought down', async () => {
    const { metadata } = JSON.parse(await cluster.kubectl(['--namespace', 'hr', 'get', 'pod', 'before', '--output', 'json']));
    const uid: string = metadata.uid;
    const upgraded = await creatingPods(helm('upgrade', 'tokenward', chart, '--set', 'sidecar.logLevel=debug'));
    const upToDate = [version, 'description'];
    expect(await definition()).toEqual(upToDate);
    await run('upgraded');
    const rolledBack = await creatingPods(helm('rollback', 'tokenward', '1'));
    expect(await definition()).toEqual(upToDate);
    await run('rolled-back');

    const answers = [...upgraded, ...rolledBack];
    expect(answers.length).toBeGreaterThan(10);
    expect(answers.filter((answer) => answer !== 'pod/again created (server dry run)\n')).toEqual([]);
    expect((await sidecarsOf(cluster)).map(([name, , restarts]) => [name, restarts])).toEqual([
      ['before', 0],
      ['rolled-back', 0],
      ['upgraded', 0],
    ]);
    expect(await cluster.kubectl(['--namespace', 'hr', 'get', 'pod', 'before', '--output', 'jsonpath={.metadata.uid}'])).toBe(uid);
    expect(await cluster.helm(['test', 'tokenward', ...own])).toMatch(/Phase: +Succeeded/);
  });

  test('is removed, and leaves the definition, the credentials and their renderings, with which pods work on', async () => {
    await helm('uninstall', 'tokenward');
    const left = (): Promise<string> =>
      cluster.kubectl(['get', 'all,secrets,leases,configmaps,networkpolicies', ...own, '--output', 'name']);
    // Helm does not wait for the pods of a Deployment that it has deleted.
    await expect.poll(left, { timeout: 60_000 }).toBe('configmap/kube-root-ca.crt\n');
    const names = await cluster.kubectl(['--namespace', 'hr', 'get', 'o2c,secrets', '--output', 'name']);
    expect(names.trim().split('\n')).toEqual(['oauth2credential.tokenward.dev/lms', 'secret/lms', 'secret/tokenward-lms']);
    expect((await sidecarsOf(cluster)).map(([, , restarts]) => restarts)).toEqual([0, 0, 0]);
    // Nothing is left that would refuse pods or judge them.
    expect(await create(pod('again'), '--dry-run=server')).toBe('pod/again created (server dry run)\n');
  });
});

interface PodList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: { readonly initContainers?: readonly { readonly name: string; readonly image: string }[] };
    readonly status: { readonly initContainerStatuses?: readonly { readonly name: string; readonly restartCount: number }[] };
  }[];
}

/** Each pod's name, with its sidecar's image and restarts. */
async function sidecarsOf(cluster: Cluster): Promise<readonly (readonly [string, string | undefined, number | undefined])[]> {
  const { items } = JSON.parse(await cluster.kubectl(['--namespace', 'hr', 'get', 'pods', '--output', 'json'])) as PodList;
  return items.map(({ metadata, spec, status }) => [
    metadata.name,
    spec.initContainers?.find(({ name }) => name === containerName)?.image,
    status.initContainerStatuses?.find(({ name }) => name === containerName)?.restartCount,
  ]);
}

/** The chart as it was a version ago, and a definition of credentials that knew less. Its images are today's, for there are no others. */
async function makePredecessor(folder: string): Promise<string> {
  await cp(chart, folder, { recursive: true });
  const about = join(folder, 'Chart.yaml');
  await writeFile(about, (await readFile(about, 'utf8')).replace(/^version: .*$/m, 'version: 0.0.1'));
  const file = join(folder, 'crds/tokenward.dev_oauth2credentials.yaml');
  const definition = parse(await readFile(file, 'utf8'));
  definition.metadata.annotations[crdVersionAnnotation] = '0.0.1';
  delete definition.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties.description;
  await writeFile(file, stringify(definition));
  return folder;
}

const securityContext = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

const pod = (name: string): object => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, annotations: { [podAnnotations.inject]: 'lms' } },
  spec: {
    terminationGracePeriodSeconds: 1,
    containers: [{ name: 'main', image: workloadImage, args: ['serve', '8080'], securityContext }],
  },
});

const credential = {
  apiVersion: 'tokenward.dev/v1alpha1',
  kind: 'OAuth2Credential',
  metadata: { name: 'lms' },
  spec: {
    upstream: { url: 'https://api.example' },
    tokenEndpoint: { url: 'https://login.example/token' },
    client: { id: 'client', secretRef: { name: 'lms' } },
  },
};

const secret = {
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name: 'lms', labels: { 'tokenward.dev/credential': 'true' } },
  stringData: { 'client-secret': 'of-a-client' },
};
