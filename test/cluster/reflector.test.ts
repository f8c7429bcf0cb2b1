import { KubeConfig } from '@kubernetes/client-node';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../crds/clock.ts';
import { ApiClient } from '../../operator/kube/api-client.ts';
import type { ApiObject } from '../../operator/kube/api-object.ts';
import { LeaderElection } from '../../operator/kube/leader-election.ts';
import { Reflector } from '../../operator/kube/reflector.ts';
import { FaultyProxy, type ProxyFault } from '../support/faulty-proxy.ts';
import { hurriedClock } from '../support/hurried-clock.ts';
import { until } from '../support/until.ts';
import type { Cluster } from './cluster.ts';
import { requireCluster } from './require-cluster.ts';

const provider = requireCluster({ nodes: false, purpose: 'to watch a real API server' });
/** A silence of 150 s is found out in 5. */
const hurry = 30;
const labelSelector = 'watched=true';

type ConfigMap = ApiObject & { data: { value: string } };

function configMap(name: string, value: string, labelled = true): ConfigMap {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { watched: String(labelled) } }, data: { value } };
}

describe.skipIf(provider === undefined)('with a real API server behind a faulty network', () => {
  let cluster: Cluster;
  let direct: ApiClient;
  let config: KubeConfig;

  beforeAll(async () => {
    if (provider === undefined) return;
    cluster = await provider.start();
    config = new KubeConfig();
    config.loadFromFile(cluster.kubeconfig);
    direct = new ApiClient(config, { clock: systemClock, userAgent: 'test' });
  });

  afterAll(async () => {
    direct?.close();
    await cluster?.stop();
  });

  /** A namespace, and a reflector of what is labelled in it that sees the server through a proxy of its own. */
  class Stage implements AsyncDisposable {
    readonly proxy: FaultyProxy;
    readonly reflector: Reflector<string>;
    /** The state of each key when it was last told. */
    readonly told = new Map<string, string | undefined>();
    readonly failures: string[] = [];
    readonly #api: ApiClient;
    readonly #path: string;

    private constructor(proxy: FaultyProxy, path: string) {
      const clock = hurriedClock(hurry);
      this.proxy = proxy;
      this.#path = path;
      this.#api = new ApiClient(proxy.config, { clock, userAgent: 'tokenward-operator/test' });
      this.reflector = new Reflector({
        api: this.#api,
        path,
        labelSelector,
        keep: (object) => (object as ConfigMap).data.value,
        onChange: (key) => this.told.set(key, this.reflector.get(key)),
        clock,
        random: Math.random,
        log: { warn: () => {}, error: () => {} },
        metrics: { listed: () => {}, failed: (code) => this.failures.push(code) },
      });
      this.reflector.start();
    }

    static async make(namespace: string): Promise<Stage> {
      await direct.request({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: namespace } } });
      return new Stage(await FaultyProxy.start(config), `/api/v1/namespaces/${namespace}/configmaps`);
    }

    async put(name: string, value: string, labelled = true): Promise<void> {
      await direct.apply({ path: `${this.#path}/${name}`, object: configMap(name, value, labelled) });
    }

    async delete(name: string): Promise<void> {
      await direct.request({ method: 'DELETE', path: `${this.#path}/${name}` }).catch(() => {});
    }

    /** What the server has, asked without the proxy. */
    async there(): Promise<Map<string, string>> {
      const list = await direct.request<{ items: ConfigMap[] }>({ method: 'GET', path: this.#path, query: { labelSelector } });
      return new Map(list.items.map(({ metadata, data }) => [`${metadata.namespace}/${metadata.name}`, data.value]));
    }

    /** Waits until the reflector has what the server has, and nobody was told otherwise. */
    async agrees(): Promise<void> {
      const there = await this.there();
      const knows = (key: string, value: string | undefined): boolean => this.reflector.get(key) === value && this.told.get(key) === value;
      await until(
        () =>
          this.reflector.size === there.size &&
          [...new Set([...there.keys(), ...this.told.keys()])].every((key) => knows(key, there.get(key))),
        'the reflector has what the server has',
      );
    }

    async [Symbol.asyncDispose](): Promise<void> {
      await this.reflector.stop();
      this.#api.close();
      await this.proxy[Symbol.asyncDispose]();
    }
  }

  test('changes, deletions and labels that go are seen as they happen', async () => {
    await using stage = await Stage.make('plain');
    await stage.put('before', '1');
    await stage.reflector.synced;
    await stage.put('a', '1');
    await stage.put('b', '1', false);
    await stage.put('c', '1');
    await stage.agrees();
    await stage.put('a', '2');
    await stage.put('b', '2');
    await stage.put('c', '2', false);
    await stage.delete('before');
    await stage.agrees();
    expect([...stage.reflector.list()].sort()).toEqual(['2', '2']);
  });

  test('a watch behind which the collection has moved on is sent a bookmark', async () => {
    await using stage = await Stage.make('bookmarks');
    await stage.put('a', '1');
    await stage.agrees();
    const path = '/api/v1/namespaces/bookmarks/configmaps';
    const { metadata } = await direct.request<Pick<ApiObject, 'metadata'>>({ method: 'GET', path });
    const query = { resourceVersion: metadata.resourceVersion, allowWatchBookmarks: true, timeoutSeconds: 12 };
    const types: string[] = [];
    let changes = 0;
    const elsewhere = setInterval(() => {
      changes += 1;
      void direct.apply({ path: '/api/v1/namespaces/default/configmaps/elsewhere', object: configMap('elsewhere', String(changes)) });
    }, 1_000);
    const watch = direct.watch<ApiObject>({ path, query, silenceMs: 60_000, signal: AbortSignal.timeout(60_000) });
    for await (const { type } of watch) types.push(type);
    clearInterval(elsewhere);
    expect(types.length).toBeGreaterThan(0);
    expect(new Set(types)).toEqual(new Set(['BOOKMARK']));
  });

  test.each<ProxyFault>([410, 429, 500, 401, 503, 'drop', 'hang'])('%s in the way of watches and lists loses nothing', async (fault) => {
    await using stage = await Stage.make(`fault-${fault}`);
    await stage.put('a', '1');
    await stage.put('b', '1');
    await stage.agrees();
    await until(() => stage.proxy.openWatches === 1);
    stage.proxy.faults.push(fault, fault, fault);
    stage.proxy.cut();
    await stage.put('a', '2');
    await stage.delete('b');
    await stage.agrees();
    await until(() => stage.proxy.met.length === 3);
    await stage.put('a', '3');
    await stage.agrees();
    expect([...stage.told]).toEqual([
      [`fault-${fault}/a`, '3'],
      [`fault-${fault}/b`, undefined],
    ]);
  });

  test('a connection that stays open and carries nothing any more is found out', async () => {
    await using stage = await Stage.make('stalled');
    await stage.put('a', '1');
    await stage.agrees();
    await until(() => stage.proxy.openWatches === 1);
    stage.proxy.stall();
    await stage.put('a', '2');
    await stage.agrees();
    expect(stage.failures).toEqual(['silent']);
  });

  test('an API server that was restarted and has forgotten its history is followed', async () => {
    await using stage = await Stage.make('restarted');
    if (cluster.controlPlane === undefined) throw new Error('an API server of our own can be broken');
    await stage.put('a', '1');
    await stage.put('b', '1');
    await stage.agrees();
    stage.proxy.stall();
    await stage.put('a', '2');
    await stage.delete('b');
    await cluster.controlPlane.signal('kube-apiserver', 'KILL');
    await until(() => stage.failures.includes('ECONNRESET') || stage.failures.length > 2);
    await cluster.controlPlane.start('kube-apiserver');
    await expect.poll(() => cluster.kubectl(['get', '--raw', '/readyz']).catch(String), { timeout: 60_000 }).toBe('ok');
    await stage.agrees();
    await stage.put('c', '1');
    await stage.agrees();
  });

  test('after any sequence of changes and faults the reflector has what the server has', async () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    const step = fc.oneof(
      { weight: 6, arbitrary: fc.record({ kind: fc.constant('put' as const), name, value: fc.nat(9), labelled: fc.boolean() }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), name }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom('cut' as const, 'stall' as const) }) },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('fault' as const),
          fault: fc.constantFrom<ProxyFault>(410, 429, 500, 401, 'drop', 'hang'),
        }),
      },
    );
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40, size: 'max' }), async (steps) => {
        runs += 1;
        await using stage = await Stage.make(`any-${runs}`);
        for (const next of steps) {
          if (next.kind === 'put') await stage.put(next.name, String(next.value), next.labelled);
          else if (next.kind === 'delete') await stage.delete(next.name);
          else if (next.kind === 'fault') stage.proxy.faults.push(next.fault);
          else stage.proxy[next.kind]();
        }
        stage.proxy.faults.length = 0;
        await stage.agrees();
      }),
      { numRuns: 10, endOnFailure: true },
    );
    expect(runs).toBeGreaterThanOrEqual(10);
  });

  test('one of two leads, and the other takes over when it lets go', async () => {
    await direct.request({ method: 'POST', path: '/api/v1/namespaces', body: { metadata: { name: 'elected' } } });
    const changes: string[] = [];
    const candidates = ['a', 'b'].map(
      (identity) =>
        new LeaderElection({
          api: direct,
          namespace: 'elected',
          name: 'tokenward-operator',
          identity,
          clock: systemClock,
          random: Math.random,
          onChange: (leading) => changes.push(`${identity} ${leading ? 'leads' : 'does not'}`),
          log: { warn: () => {} },
        }),
    );
    const [a, b] = candidates;
    if (a === undefined || b === undefined) throw new Error('two are needed');
    a.start();
    await until(() => a.leading);
    b.start();
    await a.stop();
    await until(() => b.leading);
    await b.stop();
    expect(changes).toEqual(['a leads', 'a does not', 'b leads', 'b does not']);
  });
});
