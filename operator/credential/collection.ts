import type { Clock, Random } from '../../crds/clock.ts';
import type { ApiClient } from '../kube/api-client.ts';
import type { ApiObject } from '../kube/api-object.ts';
import { Reflector, type ReflectorLog, type ReflectorMetrics } from '../kube/reflector.ts';

export interface CollectionContext {
  readonly api: Pick<ApiClient, 'request' | 'watch'>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: ReflectorLog;
  readonly reflectorMetrics: (label: string) => ReflectorMetrics;
  /** Empty: the whole cluster. */
  readonly namespaces: readonly string[];
}

export interface CollectionOptions<T> {
  /** What precedes `namespaces/hr/secrets`: `/api/v1`. */
  readonly root: string;
  readonly resource: string;
  /** What metrics call it. */
  readonly label: string;
  readonly labelSelector?: string;
  readonly keep: (object: ApiObject) => T;
  readonly onChange: (key: string) => void;
}

/** The objects of one kind in all namespaces that are watched. One watch for the cluster, or one for each namespace. */
export class Collection<T> {
  readonly #reflectors: ReadonlyMap<string, Reflector<T>>;
  readonly #isNamespaced: boolean;

  constructor(
    { root, resource, label, ...options }: CollectionOptions<T>,
    { namespaces, reflectorMetrics, ...context }: CollectionContext,
  ) {
    this.#isNamespaced = namespaces.length > 0;
    const reflect = (path: string): Reflector<T> => new Reflector({ ...context, ...options, path, metrics: reflectorMetrics(label) });
    this.#reflectors = this.#isNamespaced
      ? new Map(namespaces.map((namespace) => [namespace, reflect(`${root}/namespaces/${namespace}/${resource}`)]))
      : new Map([['', reflect(`${root}/${resource}`)]]);
  }

  start(): void {
    for (const reflector of this.#reflectors.values()) reflector.start();
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#reflectors.values()].map((reflector) => reflector.stop()));
  }

  /** What is watched by itself: each namespace, or the whole cluster, which is called `''`. */
  get scopes(): readonly string[] {
    return [...this.#reflectors.keys()];
  }

  scopeOf(key: string): string {
    return this.#isNamespaced ? key.slice(0, key.indexOf('/')) : '';
  }

  /** Rejects if it is stopped before. */
  async synced(scope: string): Promise<void> {
    await this.#reflectors.get(scope)?.synced;
  }

  get(key: string): T | undefined {
    return this.#reflectors.get(this.scopeOf(key))?.get(key);
  }

  *list(): Generator<T> {
    for (const reflector of this.#reflectors.values()) yield* reflector.list();
  }

  /** The longest silence of a watch. */
  get silentForMs(): number {
    return Math.max(...[...this.#reflectors.values()].map(({ silentForMs }) => silentForMs));
  }
}
