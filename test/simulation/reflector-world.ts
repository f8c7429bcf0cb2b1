import type { ApiClient, ApiRequest, WatchEvent, WatchRequest } from '../../operator/kube/api-client.ts';
import { ApiError, ConnectionError } from '../../operator/kube/api-error.ts';
import type { ApiObject } from '../../operator/kube/api-object.ts';
import { CallLimit } from '../../operator/kube/call-limit.ts';
import { Reflector } from '../../operator/kube/reflector.ts';
import { asSeen, FakeCluster, type WatchMessage } from '../support/fake-cluster.ts';
import { FakeClock, settled } from '../support/fake-clock.ts';

export type Step =
  | { readonly kind: 'put'; readonly name: string; readonly value: number; readonly labelled: boolean }
  | { readonly kind: 'delete'; readonly name: string }
  | { readonly kind: 'pass'; readonly byMs: number }
  /** The next requests fail; 0 is a connection that breaks, -1 no answer at all. */
  | { readonly kind: 'fail'; readonly status: number; readonly times: number }
  /** The open watch breaks, ends in order, ends with an error in the stream, or goes silent. */
  | { readonly kind: 'cut' | 'end' | 'mute' | 'bookmark' }
  /** It sends the last event once more, or the one before that. */
  | { readonly kind: 'repeat' | 'late' }
  | { readonly kind: 'error'; readonly code: number }
  /** The next watch is accepted and says nothing. */
  | { readonly kind: 'silent' }
  | { readonly kind: 'compact' | 'expire-pages' | 'throw' }
  /** The store behind the server is saved; or goes back to what was saved, with another history from then on. */
  | { readonly kind: 'backup' | 'restore' };

const resource = '/v1/secrets';
const labelSelector = 'wanted=true';
const pageSize = 2;

/** An open watch, on the server's side: what it sends waits until the other side reads it. */
class Stream {
  readonly limit: CallLimit;
  readonly #queue: (WatchMessage | Error | 'end')[] = [];
  #wake = (): void => {};
  muted = false;

  constructor(limit: CallLimit) {
    this.limit = limit;
  }

  send(item: WatchMessage | Error | 'end'): void {
    if (this.muted && !(item instanceof Error) && item !== 'end') return;
    this.#queue.push(item);
    this.#wake();
  }

  async next(): Promise<WatchMessage | 'end'> {
    if (this.#queue.length === 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await this.limit.within(promise);
    }
    const item = this.#queue.shift();
    if (item === undefined || item instanceof Error) throw item ?? new Error('woken for nothing');
    return item;
  }
}

/** A reflector, and an API server that does to it whatever the steps say; no socket, and time moves only by `pass`. */
export class ReflectorWorld {
  readonly clock = new FakeClock();
  readonly cluster = new FakeCluster();
  readonly reflector: Reflector<number>;
  /** What each key was when it was last told: as whoever listens knows it. */
  readonly told = new Map<string, number | undefined>();
  readonly failures: string[] = [];
  readonly seen = { lists: 0, watches: 0, restored: false };
  readonly #streams = new Set<Stream>();
  readonly #faults: number[] = [];
  readonly #pages = new Map<string, { items: ApiObject[]; version: number }>();
  readonly #latenciesMs: readonly number[];
  #requests = 0;
  #silentWatches = 0;
  #throws = 0;
  #restore: (() => void) | undefined;
  readonly #sent: WatchMessage[] = [];

