import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { Clock } from '../crds/clock.ts';
import { ApiError } from './kube/api-error.ts';
import type { ReflectorMetrics } from './kube/reflector.ts';
import type { ReviewOutcome } from './webhook/webhook-server.ts';

/** What is asked when someone reads the metrics. */
export interface OperatorState {
  readonly leading: boolean;
  readonly queueDepth: number;
  readonly silentForMs: number;
  /** When the certificate that the webhook serves comes to its end, since the Unix epoch; undefined: there is none. */
  readonly certificateEndMs?: number | undefined;
  /** By the reason of Ready. */
  readonly credentials: ReadonlyMap<string, number>;
}

/** `tokenward_operator_*`; docs/metrics.md has one row for each. */
export class OperatorMetrics {
  readonly registry = new Registry();
  readonly #reconciles: Counter<'outcome'>;
  readonly #duration: Histogram;
  readonly #writes: Counter<'object' | 'verb'>;
  readonly #watchFailures: Counter<'resource' | 'code'>;
  readonly #lists: Counter<'resource'>;
  readonly #reviews: Histogram<'outcome'>;

  constructor(state: () => OperatorState) {
    const registers = [this.registry];
    const gauge = (name: string, help: string, value: () => number): void => {
      void new Gauge({
        name,
        help,
        registers,
        collect() {
          this.set(value());
        },
      });
    };
    this.#reconciles = new Counter({
      name: 'tokenward_operator_reconciles_total',
      help: 'Credentials looked at.',
      labelNames: ['outcome'],
      registers,
    });
    this.#duration = new Histogram({
      name: 'tokenward_operator_reconcile_duration_seconds',
      help: 'How long one took.',
      buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 30],
      registers,
    });
    this.#writes = new Counter({
      name: 'tokenward_operator_writes_total',
      help: 'What was written to the API server.',
      labelNames: ['object', 'verb'],
      registers,
    });
    this.#watchFailures = new Counter({
      name: 'tokenward_operator_watch_failures_total',
      help: 'Lists and watches that failed.',
      labelNames: ['resource', 'code'],
      registers,
    });
    this.#lists = new Counter({
      name: 'tokenward_operator_lists_total',
      help: 'Complete lists read.',
      labelNames: ['resource'],
      registers,
    });
    this.#reviews = new Histogram({
      name: 'tokenward_operator_review_duration_seconds',
      help: 'How long the webhook took for a pod.',
      labelNames: ['outcome'],
      buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5],
      registers,
    });
    void new Gauge({
      name: 'tokenward_operator_credentials',
      help: 'Credentials by the reason of Ready.',
      labelNames: ['reason'],
      registers,
      collect() {
        this.reset();
        for (const [reason, count] of state().credentials) this.set({ reason }, count);
      },
    });
    void new Gauge({
      name: 'tokenward_operator_certificate_expiry_timestamp_seconds',
      help: "When the webhook's certificate ends, in seconds since the Unix epoch.",
      registers,
      collect() {
        const { certificateEndMs } = state();
        // Zero would be the end of a certificate, too.
        if (certificateEndMs === undefined) this.remove();
        else this.set(certificateEndMs / 1000);
      },
    });
    gauge('tokenward_operator_leading', '1 while this replica leads.', () => (state().leading ? 1 : 0));
    gauge('tokenward_operator_queue_depth', 'Credentials that wait.', () => state().queueDepth);
    gauge('tokenward_operator_watch_silent_seconds', 'The longest silence of a watch.', () => state().silentForMs / 1000);
  }

  async timed(clock: Clock, reconcile: () => Promise<void>): Promise<void> {
    const startedMs = clock.monotonicMs();
    let outcome = 'error';
    try {
      await reconcile();
      outcome = 'ok';
    } catch (error) {
      if (error instanceof ApiError && error.status === 409) outcome = 'conflict';
      throw error;
    } finally {
      this.#reconciles.inc({ outcome });
      this.#duration.observe((clock.monotonicMs() - startedMs) / 1000);
    }
  }

  wrote(object: 'rendering' | 'status' | 'event', verb: 'create' | 'update' | 'delete'): void {
    this.#writes.inc({ object, verb });
  }

  reviewed(outcome: ReviewOutcome, durationMs: number): void {
    this.#reviews.observe({ outcome }, durationMs / 1000);
  }

  reflector(resource: string): ReflectorMetrics {
    return {
      listed: () => this.#lists.inc({ resource }),
      failed: (code) => this.#watchFailures.inc({ resource, code }),
    };
  }
}
