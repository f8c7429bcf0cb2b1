import type { ApiClient, ApiRequest, WatchEvent, WatchRequest } from '../../operator/kube/api-client.ts';
import { ApiError, ConnectionError } from '../../operator/kube/api-error.ts';
import type { ApiObject } from '../../operator/kube/api-object.ts';
import { serverSideApply } from '../support/apply-patch.ts';
import type { FakeClock } from '../support/fake-clock.ts';
import { asSeen, type FakeCluster, type Resource, type WatchMessage } from '../support/fake-cluster.ts';

/** What becomes of a write instead of an answer: refused before it had its effect, or the answer lost after it. */
export type Fault = 409 | 500 | 503 | 403 | 'lost' | 'cut';

interface Target {
  readonly resource: string;
  readonly namespace: string | undefined;
  readonly name: string | undefined;
  readonly subresource: string | undefined;
}

export interface Write {
  readonly request: string;
  /** Whether anything was different afterwards. */
  readonly changed: boolean;
}

/** The server's side: an API server in memory whose answers take the fake clock's time, as do its watches. */
export class MemoryApiServer {
  readonly cluster: FakeCluster;
  readonly clock: FakeClock;
  readonly writes: Write[] = [];
  readonly faults: Fault[] = [];
  /** A quota, or missing rights: no Secret can be created or changed. */
  refusesSecrets = false;
  /** So much later come `answers`, and the events of a resource. */
  readonly lagMs = new Map<string, number>();
  readonly #latencyMs: () => number;
  /** What was applied to an object last: what is not applied any more goes away. */
  readonly #applied = new Map<string, ApiObject>();
  readonly #watches = new Set<MemoryWatch>();

  constructor(cluster: FakeCluster, clock: FakeClock, latencyMs: () => number) {
    this.cluster = cluster;
    this.clock = clock;
    this.#latencyMs = latencyMs;
  }

  /** Ends all watches: in order, by a cut connection, or because history is forgotten. */
  endWatches(how: 'ended' | 'cut' | 'expired'): void {
    if (how === 'expired') this.cluster.compact();
    for (const watch of this.#watches) watch.end(how === 'cut' ? new ConnectionError('ECONNRESET', 'cut') : undefined);
  }

  async latency(of?: string): Promise<void> {
    const lagMs = of === undefined ? 0 : (this.lagMs.get(of) ?? 0);
    await new Promise<void>((resolve) => {
      this.clock.after(this.#latencyMs() + lagMs, resolve);
    });
  }

  openWatch(path: string, query: WatchRequest['query']): MemoryWatch {
    const { resource, namespace } = parsePath(path);
    const labelSelector = String(query['labelSelector'] ?? '');
    const history = this.cluster.eventsSince(resource, Number(query['resourceVersion'] ?? 0));
    const watch = new MemoryWatch(this, resource, (ended) => this.#watches.delete(ended));
    this.#watches.add(watch);
    if (history === undefined) {
      watch.send({ type: 'ERROR', object: { kind: 'Status', code: 410, reason: 'Expired' } });
      watch.end();
      return watch;
    }
    for (const event of history) watch.send(asSeen(event, { namespace, labelSelector }));
    watch.unsubscribe = this.cluster.onEvent((changed, event) => {
      if (changed === resource) watch.send(asSeen(event, { namespace, labelSelector }));
    });
    return watch;
  }

  answer({ method, path, body, contentType, query }: ApiRequest): unknown {
    const target = parsePath(path);
    if (method === 'GET') return this.#read(target, String(query?.['labelSelector'] ?? ''));
    const request = `${method} ${path}`;
    if (this.refusesSecrets && target.resource === '/v1/secrets' && method !== 'DELETE') throw failure(403, 'Forbidden');
    const fault = this.faults.shift();
    if (typeof fault === 'number') throw failure(fault, 'Fault');
    if (fault === 'cut') throw new ConnectionError('ECONNRESET', 'cut before');
    const before = this.cluster.version;
    const answer = this.#write(method, target, body as ApiObject, contentType === 'application/apply-patch+yaml');
    this.writes.push({ request, changed: this.cluster.version !== before });
    if (fault === 'lost') throw new ConnectionError('ECONNRESET', 'cut after');
    return answer;
  }

  #read({ resource, namespace, name }: Target, labelSelector: string): unknown {
    if (name === undefined) {
      const metadata = { resourceVersion: String(this.cluster.version) };
      return { metadata, items: this.cluster.list(resource, { namespace, labelSelector }) };
    }
    return this.#existing({ resource, namespace, name });
  }

  #existing({ resource, namespace, name }: Pick<Target, 'resource' | 'namespace' | 'name'>): ApiObject {
    const object = this.cluster.get(resource, `${namespace}/${name}`);
    if (object === undefined) throw failure(404, 'NotFound');
    return object;
  }

  #write(method: ApiRequest['method'], target: Target, body: ApiObject, isApply: boolean): unknown {
    const { resource, namespace, name, subresource } = target;
    if (method === 'POST') {
      if (this.cluster.get(resource, `${namespace}/${body.metadata.name}`) !== undefined) throw failure(409, 'AlreadyExists');
      return this.cluster.put(resource, body);
    }
    const before = this.#existing({ resource, namespace, name });
    if (method === 'DELETE') {
      const { preconditions } = body as unknown as { preconditions: ApiObject['metadata'] };
      checkPreconditions(preconditions, before);
      return this.cluster.delete(resource, `${namespace}/${name}`);
    }
    if (method !== 'PATCH' || !isApply) throw new Error(`nothing here does ${method}`);
    checkPreconditions(body.metadata, before);
    const applied = `${before.metadata.uid} ${subresource}`;
    const merged = serverSideApply(before, body, this.#applied.get(applied)) as ApiObject & { status?: unknown };
    this.#applied.set(applied, structuredClone(body));
    const { status: _, ...spec } = merged;
    const old = before as ApiObject & { status?: unknown };
    const next =
      subresource === 'status' ? { ...old, status: merged.status } : { ...spec, ...(old.status !== undefined && { status: old.status }) };
    return this.cluster.put(resource, next);
  }
}

class MemoryWatch {
  unsubscribe: () => void = () => {};
  readonly #server: MemoryApiServer;
  readonly #resource: Resource;
  readonly #onEnd: (watch: MemoryWatch) => void;
  readonly #messages: WatchMessage[] = [];
  #ended: { readonly error: Error | undefined } | undefined;
  #wake = (): void => {};

