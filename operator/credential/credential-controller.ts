import type { Clock, Random } from '../../crds/clock.ts';
import type { ApiClient } from '../kube/api-client.ts';
import { ApiError, ConnectionError } from '../kube/api-error.ts';
import { objectKey } from '../kube/api-object.ts';
import type { ReflectorLog } from '../kube/reflector.ts';
import { WorkQueue } from '../kube/work-queue.ts';
import type { OperatorMetrics } from '../operator-metrics.ts';
import { conditionOf } from './conditions.ts';
import { ObservedCluster } from './observed-cluster.ts';
import { Reconciler, type ReconcileLog } from './reconcile.ts';
import { SourceIndex } from './source-index.ts';

/** Credentials that are worked on at once. */
const concurrency = 8;
const renderingPrefix = 'tokenward-';

export interface ControllerOptions {
  readonly api: Pick<ApiClient, 'request' | 'apply' | 'watch'>;
  /** Empty: all. */
  readonly namespaces: readonly string[];
  readonly instance: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: ReflectorLog & ReconcileLog;
  readonly metrics: OperatorMetrics;
}

/** Keeps every credential's rendering and status as they should be, from `start` to `stop`. Between the two, and only then, Secrets are held in memory. */
export class CredentialController {
  readonly #options: ControllerOptions;
  readonly #cluster: ObservedCluster;
  readonly #queue: WorkQueue;
  /** Of these the first look is complete. */
  readonly #synced = new Set<string>();

  constructor(options: ControllerOptions) {
    const { api, clock, random, log, metrics, namespaces, instance } = options;
    this.#options = options;
    const index = new SourceIndex();
    const add = (key: string): void => {
      if (this.#synced.has(this.#cluster.scopeOf(key))) this.#queue.add(key);
    };
    this.#cluster = new ObservedCluster(
      { api, clock, random, log, namespaces, reflectorMetrics: (resource) => metrics.reflector(resource) },
      {
        credentialChanged: add,
        secretChanged: (key) => {
          for (const credential of index.credentialsOf('Secret', key)) add(credential);
          const renderedFor = credentialRenderedInto(key);
          if (renderedFor !== undefined) add(renderedFor);
        },
        configMapChanged: (key) => {
          for (const credential of index.credentialsOf('ConfigMap', key)) add(credential);
        },
      },
    );
    const reconciler = new Reconciler({
      api,
      cluster: this.#cluster,
      index,
      clock,
      instance,
      log,
      lookAgain: (key, afterMs) => this.#queue.addAfter(key, afterMs),
      wrote: (what, verb) => metrics.wrote(what, verb),
    });
    this.#queue = new WorkQueue({
      clock,
      random,
      concurrency,
      work: (key) => metrics.timed(clock, () => reconciler.reconcile(key)),
      onError: (key, error, retryInMs) => this.#failed(key, error, retryInMs),
    });
  }

  /**
   * Resolves when the first look is complete and all credentials are queued; rejects if it is stopped before. No namespace waits for another:
   * one that was deleted, and the operator's rights in it with it, cannot be listed.
   */
  async start(): Promise<void> {
    this.#cluster.start();
    await Promise.all(this.#cluster.scopes.map((scope) => this.#begin(scope)));
  }

  /** What is under way ends; nothing begins any more. */
  async stop(): Promise<void> {
    await this.#queue.stop();
    await this.#cluster.stop();
  }

  get queueDepth(): number {
    return this.#queue.depth;
  }

  get silentForMs(): number {
    return this.#cluster.silentForMs;
  }

  /** Credentials by the reason of their Ready; empty for those that have none yet. */
  countByReason(): Map<string, number> {
    const counts = new Map<string, number>();
    for (const { status } of this.#cluster.credentials()) {
      const reason = conditionOf(status, 'Ready')?.reason ?? '';
      counts.set(reason, (counts.get(reason) ?? 0) + 1);
    }
    return counts;
  }

  async #begin(scope: string): Promise<void> {
    await this.#cluster.synced(scope);
    this.#synced.add(scope);
    for (const credential of this.#cluster.credentials()) {
      const key = objectKey(credential);
      if (this.#cluster.scopeOf(key) === scope) this.#queue.add(key);
    }
  }

  #failed(key: string, error: unknown, retryInMs: number): void {
    const code = error instanceof ApiError ? error.status : error instanceof ConnectionError ? error.code : nameOf(error);
    this.#options.log.warn(
      { credential: key, code, retryInMs: Math.round(retryInMs) },
      'A credential could not be brought up to date; it is tried again',
    );
  }
}

/** `hr/tokenward-lms` -> `hr/lms`. */
function credentialRenderedInto(secret: string): string | undefined {
  const at = secret.indexOf('/') + 1;
  return secret.startsWith(renderingPrefix, at) ? secret.slice(0, at) + secret.slice(at + renderingPrefix.length) : undefined;
}

/** No message: nobody knows what it quotes. */
const nameOf = (error: unknown): string => (error instanceof Error ? error.name : typeof error);
