import { type AliasMetrics, durationBuckets } from './alias-metrics.ts';

/** `tokenward_request_duration_seconds` as the metrics library wants to read it, straight from the aliases' own numbers. */
export class DurationHistogram {
  readonly name = 'tokenward_request_duration_seconds';
  readonly help = "Duration of requests, from the caller's headers to the end of the answer.";
  readonly type = 'histogram';
  readonly #aliases: () => ReadonlyMap<string, AliasMetrics>;

  constructor(aliases: () => ReadonlyMap<string, AliasMetrics>) {
    this.#aliases = aliases;
  }

  // oxlint-disable-next-line typescript/require-await -- the registry awaits it
  async get(): Promise<object> {
    const { name, help, type } = this;
    return { name, help, type, values: [...this.#aliases()].flatMap(([alias, metrics]) => this.#values(alias, metrics)) };
  }

  #values(alias: string, { durations, durationSumSeconds }: AliasMetrics): object[] {
    if (durations.length === 0) return [];
    let count = 0;
    const buckets = durations.map((value, i) => {
      count += value;
      return { labels: { le: durationBuckets[i] ?? '+Inf', alias }, value: count, metricName: `${this.name}_bucket` };
    });
    return [
      ...buckets,
      { labels: { alias }, value: durationSumSeconds, metricName: `${this.name}_sum` },
      { labels: { alias }, value: count, metricName: `${this.name}_count` },
    ];
  }
}
