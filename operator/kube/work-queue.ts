import type { Clock, Random } from '../../crds/clock.ts';
import { backoffMs } from './backoff.ts';

const backoff = { firstMs: 1_000, longestMs: 300_000 };

export interface WorkQueueOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** So many keys are worked on at once; one key never twice. */
  readonly concurrency: number;
  /** A rejection means: again, later. */
  readonly work: (key: string) => Promise<void>;
  /** May not throw. */
  readonly onError: (key: string, error: unknown, retryInMs: number) => void;
}

/**
 * Keys to work on, each at most once in the queue. A key that is added while it is worked on is worked on once more. One that failed comes back
 * after 1 s, doubling to 5 min, or at once if it is added again; success forgets its failures.
 */
export class WorkQueue {
  readonly #options: WorkQueueOptions;
  /** In the order in which they came. */
  readonly #ready = new Set<string>();
  readonly #running = new Map<string, Promise<void>>();
  readonly #again = new Set<string>();
  readonly #later = new Map<string, { readonly dueMs: number; readonly cancel: () => void }>();
  readonly #failures = new Map<string, number>();
  #stopped = false;

  constructor(options: WorkQueueOptions) {
    this.#options = options;
  }

  add(key: string): void {
    if (this.#stopped) return;
    if (this.#running.has(key)) {
      this.#again.add(key);
      return;
    }
    this.#ready.add(key);
    this.#startReady();
  }

  /** Of several times for one key the earliest counts: the work at that time decides anew. */
  addAfter(key: string, delayMs: number): void {
    if (this.#stopped) return;
    const { clock } = this.#options;
    const dueMs = clock.monotonicMs() + delayMs;
    const later = this.#later.get(key);
    if (later !== undefined && later.dueMs <= dueMs) return;
    later?.cancel();
    const cancel = clock.after(delayMs, () => {
      this.#later.delete(key);
      this.add(key);
    });
    this.#later.set(key, { dueMs, cancel });
  }

  /** Keys that could be worked on at once if there were more workers. */
  get depth(): number {
    return this.#ready.size + this.#again.size;
  }

  /** Nothing begins any more; resolves when what is under way has ended. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#ready.clear();
    this.#again.clear();
    for (const { cancel } of this.#later.values()) cancel();
    this.#later.clear();
    await Promise.all(this.#running.values());
  }

  #startReady(): void {
    for (const key of this.#ready) {
      if (this.#running.size >= this.#options.concurrency) return;
      this.#ready.delete(key);
      this.#running.set(key, this.#work(key));
    }
  }

  async #work(key: string): Promise<void> {
    try {
      // The caller of `add` has gone on before any work begins.
      await Promise.resolve();
      await this.#options.work(key);
      this.#failures.delete(key);
    } catch (error) {
      this.#failed(key, error);
    } finally {
      this.#running.delete(key);
      if (this.#again.delete(key)) this.#ready.add(key);
      if (!this.#stopped) this.#startReady();
    }
  }

  #failed(key: string, error: unknown): void {
    const failures = (this.#failures.get(key) ?? 0) + 1;
    this.#failures.set(key, failures);
    const retryInMs = backoffMs(backoff, failures, this.#options.random);
    this.addAfter(key, retryInMs);
    this.#options.onError(key, error, retryInMs);
  }
}