  constructor(server: MemoryApiServer, resource: Resource, onEnd: (watch: MemoryWatch) => void) {
    this.#server = server;
    this.#resource = resource;
    this.#onEnd = onEnd;
  }

  send(message: WatchMessage | undefined): void {
    if (message === undefined || this.#ended !== undefined) return;
    this.#messages.push(structuredClone(message));
    this.#wake();
  }

  end(error?: Error): void {
    this.#ended ??= { error };
    this.unsubscribe();
    this.#onEnd(this);
    this.#wake();
  }

  async *messages(): AsyncGenerator<WatchMessage, void, void> {
    for (;;) {
      const message = this.#messages.shift();
      if (message !== undefined) {
        await this.#server.latency(this.#resource);
        // What is on its way when the connection breaks is lost.
        if (this.#ended?.error) throw this.#ended.error;
        yield message;
      } else if (this.#ended !== undefined) {
        if (this.#ended.error) throw this.#ended.error;
        return;
      } else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
      }
    }
  }
}

/** The client's side, of one process: when that is killed nothing more comes through in either direction. */
export class MemoryApi implements Pick<ApiClient, 'request' | 'apply' | 'watch'> {
  readonly #server: MemoryApiServer;
  readonly #killed = new AbortController();
  /** Also of processes that are no more. */
  underWay = 0;

  constructor(server: MemoryApiServer) {
    this.#server = server;
  }

  kill(): void {
    this.#killed.abort(new ConnectionError('killed', 'the process is no more'));
  }

  async request<T>(call: ApiRequest): Promise<T> {
    this.underWay += 1;
    try {
      this.#throwIfOver(call.signal);
      await this.#server.latency();
      this.#throwIfOver(call.signal);
      const answer = structuredClone(this.#server.answer(call));
      await this.#server.latency('answers');
      this.#throwIfOver(call.signal);
      return answer as T;
    } finally {
      this.underWay -= 1;
    }
  }

  apply<T>({ path, object }: { path: string; object: ApiObject }): Promise<T> {
    return this.request({ method: 'PATCH', path, body: object, contentType: 'application/apply-patch+yaml' });
  }

  async *watch<T>({ path, query, signal }: WatchRequest): AsyncGenerator<WatchEvent<T>, void, void> {
    this.#throwIfOver(signal);
    await this.#server.latency();
    const watch = this.#server.openWatch(path, query);
    const over = AbortSignal.any([signal, this.#killed.signal]);
    const end = (): void => watch.end(new ConnectionError('aborted', 'the client has gone'));
    over.addEventListener('abort', end);
    if (over.aborted) end();
    try {
      yield* watch.messages() as AsyncGenerator<WatchEvent<T>>;
    } finally {
      over.removeEventListener('abort', end);
      watch.end();
    }
  }

  #throwIfOver(signal: AbortSignal | undefined): void {
    this.#killed.signal.throwIfAborted();
    signal?.throwIfAborted();
  }
}

function checkPreconditions(
  { uid, resourceVersion }: Pick<ApiObject['metadata'], 'uid' | 'resourceVersion'>,
  { metadata }: ApiObject,
): void {
  if (uid !== undefined && uid !== metadata.uid) throw failure(409, 'Conflict');
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) throw failure(409, 'Conflict');
}

const failure = (code: number, reason: string): ApiError => new ApiError(code, { code, reason });

function parsePath(path: string): Target {
  const match = /^\/(?:api|apis\/([^/]+))\/([^/]+)(?:\/namespaces\/([^/]+))?\/([^/]+)(?:\/([^/]+))?(?:\/([^/]+))?$/.exec(path);
  if (match === null) throw new Error(`no such path: ${path}`);
  const [, group = '', version, namespace, plural, name, subresource] = match;
  return { resource: `${group}/${version}/${plural}`, namespace, name, subresource };
}
