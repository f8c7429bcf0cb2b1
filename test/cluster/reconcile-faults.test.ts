import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { execPath } from 'node:process';
import { KubeConfig } from '@kubernetes/client-node/dist/config.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../crds/clock.ts';
import { conditionOf } from '../../operator/credential/conditions.ts';
import type { CredentialObject } from '../../operator/credential/credential-object.ts';
import type { SecretObject } from '../../operator/credential/observed-sources.ts';
import { ApiClient } from '../../operator/kube/api-client.ts';
import { canarySecret } from '../support/canary.ts';
import { credentialObject, readCredentialJson, secretObject } from '../support/cluster-objects.ts';
import { newRecording } from '../support/recordings.ts';
import type { Cluster } from './cluster.ts';
import { requireCluster } from './require-cluster.ts';
import { untilEstablished } from './until-established.ts';

const root = join(import.meta.dirname, '../..');
const provider = requireCluster({ nodes: false, purpose: 'to break a real API server under the operator' });
const namespace = 'faults';
const count = 2000;
const names = Array.from({ length: count }, (_, index) => `c${index}`);
const secrets = `/api/v1/namespaces/${namespace}/secrets`;
const credentials = `/apis/tokenward.dev/v1alpha1/namespaces/${namespace}/oauth2credentials`;

/** A replica of the operator, from the sources. */
class Replica {
  readonly #child: ChildProcess;
  readonly #ended: Promise<unknown>;

  constructor(kubeconfig: string, instance: string) {
    const args = ['--namespace', namespace, '--instance', instance, '--health-port', '0', '--health-host', '127.0.0.1'];
    const stdio = ['ignore', 'pipe', 'pipe'] as const;
    this.#child = spawn(execPath, [join(root, 'operator/main.ts'), ...args], { stdio: [...stdio], env: { KUBECONFIG: kubeconfig } });
    this.#ended = once(this.#child, 'close');
    const recording = newRecording('log', instance);
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.on('data', (chunk: Buffer) => recording.append(chunk));
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    this.#child.kill(signal);
    await this.#ended;
  }
}

describe.skipIf(provider === undefined)('with two replicas and everything breaking under them', () => {
  let cluster: Cluster;
  let api: ApiClient;
  const replicas: Replica[] = [];

  function startReplica(): Replica {
    const replica = new Replica(cluster.kubeconfig, `faults-${replicas.length}`);
    replicas.push(replica);
    return replica;
  }

  beforeAll(async () => {
    if (provider === undefined) return;
    cluster = await provider.start();
    await cluster.kubectl(['apply', '--filename', join(root, 'crds/tokenward.dev_oauth2credentials.yaml')]);
    await untilEstablished(cluster);
    await cluster.kubectl(['create', 'namespace', namespace]);
    const access = new KubeConfig();
    access.loadFromFile(cluster.kubeconfig);
    api = new ApiClient(access, { clock: systemClock, userAgent: 'test' });
  });

  afterAll(async () => {
    await Promise.all(replicas.map((replica) => replica.end('SIGKILL')));
    api?.close();
    await cluster?.stop();
  });

  /** However often it takes while things break. */
  async function surely<T>(attempt: () => Promise<T>, isDone: (error: unknown) => boolean = () => false): Promise<void> {
    for (;;) {
      try {
        await attempt();
        return;
      } catch (error) {
        if (isDone(error)) return;
        await new Promise((resolve) => {
          systemClock.after(200, () => resolve(undefined));
        });
      }
    }
  }
  const isThere = (error: unknown): boolean => error instanceof Error && 'status' in error && error.status === 409;
  const create = (path: string, body: object): Promise<void> => surely(() => api.request({ method: 'POST', path, body }), isThere);
  const merge = (path: string, body: object): Promise<void> =>
    surely(() => api.request({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' }));
  const list = async <T>(path: string): Promise<readonly T[]> => (await api.request<{ items: T[] }>({ method: 'GET', path })).items;

  async function readyReasons(): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const { status, metadata } of await list<CredentialObject>(credentials)) {
      const isCurrent = status?.observedGeneration === metadata.generation;
      const reason = isCurrent ? (conditionOf(status, 'Ready')?.reason ?? 'none') : 'outdated';
      counts[reason] = (counts[reason] ?? 0) + 1;
    }
    return counts;
  }

  test(`${count} credentials at once, replicas killed, API server and etcd crashed, secrets rotated and withdrawn: nothing is lost`, async () => {
    const { controlPlane } = cluster;
    if (controlPlane === undefined) throw new Error('an API server of our own can be broken');
    const first = [startReplica(), startReplica()];
    const created = Promise.all(
      names.map(async (name) => {
        await create(credentials, credentialObject(name, { namespace }));
        await create(secrets, secretObject(name, canarySecret(`${name}-old`), { namespace }));
      }),
    );
    // In the thick of it.
    await expect.poll(async () => (await list(credentials)).length, { timeout: 60_000 }).toBeGreaterThan(count / 4);
    for (const replica of first) await replica.end('SIGKILL');
    const [third, fourth] = [startReplica(), startReplica()];
    await expect.poll(async () => (await readyReasons())['Ready'] ?? 0, { timeout: 60_000 }).toBeGreaterThan(0);
    for (const program of ['kube-apiserver', 'etcd'] as const) await controlPlane.signal(program, 'KILL');
    for (const program of ['etcd', 'kube-apiserver'] as const) await controlPlane.start(program);
    await created;
    await third.end('SIGKILL');
    const rotated = names.slice(0, 300);
    const withdrawn = names.slice(300, 400);
    await Promise.all([
      ...rotated.map((name) => merge(`${secrets}/${name}`, { stringData: { 'client-secret': canarySecret(`${name}-new`) } })),
      ...withdrawn.map((name) => merge(`${secrets}/${name}`, { metadata: { labels: { 'tokenward.dev/credential': null } } })),
    ]);

    // Of those withdrawn before they were ever rendered it is another reason.
    const settled = async (): Promise<number> => {
      const { Ready = 0, ConsentWithdrawn = 0, Invalid = 0 } = await readyReasons();
      return Ready === count - withdrawn.length ? Ready + ConsentWithdrawn + Invalid : -1;
    };
    await expect.poll(settled, { timeout: 360_000, interval: 500 }).toBe(count);
    const found = new Map((await list<SecretObject>(secrets)).map((secret) => [secret.metadata.name, secret]));
    const held = (name: string): unknown =>
      (readCredentialJson(found.get(`tokenward-${name}`))?.['client'] as { secret?: string } | undefined)?.secret;
    const expected = (name: string): string | undefined => {
      if (withdrawn.includes(name)) return undefined;
      return canarySecret(`${name}-${rotated.includes(name) ? 'new' : 'old'}`);
    };
    expect(names.filter((name) => held(name) !== expected(name))).toEqual([]);
    await fourth.end('SIGTERM');

    // A new one finds nothing to do.
    const versions = async () =>
      [...(await list<SecretObject>(secrets)), ...(await list<CredentialObject>(credentials))].map(
        ({ metadata }) => metadata.resourceVersion,
      );
    const before = await versions();
    startReplica();
    await create(credentials, credentialObject('last', { namespace, secret: 'c1999' }));
    await expect.poll(async () => (await readyReasons())['Ready'], { timeout: 60_000 }).toBe(count - withdrawn.length + 1);
    const after = new Set(await versions());
    expect(before.filter((version) => !after.has(version))).toEqual([]);
  });
});
