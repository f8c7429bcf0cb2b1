/** What is measured. Smaller is better, except for throughput. */
const metrics = {
  cpuPerRequest: { label: 'CPU µs/request, full load', digits: 1 },
  cpuPerRequestAtRate: { label: 'CPU µs/request, 1,000/s', digits: 1 },
  throughput: { label: 'requests/s, full load', digits: 0 },
  p50: { label: 'latency µs p50, 1,000/s', digits: 0 },
  p99: { label: 'latency µs p99, 1,000/s', digits: 0 },
  start: { label: 'start to first answer, ms', digits: 0 },
  idleRss: { label: 'resident MB, idle', digits: 1 },
  idlePss: { label: 'proportional MB, idle', digits: 1 },
  idlePrivateDirty: { label: 'private dirty MB, idle', digits: 1 },
  loadedRss: { label: 'resident MB, loaded', digits: 1 },
  loadedPrivateDirty: { label: 'private dirty MB, loaded', digits: 1 },
} as const;

type Metric = keyof typeof metrics;

const order: Metric[] = ['cpuPerRequest', 'cpuPerRequestAtRate', 'throughput', 'p50', 'p99', 'start'];
order.push('idleRss', 'idlePss', 'idlePrivateDirty', 'loadedRss', 'loadedPrivateDirty');

/** One run's figures, in the unit of the metric's label. */
export type Measured = Partial<Record<Metric, number>>;

/** All runs of one contestant, in the order of the rounds. */
export interface Series {
  name: string;
  runs: Measured[];
}

/**
 * Markdown: first the ratio of the first series (ours) to every other, then the figures themselves, each as median and
 * spread. Ratios are taken round by round, so that whatever slowed a whole round down cancels out.
 */
export function report(ours: Series | undefined, peers: Series[]): string {
  const ratios = peers.filter(({ runs }) => ours !== undefined && runs.some((run) => run.cpuPerRequest !== undefined));
  const all = ours === undefined ? peers : [ours, ...peers];
  const sections = [
    table(
      'figure, median (min–max)',
      all.map(({ name }) => name),
      (metric) => all.map(({ runs }) => cell(values(runs, metric), metrics[metric].digits)),
    ),
  ];
  if (ours !== undefined && ratios.length > 0) {
    const headings = ratios.map(({ name }) => `${ours.name} / ${name}`);
    sections.unshift(table('ratio, median (min–max)', headings, (metric) => ratios.map((peer) => cell(ratio(ours, peer, metric), 2))));
  }
  return sections.join('\n\n');
}

function table(title: string, headings: string[], cells: (metric: Metric) => string[]): string {
  const rows = order.map((metric) => [metrics[metric].label, ...cells(metric)]);
  return [[title, ...headings], ['---', ...headings.map(() => '---:')], ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

const values = (runs: Measured[], metric: Metric): number[] => runs.flatMap((run) => run[metric] ?? []);

function ratio(ours: Series, peer: Series, metric: Metric): number[] {
  const theirs = values(peer.runs, metric);
  return values(ours.runs, metric).map((value, round) => value / (theirs[round] ?? Number.NaN));
}

function cell(numbers: number[], digits: number): string {
  if (numbers.length === 0) return '–';
  const sorted = [...numbers].sort((a, b) => a - b);
  const text = (value: number): string => value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${text(median(sorted))} (${text(sorted[0] ?? 0)}–${text(sorted.at(-1) ?? 0)})`;
}

function median(sorted: number[]): number {
  const [low = 0, high = low] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return (low + high) / 2;
}