  constructor(latenciesMs: readonly number[]) {
    this.#latenciesMs = latenciesMs;
    const api: Pick<ApiClient, 'request' | 'watch'> = {
      request: async <T>(call: ApiRequest) => (await this.#list(call)) as T,
      watch: <T>(call: WatchRequest) => this.#watch(call) as AsyncGenerator<WatchEvent<T>, void, void>,
    };
    this.reflector = new Reflector({
      api,
      path: '/api/v1/secrets',
      labelSelector,
      keep: (object) => (object as ApiObject & { value: number }).value,
      onChange: (key) => this.#hear(key),
      clock: this.clock,
      random: () => 0.5,
      log: { warn: () => {}, error: () => {} },
      metrics: { listed: () => {}, failed: (code) => this.failures.push(code) },
    });
    this.cluster.onEvent((_, event) => {
      const message = asSeen(event, { labelSelector });
      if (message === undefined) return;
      this.#sent.push(message);
      for (const stream of this.#streams) stream.send(message);
    });
  }

  get openWatches(): number {
    return this.#streams.size;
  }

  get requests(): number {
    return this.#requests;
  }

  async take(step: Step): Promise<void> {
    const toAll = (item: WatchMessage | Error | 'end'): void => this.#streams.forEach((stream) => stream.send(item));
    switch (step.kind) {
      case 'put':
        this.cluster.put(resource, objectOf(step.name, step.value, step.labelled));
        break;
      case 'delete':
        this.cluster.delete(resource, `hr/${step.name}`);
        break;
      case 'pass':
        await this.clock.advance(step.byMs);
        break;
      case 'fail':
        for (let count = 0; count < step.times; count += 1) this.#faults.push(step.status);
        break;
      case 'cut':
        toAll(new ConnectionError('ECONNRESET', 'cut'));
        break;
      case 'end':
        toAll('end');
        break;
      case 'error':
        toAll({ type: 'ERROR', object: { kind: 'Status', code: step.code } });
        break;
      case 'mute':
        for (const stream of this.#streams) stream.muted = true;
        break;
      case 'silent':
        this.#silentWatches += 1;
        break;
      case 'repeat':
      case 'late': {
        const message = this.#sent.at(step.kind === 'repeat' ? -1 : -2);
        if (message !== undefined) toAll(message);
        break;
      }
      case 'bookmark':
        this.bookmark();
        break;
      case 'compact':
        this.cluster.compact();
        break;
      case 'expire-pages':
        this.#pages.clear();
        break;
      case 'throw':
        this.#throws += 1;
        break;
      case 'backup':
        this.#restore = this.cluster.backup();
        break;
      case 'restore':
        // The server restarts for it.
        if (this.#restore === undefined) break;
        toAll(new ConnectionError('ECONNRESET', 'restored'));
        this.#restore();
        this.#pages.clear();
        this.seen.restored = true;
        break;
    }
    await settled();
  }

  bookmark(): void {
    const object = { metadata: { resourceVersion: String(this.cluster.version) } };
    for (const stream of this.#streams) stream.send({ type: 'BOOKMARK', object });
  }

  /** No fault is left but those that have happened; the server does what a healthy one does. */
  async quiet(minutes: number): Promise<void> {
    this.#faults.length = 0;
    this.#silentWatches = 0;
    this.#throws = 0;
    for (let minute = 0; minute < minutes; minute += 1) {
      this.bookmark();
      await this.clock.advance(60_000);
    }
    // It may just be between two watches.
    for (let second = 0; second < 20 && this.openWatches === 0; second += 1) await this.clock.advance(1_000);
  }

  /** Where what the reflector has, or what it told, is not what the server has. */
  differences(): string[] {
    const there = new Map(
      this.cluster
        .list(resource, { labelSelector })
        .map((object) => [`hr/${object.metadata.name}`, (object as ReturnType<typeof objectOf>).value]),
    );
    const differences: string[] = [];
    for (const key of new Set([...there.keys(), ...this.told.keys()])) {
      const [is, has, heard] = [there.get(key), this.reflector.get(key), this.told.get(key)];
      if (has !== is) differences.push(`${key} is ${is}, the reflector has ${has}`);
      if (heard !== is) differences.push(`${key} is ${is}, told was ${heard}`);
    }
    if (this.reflector.size !== there.size) differences.push(`${there.size} objects, the reflector has ${this.reflector.size}`);
    return differences;
  }

  #hear(key: string): void {
    if (this.#throws > 0) {
      this.#throws -= 1;
      throw new Error('thrown by the test');
    }
    this.told.set(key, this.reflector.get(key));
  }

  async #list({ query = {}, signal, timeoutMs = 30_000 }: ApiRequest): Promise<object> {
    this.seen.lists += 1;
    const limit = new CallLimit(this.clock, signal);
    limit.allow(timeoutMs, 'timeout', 'no answer');
    try {
      await this.#arrive(limit);
      const version = this.cluster.version;
      const page =
        typeof query['continue'] === 'string'
          ? this.#pages.get(query['continue'])
          : { items: this.cluster.list(resource, { labelSelector }), version };
      if (page === undefined) throw new ApiError(410, { reason: 'Expired' });
      const items = query['limit'] === undefined ? page.items : page.items.slice(0, Math.min(pageSize, Number(query['limit'])));
      const left = page.items.slice(items.length);
      const next = left.length > 0 ? `page-${this.#requests}` : undefined;
      if (next !== undefined) this.#pages.set(next, { items: left, version: page.version });
      // On its way back things may happen, too.
      await this.#travel(limit);
      return { metadata: { resourceVersion: String(page.version), continue: next }, items };
    } finally {
      limit.end();
    }
  }

  async *#watch({ query, signal, silenceMs }: WatchRequest): AsyncGenerator<WatchMessage, void, void> {
    this.seen.watches += 1;
    const limit = new CallLimit(this.clock, signal);
    limit.allow(30_000, 'timeout', 'no answer');
    const stream = new Stream(limit);
    try {
      await this.#arrive(limit);
      const history = this.cluster.eventsSince(resource, Number(query['resourceVersion']));
      if (history === undefined) throw new ApiError(410, { reason: 'Expired' });
      stream.muted = this.#silentWatches > 0;
      this.#silentWatches = Math.max(0, this.#silentWatches - 1);
      for (const event of history) {
        const message = asSeen(event, { labelSelector });
        if (message !== undefined) stream.send(message);
      }
      this.#streams.add(stream);
      await this.#travel(limit);
      const cancelEnd = this.clock.after(Number(query['timeoutSeconds']) * 1_000, () => stream.send('end'));
      try {
        for (;;) {
          limit.allow(silenceMs, 'silent', 'no word');
          const message = await stream.next();
          if (message === 'end') return;
          yield message;
        }
      } finally {
        cancelEnd();
      }
    } finally {
      this.#streams.delete(stream);
      limit.end();
    }
  }

  /** The way of a request to the server, where it may fail. */
  async #arrive(limit: CallLimit): Promise<void> {
    this.#requests += 1;
    await this.#travel(limit);
    const status = this.#faults.shift();
    if (status === undefined) return;
    if (status === 0) throw new ConnectionError('ECONNREFUSED', 'refused');
    if (status === -1) await limit.within(new Promise(() => {}));
    throw new ApiError(status, { reason: 'Fault' });
  }

  async #travel(limit: CallLimit): Promise<void> {
    const latencyMs = this.#latenciesMs[this.#requests % this.#latenciesMs.length] ?? 0;
    if (latencyMs === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const cancel = this.clock.after(latencyMs, resolve);
    await limit.within(promise).finally(cancel);
  }
}

function objectOf(name: string, value: number, labelled: boolean): ApiObject & { value: number } {
  return { metadata: { name, namespace: 'hr', ...(labelled && { labels: { wanted: 'true' } }) }, value };
}
