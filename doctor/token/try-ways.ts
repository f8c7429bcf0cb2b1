import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { buildTokenRequest } from '../../sidecar/token/build-token-request.ts';
import { applyChanges } from '../apply-changes.ts';
import type { RecordStep } from '../examination.ts';
import { isForOneUse } from '../is-for-one-use.ts';
import { type AskContext, askOnce, type FailedAsked, hasFailed } from './ask-once.ts';
import { judge, type Judgement, type RefusalKind } from './refusal-kind.ts';
import { join, otherWays, type Way } from './ways.ts';

/** Servers lock a client out after more than that. */
const mostTries = 4;

export interface Tries {
  readonly count: number;
  /** What brought a token, or at least came further than all before. */
  readonly best?: { readonly way: Way; readonly failed?: { readonly asked: FailedAsked; readonly judged: Judgement } };
}

export interface TryContext extends AskContext {
  readonly record: RecordStep;
  readonly probe: boolean;
}

const stages: Readonly<Record<RefusalKind, number>> = { method: 1, shape: 1, client: 2, scope: 3, none: 0 };

/** How far a request has come that was refused so. */
function progress({ kind, code }: Judgement): number {
  return code === 'token_grant_refused' || code === 'token_missing' ? 4 : stages[kind];
}

/** Asks in other ways, one after the other, where that may help and burns nothing, and ends with the first that brings a token. */
export async function tryWays(first: FailedAsked, judged: Judgement, context: TryContext): Promise<Tries> {
  const configOf = ({ changes }: Way): SidecarConfig => applyChanges(first.config, changes);
  const sent = new Set([keyOf(first.config, first)]);
  const isNew = (way: Way): boolean => !sent.has(keyOf(configOf(way), first));
  let queue = isForOneUse(first.config) ? [] : waysFrom(first, judged).filter(isNew);
  if (queue.length === 0) return { count: 0 };
  if (!announce(first, queue, judged, context)) return { count: 0 };

  let reached = progress(judged);
  let best: Tries['best'];
  let count = 0;
  for (let way = queue.shift(); way !== undefined && count < mostTries; way = queue.shift()) {
    if (!isNew(way)) continue;
    const config = configOf(way);
    sent.add(keyOf(config, first));
    count += 1;
    const asked = await askOnce(config, context);
    const failed = hasFailed(asked) ? asked : undefined;
    const now = failed && judge(failed);
    recordTry(context, way, asked.tookMs, failed);
    if (failed === undefined || now === undefined) return { count, best: { way } };
    // Without a judgement of the client there is none of the way either.
    if (stops(now)) break;
    if (progress(now) <= reached) continue;
    reached = progress(now);
    best = { way, failed: { asked: failed, judged: now } };
    const further = way;
    queue = waysFrom(failed, now).flatMap((next) => join(further, next) ?? []);
  }
  return { count, ...(best && { best }) };
}

function waysFrom({ config, attempt }: FailedAsked, { kind }: Judgement): Way[] {
  return [...otherWays(kind, config, attempt.failure.tokenEndpoint?.error)];
}

/** Two ways that send the same are one. */
function keyOf(config: SidecarConfig, { material }: FailedAsked): string {
  return JSON.stringify(buildTokenRequest(config, { material, because: { refused: false }, userAgent: '' }));
}

function announce({ config }: FailedAsked, queue: readonly Way[], judged: Judgement, { record, probe }: TryContext): boolean {
  const { host } = new URL(config.tokenEndpoint.url);
  const most = mostOf(queue, judged, config);
  const few = most === 1 ? 'one other way is tried' : `at most ${most} other ways are tried, until one works`;
  const summary = probe
    ? `${few}; for ${host} each that it refuses is one failed login`
    : `no other way is tried, as asked (--no-probe); it may be worth a try to ask ${queue[0]?.names.join(' and ')}`;
  record({ subject: 'tokenEndpoint', name: 'Try', outcome: probe ? 'ok' : 'skipped', tookMs: 0, summary, details: [] });
  return probe;
}

/** A way that comes further may lead to others. */
function mostOf(queue: readonly Way[], { kind }: Judgement, { grant }: SidecarConfig): number {
  if (kind === 'scope') return Math.min(queue.length, mostTries);
  return kind === 'client' ? Math.min(queue.length + (grant.scope ? 1 : 0), mostTries) : mostTries;
}

function recordTry({ record }: TryContext, { names, changes }: Way, tookMs: number, failed: FailedAsked | undefined): void {
  const { status, error } = failed?.attempt.failure.tokenEndpoint ?? {};
  const answer =
    failed === undefined ? 'a token' : status === undefined ? 'no answer' : `status ${status}${error === undefined ? '' : `, ${error}`}`;
  record({
    subject: 'tokenEndpoint',
    name: 'Try',
    outcome: failed === undefined ? 'ok' : 'failed',
    tookMs,
    summary: `${names.join(' and ')}: ${answer}`,
    details: changes.map(({ path, value }) =>
      value === undefined ? `without ${path}` : `${path}: ${typeof value === 'string' ? value : JSON.stringify(value)}`,
    ),
  });
}

const endings: ReadonlySet<string> = new Set([
  'token_throttled',
  'token_endpoint_failed',
  'token_no_answer',
  'connection_broken',
  'token_not_requested',
]);
const stops = ({ code }: Judgement): boolean => endings.has(code);
