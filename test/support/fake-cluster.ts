import type { ApiObject } from '../../operator/kube/api-object.ts';

/** A collection of one resource and what happened to it: enough of an API server to list and to watch, in memory. */
export interface ClusterEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED';
  readonly object: ApiObject;
  readonly before: ApiObject | undefined;
  readonly version: number;
}

export interface WatchMessage {
  readonly type: string;
  readonly object: unknown;
}

/** `group/version/plural`, or `/v1/secrets`. */
export type Resource = string;

export class FakeCluster {
  #version = 100;
  #uids = 0;
  #oldestVersion = 0;
  readonly #objects = new Map<Resource, Map<string, ApiObject>>();
  readonly #events = new Map<Resource, ClusterEvent[]>();
  readonly #listeners = new Set<(resource: Resource, event: ClusterEvent) => void>();

  get version(): number {
    return this.#version;
  }

  get(resource: Resource, key: string): ApiObject | undefined {
    return this.#objects.get(resource)?.get(key);
  }

  list(
    resource: Resource,
    { namespace, labelSelector }: { namespace?: string | undefined; labelSelector?: string | undefined } = {},
  ): ApiObject[] {
    return [...(this.#objects.get(resource)?.entries() ?? [])]
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([, object]) => object)
      .filter((object) => isIn(object, namespace) && isSelected(object, labelSelector));
  }

  /** Creates or replaces; what stays the same keeps its version, as on the real server. */
  put<T extends ApiObject>(resource: Resource, object: T): T {
    const key = keyOf(object);
    const before = this.get(resource, key);
    const metadata = {
      creationTimestamp: '2026-01-01T00:00:00Z',
      ...object.metadata,
      uid: before?.metadata.uid ?? `uid-${(this.#uids += 1)}`,
      resourceVersion: before?.metadata.resourceVersion ?? '',
      generation: before?.metadata.generation ?? 1,
    };
    const unchanged = { ...structuredClone(object), metadata };
    if (before !== undefined && same(before, unchanged)) return before as T;
    if (before !== undefined && !same(withoutStatus(before), withoutStatus(unchanged))) metadata.generation += 1;
    this.#version += 1;
    const stored = { ...unchanged, metadata: { ...metadata, resourceVersion: String(this.#version) } };
    this.#collection(resource).set(key, stored);
    this.#happened(resource, { type: before === undefined ? 'ADDED' : 'MODIFIED', object: stored, before, version: this.#version });
    return stored;
  }

  delete(resource: Resource, key: string): ApiObject | undefined {
    const before = this.get(resource, key);
    if (before === undefined) return undefined;
    this.#version += 1;
    this.#collection(resource).delete(key);
    const object = { ...before, metadata: { ...before.metadata, resourceVersion: String(this.#version) } };
    this.#happened(resource, { type: 'DELETED', object, before, version: this.#version });
    return object;
  }

  /** What a watch from that version would have seen since; undefined if the server has forgotten it (410). */
  eventsSince(resource: Resource, version: number): readonly ClusterEvent[] | undefined {
    if (version < this.#oldestVersion) return undefined;
    return (this.#events.get(resource) ?? []).filter((event) => event.version > version);
  }

  onEvent(listener: (resource: Resource, event: ClusterEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  /** Forgets history: watches from before are answered 410. */
  compact(): void {
    this.#oldestVersion = this.#version;
    this.#events.clear();
  }

  /** Writes nothing, but the version goes on, as it does when other resources change. */
  age(by = 1): void {
    this.#version += by;
  }

  backup(): () => void {
    const objects = new Map([...this.#objects].map(([resource, collection]) => [resource, new Map(collection)]));
    const events = new Map([...this.#events].map(([resource, list]) => [resource, [...list]]));
    const [version, oldest] = [this.#version, this.#oldestVersion];
    return () => {
      this.#objects.clear();
      for (const [resource, collection] of objects) this.#objects.set(resource, new Map(collection));
      this.#events.clear();
      for (const [resource, list] of events) this.#events.set(resource, [...list]);
      this.#version = version;
      this.#oldestVersion = oldest;
    };
  }

  #collection(resource: Resource): Map<string, ApiObject> {
    let collection = this.#objects.get(resource);
    if (collection === undefined) this.#objects.set(resource, (collection = new Map()));
    return collection;
  }

  #happened(resource: Resource, event: ClusterEvent): void {
    const events = this.#events.get(resource);
    if (events === undefined) this.#events.set(resource, [event]);
    else events.push(event);
    for (const listener of this.#listeners) listener(resource, event);
  }
}

/** An event as a watch with that selector sees it: what stops matching goes away, what begins to match comes. */
export function asSeen(
  { object, before, type }: ClusterEvent,
  { namespace, labelSelector }: { namespace?: string | undefined; labelSelector?: string | undefined },
): WatchMessage | undefined {
  if (!isIn(object, namespace)) return undefined;
  const was = before !== undefined && isSelected(before, labelSelector);
  const is = type !== 'DELETED' && isSelected(object, labelSelector);
  if (was && is) return { type: 'MODIFIED', object };
  if (is) return { type: 'ADDED', object };
  // As the real server does: the last matching state, with the version of the change that took it away.
  return was
    ? { type: 'DELETED', object: { ...before, metadata: { ...before.metadata, resourceVersion: object.metadata.resourceVersion } } }
    : undefined;
}

function isIn({ metadata }: ApiObject, namespace: string | undefined): boolean {
  return namespace === undefined || metadata.namespace === namespace;
}

/** Equality only: `a=b,c=d`. */
function isSelected({ metadata }: ApiObject, selector: string | undefined): boolean {
  if (selector === undefined || selector === '') return true;
  return selector.split(',').every((term) => {
    const [name = '', value] = term.split('=');
    return metadata.labels?.[name] === value;
  });
}

function keyOf({ metadata }: ApiObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

function withoutStatus(object: ApiObject): object {
  const { status: _, metadata, ...rest } = object as ApiObject & { status?: unknown };
  return { ...rest, deletionTimestamp: metadata.deletionTimestamp };
}

function same(one: object, other: object): boolean {
  return JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([one], [two]) => (one < two ? -1 : 1))
      .map(([name, member]) => [name, sorted(member)]),
  );
}
