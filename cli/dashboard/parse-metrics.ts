import type { Consumer } from './overview.ts';

export type AliasNumbers = Required<Pick<Consumer, 'tokenRequests' | 'calls' | 'callsByClass' | 'errors'>>;

/** What a sidecar's `/metrics` counts for one alias. Lines that are not understood are passed over. */
export function parseMetrics(text: string, alias: string): AliasNumbers {
  const samples = [...samplesIn(text)].filter(({ labels }) => labels.get('alias') === alias);
  const of = (name: string) => samples.filter((sample) => sample.name === name);
  const requests = of('tokenward_token_requests_total');
  const ok = sum(requests.filter(({ labels }) => labels.get('outcome') === 'ok'));
  const errors = totals(of('tokenward_errors_total'), (code) => code);
  const answers = of('tokenward_requests_total');
  const failed = Object.values(errors).reduce((total, count) => total + count, 0);
  return {
    tokenRequests: { ok, failed: sum(requests) - ok },
    calls: { ok: Math.max(0, sum(answers) - failed), failed },
    callsByClass: totals(answers, (code) => `${code.slice(0, 1)}xx`),
    errors,
  };
}

interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

/** Prometheus' text format, as far as the sidecar writes it: no label of its holds a quote or a backslash. */
function* samplesIn(text: string): Generator<Sample> {
  for (const [, name = '', labels = '', value] of text.matchAll(/^(tokenward_\w+)\{([^}]*)\} (\S+)$/gm)) {
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label = '', content = '']) => [label, content] as const);
    if (Number.isFinite(Number(value))) yield { name, labels: new Map(pairs), value: Number(value) };
  }
}

const sum = (samples: readonly Sample[]): number => samples.reduce((total, { value }) => total + value, 0);

function totals(samples: readonly Sample[], nameOf: (code: string) => string): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { labels, value } of samples) {
    const name = nameOf(labels.get('code') ?? '');
    counts[name] = (counts[name] ?? 0) + value;
  }
  return counts;
}
