import type { Metric } from 'prom-client';
import type { Failure } from '../failure.ts';
import type { TokenObserver } from '../token/token-observer.ts';
import { AliasMetrics } from './alias-metrics.ts';
import { DurationHistogram } from './duration-histogram.ts';
import { Counter, Gauge, Histogram, Registry } from './prom-client.ts';

/** All that `/metrics` shows; docs/metrics.md has a row for each. */
export class SidecarMetrics {
  readonly registry = new Registry();
  readonly #aliases = new Map<string, AliasMetrics>();
  readonly #unrouted = new AliasMetrics();
  readonly #tokenRequests: Counter<'alias' | 'outcome'>;
  readonly #tokenRequestDuration: Histogram<'alias'>;
  readonly #tokenExpiry: Gauge<'alias'>;
  readonly #reloads: Counter<'outcome'>;
  readonly #broken: Gauge<'alias'>;

  constructor() {
    const registers = [this.registry];
    this.#count('tokenward_requests_total', 'Requests by alias and the status they were answered with.', 'code', (alias) => alias.answers);
    this.#count('tokenward_errors_total', 'Failures of Tokenward itself, by alias and code.', 'code', (alias) => alias.errors);
    this.#count('tokenward_token_cache_total', 'Requests by what the token cache had for them.', 'result', ({ hits, stale, misses }) =>
      Object.entries({ hit: hits, stale, miss: misses }),
    );
    this.#count('tokenward_replays_total', 'Requests sent again with a fresh token.', undefined, ({ replays }) => [['', replays]]);
    this.#count(
      'tokenward_caller_authorization_dropped_total',
      'Requests that came with an Authorization of their own.',
      undefined,
      (alias) => [['', alias.authorizationsDropped]],
    );
    this.registry.registerMetric(new DurationHistogram(() => this.#aliases) as unknown as Metric);
    this.#tokenRequests = new Counter({
      name: 'tokenward_token_requests_total',
      help: 'HTTP requests to the token endpoint by outcome: ok, or the failure.',
      labelNames: ['alias', 'outcome'],
      registers,
    });
    this.#tokenRequestDuration = new Histogram({
      name: 'tokenward_token_request_duration_seconds',
      help: 'Duration of HTTP requests to the token endpoint.',
      labelNames: ['alias'],
      buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers,
    });
    this.#tokenExpiry = new Gauge({
      name: 'tokenward_token_expiry_timestamp_seconds',
      help: 'When the cached token expires, in seconds since the Unix epoch.',
      labelNames: ['alias'],
      registers,
    });
    this.#reloads = new Counter({
      name: 'tokenward_config_reloads_total',
      help: 'Changed configuration files by outcome: applied, removed, broken.',
      labelNames: ['outcome'],
      registers,
    });
    this.#broken = new Gauge({
      name: 'tokenward_config_broken',
      help: '1 while the configuration file of an alias cannot be used.',
      labelNames: ['alias'],
      registers,
    });
  }

  /** The numbers of one alias; they outlive a change of its credential. */
  alias(name: string): AliasMetrics {
    const known = this.#aliases.get(name);
    if (known !== undefined) return known;
    const metrics = new AliasMetrics();
    this.#aliases.set(name, metrics);
    return metrics;
  }

  refused({ code }: Failure, alias: string | undefined): void {
    (alias === undefined ? this.#unrouted : this.alias(alias)).refused(code);
  }

  reloaded(alias: string, outcome: 'applied' | 'removed' | 'broken'): void {
    this.#reloads.inc({ outcome });
    this.#broken.set({ alias }, outcome === 'broken' ? 1 : 0);
    if (outcome !== 'removed') return;
    this.#broken.remove({ alias });
    this.#aliases.delete(alias);
    this.#tokenExpiry.remove({ alias });
  }

  /** Aliases that share a token also share its numbers: they count for the one that came first. */
  tokenObserver(alias: string): Pick<TokenObserver, 'attempted' | 'obtained'> {
    return {
      attempted: (failure, durationMs) => {
        this.#tokenRequests.inc({ alias, outcome: failure === undefined ? 'ok' : failure.code });
        this.#tokenRequestDuration.observe({ alias }, durationMs / 1000);
      },
      obtained: (expiresAtWallMs) => this.#tokenExpiry.set({ alias }, expiresAtWallMs / 1000),
    };
  }

  #count(
    name: string,
    help: string,
    label: string | undefined,
    read: (metrics: AliasMetrics) => Iterable<readonly [number | string, number]>,
  ): void {
    const all = () => [...this.#aliases, ['', this.#unrouted] as const];
    const counter: Counter = new Counter({
      name,
      help,
      labelNames: label === undefined ? ['alias'] : ['alias', label],
      registers: [this.registry],
      collect: () => {
        counter.reset();
        for (const [alias, metrics] of all()) {
          for (const [value, count] of read(metrics))
            if (count > 0) counter.inc(label === undefined ? { alias } : { alias, [label]: value }, count);
        }
      },
    });
  }
}
