import { pause, type Clock, type Random } from '../../crds/clock.ts';
import type { ApiClient, WatchEvent } from './api-client.ts';
import { ApiError, ConnectionError, type Status } from './api-error.ts';
import type { ApiObject } from './api-object.ts';
import { backoffMs } from './backoff.ts';
import { ChangeNotifier } from './change-notifier.ts';
import { listObjects } from './list-objects.ts';
import { ObjectStore } from './object-store.ts';
import { isOlder } from './resource-version.ts';

const backoff = { firstMs: 1_000, longestMs: 30_000 };
/** A Retry-After is kept to, but not for longer. */
const longestRetryAfterMs = 120_000;
/** The server is to end a watch within these, different for each, so that watches do not come back all at once. */
const shortestWatchSeconds = 240;
const longestWatchSeconds = 300;
/**
 * The server sends a bookmark each minute if its own copy has moved on. Without any for so long the connection is dead, or the server is not where
 * this reflector is, or nothing at all happens: the server is asked which.
 */
const silenceMs = 150_000;
/** A watch that lasted so long was a good one: the failures before it do not count any more. */
const goodWatchMs = 5_000;
/** So many failures in a row, and the resource version itself is doubted. */
const doubtAfterFailures = 5;
/** The net below the net: once an hour everything is listed anew and every key told, whether it changed or not. */
const resyncMs = 3_600_000;

export interface ReflectorLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

export interface ReflectorMetrics {
  listed(objects: number): void;
  /** Why a list or a watch failed: an HTTP status, or the code of a `ConnectionError`. `silent` may also be a server where nothing happens. */
  failed(code: string): void;
}

export interface ReflectorOptions<T> {
  readonly api: Pick<ApiClient, 'request' | 'watch'>;
  /** Of the collection: `/api/v1/secrets`, `/api/v1/namespaces/hr/secrets`. */
  readonly path: string;
  readonly labelSelector?: string;
  /** What is kept of an object in memory. May not throw, whatever the object is. */
  readonly keep: (object: ApiObject) => T;
  /** Hears of every key (`namespace/name`) that changed, came or went, after `get` answers what is there now. */
  readonly onChange: (key: string) => void;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: ReflectorLog;
  readonly metrics?: ReflectorMetrics;
}

/**
 * A copy of one collection of the API server, kept up to date by a list and then a watch for as long as it is not stopped: no answer and no
 * silence of the server ends it. Where it cannot be sure that it saw everything, it lists again and tells the difference.
 */
export class Reflector<T> {
  readonly #options: ReflectorOptions<T>;
  readonly #store: ObjectStore<T>;
  readonly #notifier: ChangeNotifier;
  readonly #stopping = new AbortController();
  readonly #synced = Promise.withResolvers<void>();
  #loop: Promise<void> | undefined;
  /** Where the watch goes on. Undefined means: list first. */
  #resourceVersion: string | undefined;
  /** The newest that was ever seen, whatever happened to it. */
  #lastSeen = '';
  #wasSilent = false;
  #failures = 0;
  #resyncedAtMs: number | undefined;
  #heardAtMs: number;

