import type { CredentialOverview, Overview } from '../dashboard/overview.ts';
import { formatJson } from './format-json.ts';
import { formatAge, formatTable } from './format-table.ts';

export type Output = 'json' | 'wide' | undefined;

type Column = readonly [title: string, read: (credential: CredentialOverview) => string];

/** `kubectl tokenward list`: a line for each credential. */
export function formatList(overview: Overview, output: Output, isEverywhere: boolean): readonly string[] {
  if (output === 'json') return [formatJson(overview)];
  const namespaces: Column = ['NAMESPACE', ({ namespace }) => namespace];
  const columns: readonly Column[] = [
    ...(isEverywhere ? [namespaces] : []),
    ['NAME', ({ name }) => name],
    ['READY', ({ conditions }) => conditions.find(({ type }) => type === 'Ready')?.status ?? 'Unknown'],
    ['REASON', ({ reason = 'Pending' }) => reason],
    ['CONSUMERS', ({ consumers }) => (consumers === undefined ? '?' : String(consumers.length))],
    ['REACHES', ({ upstreamUrl = '<none>' }) => upstreamUrl],
    ['AGE', ({ createdAtMs }) => (createdAtMs === undefined ? '<none>' : formatAge(overview.takenAtMs - createdAtMs))],
    ...(output === 'wide' ? wideColumns : []),
  ];
  const rows = overview.credentials.map((credential) => columns.map(([, read]) => read(credential)));
  return formatTable(
    columns.map(([title]) => title),
    rows,
  );
}

const wideColumns: readonly Column[] = [
  ['ALLOW', ({ allow }) => (allow.length === 0 ? 'all' : allow.join('; '))],
  ['GRANT', ({ grant = '<none>' }) => grant],
  ['AUTHENTICATION', ({ authentication = '<none>' }) => authentication],
  ['TOKEN-ENDPOINT', ({ tokenUrl = '<none>' }) => tokenUrl],
  ['REVISION', ({ revision = '<none>' }) => revision],
];
