import { type Judged, namesOf, ratiosOf } from './metrics.ts';
import { type Series, spreadOf } from './series.ts';

type Definitions<Name extends string> = Readonly<Record<Name, { readonly label: string; readonly digits: number }>>;

/** Whether each goal is met, by the median. */
export function goalsTable(judged: readonly Judged[]): string {
  const rows = judged.map(({ label, peer, ratios, goal }) => {
    const met = (spreadOf(ratios)?.median ?? Infinity) <= goal;
    return [label, peer, cell(ratios, 2), `≤ ${goal.toFixed(2)}`, met ? 'met' : '**not met**'];
  });
  return table(['', 'in ratio to', 'median (min–max)', 'goal', ''], rows);
}

/** The ratio of ours to every peer. */
export function ratiosTable<Name extends string>(
  definitions: Definitions<Name>,
  ours: Series<Name>,
  peers: readonly Series<Name>[],
): string {
  const headings = peers.map(({ name }) => `${ours.name} / ${name}`);
  const rows = namesOf(definitions).map((name) => [definitions[name].label, ...peers.map((peer) => cell(ratiosOf(ours, peer, name), 2))]);
  return table(['ratio, median (min–max)', ...headings], rows);
}

export function figuresTable<Name extends string>(definitions: Definitions<Name>, series: readonly Series<Name>[]): string {
  const rows = namesOf(definitions).map((name) => {
    const { label, digits } = definitions[name];
    return [
      label,
      ...series.map(({ runs }) =>
        cell(
          runs.flatMap((run) => run[name] ?? []),
          digits,
        ),
      ),
    ];
  });
  return table(['figure, median (min–max)', ...series.map(({ name }) => name)], rows);
}

/** Markdown; rows in which there is nothing but a label are left out. */
export function table(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  const full = rows.filter(([, ...cells]) => cells.some((text) => text !== nothing));
  return [headings, headings.map((_, index) => (index === 0 ? '---' : '---:')), ...full].map((row) => `| ${row.join(' | ')} |`).join('\n');
}

const nothing = '–';

function cell(numbers: readonly number[], digits: number): string {
  const spread = spreadOf(numbers);
  if (spread === undefined) return nothing;
  const text = (value: number): string => value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return `${text(spread.median)} (${text(spread.least)}–${text(spread.most)})`;
}
