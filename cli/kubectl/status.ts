import type { Consumer, CredentialOverview, Overview, Tally, TokenOutcome } from '../dashboard/overview.ts';
import { formatAge, formatTable } from './format-table.ts';

const shownEvents = 5;

/** `kubectl tokenward status NAME`: all that is known of one credential, for people. */
export function formatStatus({ takenAtMs }: Overview, credential: CredentialOverview): readonly string[] {
  return [
    ...formatFacts(credential),
    '',
    ...formatConditions(credential, takenAtMs),
    '',
    ...formatConsumers(credential, takenAtMs),
    ...formatEvents(credential, takenAtMs),
  ];
}

function formatFacts(credential: CredentialOverview): readonly string[] {
  const { name, namespace, description, upstreamUrl, allow, tokenUrl, grant, authentication, clientId, scope, sources, revision } =
    credential;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['Credential', `${name}, namespace ${namespace}`],
    ['For', description],
    ['Reaches', upstreamUrl],
    ['Allows', allow.length === 0 ? 'everything below that URL' : allow.join('; ')],
    ['Token from', tokenUrl],
    ['Asked with', [grant, authentication, clientId && `client ${clientId}`, scope && `scope ${scope}`].filter(Boolean).join(', ')],
    ['Takes from', sources.map((source) => `${source.kind} ${source.name}`).join(', ') || 'no Secret'],
    ['Revision', revision ?? 'none: there is nothing that sidecars could read'],
  ];
  return facts.flatMap(([title, text]) => (text === undefined || text === '' ? [] : [`${title.padEnd(12)}${text}`]));
}

function formatConditions({ conditions, message }: CredentialOverview, nowMs: number): readonly string[] {
  if (conditions.length === 0) return [message ?? 'No operator has looked at it yet'];
  const rows = conditions.map(({ type, status, reason, sinceMs }) => [type, status, reason, formatSince(sinceMs, nowMs)]);
  const [header = '', ...lines] = formatTable(['CONDITION', 'STATUS', 'REASON', 'SINCE'], rows);
  return [header, ...lines.flatMap((line, index) => [line, ...indented(conditions[index]?.message ?? '')])];
}

function formatConsumers({ consumers }: CredentialOverview, nowMs: number): readonly string[] {
  if (consumers === undefined) return ['Which pods use it is not known'];
  if (consumers.length === 0) return ['No pod uses it: a pod asks for it with the annotation tokenward.dev/inject'];
  const rows = consumers.map((consumer) => [
    consumer.name,
    consumer.alias,
    consumer.phase,
    consumer.sidecarVersion ?? '<none>',
    formatRevision(consumer),
    formatToken(consumer, nowMs),
    formatTally(consumer.tokenRequests),
    formatCalls(consumer),
  ]);
  const [header = '', ...lines] = formatTable(
    ['POD', 'ALIAS', 'PHASE', 'SIDECAR', 'CONFIGURATION', 'TOKEN', 'TOKEN-REQUESTS', 'CALLS'],
    rows,
  );
  return [header, ...lines.flatMap((line, index) => [line, ...formatTrouble(consumers[index], nowMs)])];
}

function formatRevision({ revision, isCurrent }: Consumer): string {
  if (revision === undefined) return '<unknown>';
  if (isCurrent === undefined) return revision;
  return isCurrent ? 'newest' : `older: ${revision}`;
}

function formatToken({ token, unread, state }: Consumer, nowMs: number): string {
  if (unread !== undefined) return '<unknown>';
  if (state === 'pending') return 'no credential yet';
  if (state === 'invalid') return 'credential invalid';
  if (token.kind === 'unknown') return '<unknown>';
  if (token.kind === 'none') return 'not asked for yet';
  if (token.kind === 'failing') return `failing: ${token.code}`;
  return token.expiresAtMs === undefined ? 'valid' : `valid, ${formatAge(token.expiresAtMs - nowMs)} left`;
}

function formatTally(tally: Tally | undefined): string {
  return tally === undefined ? '<unknown>' : `${tally.ok} ok, ${tally.failed} failed`;
}

function formatCalls({ callsByClass }: Consumer): string {
  if (callsByClass === undefined) return '<unknown>';
  const classes = Object.entries(callsByClass).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return classes.length === 0 ? 'none' : classes.map(([name, count]) => `${count} ${name}`).join(', ');
}

function formatTrouble(consumer: Consumer | undefined, nowMs: number): readonly string[] {
  if (consumer === undefined) return [];
  const { unread, stateReason, token, errors = {} } = consumer;
  const failures = Object.entries(errors).map(([code, count]) => `${count} ${code}`);
  return [
    ...(unread === undefined ? [] : indented(unread)),
    ...(stateReason === undefined ? [] : indented(stateReason)),
    ...(token.kind === 'failing' ? formatFailure(token, nowMs) : []),
    ...(failures.length === 0 ? [] : indented(`Answered by the sidecar itself: ${failures.join(', ')} (docs/errors.md)`)),
  ];
}

function formatFailure(
  { detail, hint, expiresAtMs, nextTryAtMs }: Extract<TokenOutcome, { kind: 'failing' }>,
  nowMs: number,
): readonly string[] {
  return [
    ...indented([detail, hint].filter(Boolean).join(' ')),
    ...(expiresAtMs === undefined ? [] : indented(`An earlier token is valid for another ${formatAge(expiresAtMs - nowMs)}.`)),
    ...(nextTryAtMs === undefined || nextTryAtMs <= nowMs
      ? []
      : indented(`The next try is ${formatAge(nextTryAtMs - nowMs)} away at least.`)),
  ];
}

function formatEvents({ events }: CredentialOverview, nowMs: number): readonly string[] {
  if (events.length === 0) return [];
  const newest = events.toSorted((a, b) => b.atMs - a.atMs).slice(0, shownEvents);
  const rows = newest.map(({ atMs, type, reason, message }) => [formatSince(atMs, nowMs), type, reason, message.split('\n', 1)[0] ?? '']);
  return ['', ...formatTable(['EVENT', 'TYPE', 'REASON', 'NOTE'], rows)];
}

const formatSince = (atMs: number | undefined, nowMs: number): string =>
  atMs === undefined || Number.isNaN(atMs) ? '<unknown>' : formatAge(nowMs - atMs);
const indented = (text: string): readonly string[] => text.split('\n').map((line) => `  ${line}`);
