import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Cluster } from './cluster.ts';
import { requireCluster } from './require-cluster.ts';
import { untilEstablished } from './until-established.ts';

const root = join(import.meta.dirname, '../..');
const provider = requireCluster({ nodes: false, purpose: 'to show manifests to a real API server' });

describe.skipIf(provider === undefined)('a real API server', () => {
  let cluster: Cluster;

  beforeAll(async () => {
    if (provider === undefined) return;
    cluster = await provider.start();
    await cluster.kubectl(['apply', '--filename', join(root, 'crds/tokenward.dev_oauth2credentials.yaml')]);
    await untilEstablished(cluster);
  });

  afterAll(() => cluster?.stop());

  test('takes the CRD, finds no fault with its schema and serves it under its short name', async () => {
    const { status } = JSON.parse(await cluster.kubectl(['get', 'crd/oauth2credentials.tokenward.dev', '--output', 'json']));
    const conditions: readonly { readonly type: string; readonly status: string }[] = status.conditions;
    expect(conditions.map(({ type, status: state }) => `${type}=${state}`).toSorted()).toEqual(['Established=True', 'NamesAccepted=True']);
    expect(await cluster.kubectl(['get', 'o2c', '--all-namespaces', '--output', 'name'])).toBe('');
  });

  test('accepts every example', async () => {
    const examples = await Array.fromAsync(glob(join(root, 'examples/**/*.yaml')));
    expect(examples).not.toEqual([]);
    for (const example of examples) {
      const said = await cluster.kubectl(['create', '--dry-run=server', '--validate=strict', '--filename', example]);
      const kinds = (await readFile(example, 'utf8')).match(/^kind: /gm) ?? [];
      expect(said.trim().split('\n')).toHaveLength(kinds.length);
    }
  });

  test('refuses what the schema and its rules refuse, in our words', async () => {
    const [example = ''] = await Array.fromAsync(glob(join(root, 'examples/*iot.yaml')));
    const mistaken = (await readFile(example, 'utf8')).replace('http://127.0.0.1:14182', 'http://iot.example');
    const refused = cluster.kubectl(['create', '--dry-run=server', '--filename', '-'], { input: mistaken });
    await expect(refused).rejects.toThrow(/spec\.tokenEndpoint\.url: .*https/);
  });

  test('has forgotten nothing when it comes back from a crash, and etcd with it', async () => {
    if (cluster.controlPlane === undefined) throw new Error('an API server of our own can be broken');
    await cluster.kubectl(['create', 'configmap', 'remembered']);
    for (const program of ['kube-apiserver', 'etcd'] as const) await cluster.controlPlane.signal(program, 'KILL');
    await expect(cluster.kubectl(['get', 'configmap', 'remembered'])).rejects.toThrow(/refused/);
    for (const program of ['etcd', 'kube-apiserver'] as const) await cluster.controlPlane.start(program);
    await expect.poll(() => cluster.kubectl(['get', '--raw', '/readyz']).catch(String), { timeout: 60_000 }).toBe('ok');
    expect(await cluster.kubectl(['get', 'configmap', 'remembered', '--output', 'name'])).toBe('configmap/remembered\n');
  });
});