  constructor(options: ReflectorOptions<T>) {
    const { clock, keep, onChange, log, path } = options;
    this.#options = options;
    this.#store = new ObjectStore(keep);
    this.#notifier = new ChangeNotifier(clock, onChange, (key, error) =>
      log.error(
        { path, key, error: error instanceof Error ? error.name : typeof error },
        'A change could not be passed on; it will be again',
      ),
    );
    this.#heardAtMs = clock.monotonicMs();
    // Nobody need wait for it.
    this.#synced.promise.catch(() => {});
  }

  /** However often it is called, there is one watch. Throws after `stop`. */
  start(): void {
    if (this.#stopping.signal.aborted) throw new Error('A reflector that was stopped does not start again');
    this.#loop ??= this.#run();
  }

  /** When this resolves nothing is under way any more, and nothing begins. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#notifier.close();
    this.#synced.reject(new Error('The reflector was stopped before its first list'));
    await this.#loop;
  }

  get(key: string): T | undefined {
    return this.#store.get(key);
  }

  list(): Iterable<T> {
    return this.#store.values();
  }

  get size(): number {
    return this.#store.size;
  }

  /** Resolves when the first list is complete and told; rejects if the reflector is stopped before. */
  get synced(): Promise<void> {
    return this.#synced.promise;
  }

  /** Since the server last said anything, be it a bookmark: while all is well, at most a few minutes. */
  get silentForMs(): number {
    return this.#options.clock.monotonicMs() - this.#heardAtMs;
  }

  async #run(): Promise<void> {
    const { clock } = this.#options;
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      let delayMs: number;
      try {
        if (this.#wasSilent) await this.#compareHistory();
        if (this.#resourceVersion === undefined || this.#isResyncDue()) this.#resourceVersion = await this.#list();
        delayMs = await this.#watch(this.#resourceVersion);
      } catch (error) {
        if (signal.aborted) return;
        delayMs = this.#failed(error);
      }
      if (delayMs > 0) await pause(clock, delayMs, signal);
    }
  }

  async #list(): Promise<string> {
    const { api, path, labelSelector, keep, metrics } = this.#options;
    const { signal } = this.#stopping;
    let listed = new ObjectStore(keep);
    const resourceVersion = await listObjects(
      { api, path, labelSelector, signal },
      {
        restart: () => {
          listed = new ObjectStore(keep);
        },
        add: (object) => listed.put(object),
      },
    );
    if (resourceVersion === '') throw new ConnectionError('unreadable', 'The list carries no resource version');
    signal.throwIfAborted();
    this.#heard();
    metrics?.listed(listed.size);
    // A server that was restored from a backup hands out the same versions for other contents.
    const historyWentBack = isOlder(resourceVersion, this.#lastSeen);
    const resync = this.#isResyncDue();
    const changed = this.#store.replaceWith(listed);
    if (resync) this.#resyncedAtMs = this.#options.clock.monotonicMs();
    this.#lastSeen = resourceVersion;
    for (const key of resync || historyWentBack ? new Set([...changed, ...this.#store.keys()]) : changed) this.#notifier.tell(key);
    this.#synced.resolve();
    return resourceVersion;
  }

  /**
   * Asks for the server's version. A server that was restored from a backup says nothing to a watch from a version that is yet to come, and would
   * later leave out what happened until then.
   */
  async #compareHistory(): Promise<void> {
    const { api, path, labelSelector } = this.#options;
    const query = { labelSelector, limit: 1 };
    const list = await api.request<Pick<ApiObject, 'metadata'>>({ method: 'GET', path, query, signal: this.#stopping.signal });
    this.#heard();
    this.#wasSilent = false;
    if (isOlder(list.metadata.resourceVersion ?? '', this.#lastSeen)) this.#resourceVersion = undefined;
  }

  /** Watches until the server ends it; answers how long to wait before the next watch. */
  async #watch(resourceVersion: string): Promise<number> {
    const { api, path, labelSelector, clock, random } = this.#options;
    const startedMs = clock.monotonicMs();
    const timeoutSeconds = Math.round(shortestWatchSeconds + random() * (longestWatchSeconds - shortestWatchSeconds));
    const query = { labelSelector, resourceVersion, allowWatchBookmarks: true, timeoutSeconds };
    let changes = 0;
    const isGood = (): boolean => changes > 0 || clock.monotonicMs() - startedMs >= goodWatchMs;
    try {
      for await (const event of api.watch<ApiObject>({ path, query, silenceMs, signal: this.#stopping.signal })) {
        if (this.#stopping.signal.aborted) return 0;
        this.#heard();
        if (this.#take(event)) changes += 1;
      }
    } finally {
      if (isGood()) this.#failures = 0;
    }
    this.#heard();
    if (isGood()) return 0;
    this.#failures += 1;
    return backoffMs(backoff, this.#failures, random);
  }

  /** Answers whether the event was about an object. Throws if nothing that follows it can be relied on. */
  #take({ type, object }: WatchEvent<ApiObject>): boolean {
    if (type === 'ERROR') {
      const status = object as unknown as Status;
      throw new ApiError(status.code ?? 500, status);
    }
    const resourceVersion = object?.metadata?.resourceVersion;
    if (resourceVersion === undefined || !eventTypes.has(type)) {
      throw new ConnectionError('unreadable', 'The watch sent an event that is none');
    }
    if (isOlder(resourceVersion, this.#lastSeen)) {
      throw new ConnectionError('history_went_back', 'The watch sent an event that is older than the one before');
    }
    this.#resourceVersion = resourceVersion;
    this.#lastSeen = resourceVersion;
    if (type === 'BOOKMARK') return false;
    for (const key of type === 'DELETED' ? this.#store.delete(object) : this.#store.put(object)) this.#notifier.tell(key);
    return true;
  }

  /** Answers how long to wait before the next attempt. */
  #failed(error: unknown): number {
    const { log, metrics, path, random } = this.#options;
    this.#failures += 1;
    if (isLost(error) || this.#failures % doubtAfterFailures === 0) this.#resourceVersion = undefined;
    const retryAfterMs = error instanceof ApiError ? (error.retryAfterSeconds ?? 0) * 1_000 : 0;
    const delayMs = Math.max(backoffMs(backoff, this.#failures, random), Math.min(retryAfterMs, longestRetryAfterMs));
    const code = codeOf(error);
    metrics?.failed(code);
    this.#wasSilent ||= code === 'silent';
    if (code === 'silent') return delayMs;
    log.warn(
      { path, code, failures: this.#failures, relist: this.#resourceVersion === undefined, delayMs: Math.round(delayMs) },
      'List or watch failed; it is tried again',
    );
    return delayMs;
  }

  #isResyncDue(): boolean {
    return this.#resyncedAtMs === undefined || this.#options.clock.monotonicMs() - this.#resyncedAtMs >= resyncMs;
  }

  #heard(): void {
    this.#heardAtMs = this.#options.clock.monotonicMs();
  }
}

const eventTypes: ReadonlySet<string> = new Set(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK']);

/** Whether the resource version is of no more use: too old for the server, or too new for it. */
function isLost(error: unknown): boolean {
  if (error instanceof ConnectionError) return error.code === 'history_went_back';
  if (!(error instanceof ApiError)) return false;
  return error.status === 410 || error.status === 400 || error.reason === 'Expired' || error.causes.includes('ResourceVersionTooLarge');
}

function codeOf(error: unknown): string {
  if (error instanceof ApiError) return String(error.status);
  return error instanceof ConnectionError ? error.code : 'unexpected';
}
