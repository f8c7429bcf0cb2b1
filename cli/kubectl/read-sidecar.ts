import * as z from 'zod';
import type { Clock } from '../../crds/clock.ts';
import type { Consumer, TokenOutcome } from '../dashboard/overview.ts';
import { parseMetrics } from '../dashboard/parse-metrics.ts';
import { getOver } from './get-over.ts';
import type { InjectedPod } from './injected-pod.ts';
import type { PodStreams } from './pod-streams.ts';

const failure = z.object({ code: z.string(), detail: z.string(), hint: z.string().optional() });

const token = z.object({
  status: z.enum(['none', 'valid', 'failing']),
  expiresAt: z.iso.datetime().optional(),
  failure: failure.optional(),
  nextTryAt: z.iso.datetime().optional(),
});

/** `GET /-/aliases`; what a newer sidecar says besides is passed over. */
const listing = z.object({
  aliases: z.array(
    z.object({
      alias: z.string(),
      state: z.enum(['ready', 'pending', 'invalid']),
      reason: z.string().optional(),
      broken: z.string().optional(),
      revision: z.string().optional(),
      token: token.optional(),
    }),
  ),
});

/** What a sidecar tells of one alias. */
export type AliasReading = Pick<
  Consumer,
  'state' | 'stateReason' | 'revision' | 'token' | 'tokenRequests' | 'calls' | 'callsByClass' | 'errors'
>;

/** Asks the sidecar of a pod how each of its aliases stands. Rejects with an Error whose message says why it cannot be asked. */
export async function readSidecar(
  { openPort }: Pick<PodStreams, 'openPort'>,
  pod: Pick<InjectedPod, 'namespace' | 'name' | 'proxyPort' | 'adminPort'>,
  clock: Clock,
): Promise<ReadonlyMap<string, AliasReading>> {
  const get = async (port: number, path: string): Promise<string> => getOver(await openPort(pod, port), port, path, clock);
  const [aliases, metrics] = await Promise.all([get(pod.proxyPort, '/-/aliases'), get(pod.adminPort, '/metrics')]);
  const parsed = listing.safeParse(parseJson(aliases));
  if (!parsed.success) throw new Error('its sidecar gave an answer that cannot be understood');
  return new Map(parsed.data.aliases.map((entry) => [entry.alias, { ...readAlias(entry), ...parseMetrics(metrics, entry.alias) }]));
}

function readAlias(entry: z.output<typeof listing>['aliases'][number]): AliasReading {
  const stateReason = entry.reason ?? entry.broken;
  return {
    state: entry.state,
    ...(stateReason !== undefined && { stateReason }),
    ...(entry.revision !== undefined && { revision: entry.revision }),
    token: entry.token === undefined ? { kind: 'unknown' } : readToken(entry.token),
  };
}

function readToken({ status, expiresAt, failure: failed, nextTryAt }: z.output<typeof token>): TokenOutcome {
  const until = expiresAt === undefined ? {} : { expiresAtMs: Date.parse(expiresAt) };
  if (status === 'valid') return { kind: 'valid', ...until };
  if (failed === undefined) return { kind: status === 'none' ? 'none' : 'unknown' };
  const { code, detail, hint } = failed;
  const next = nextTryAt === undefined ? {} : { nextTryAtMs: Date.parse(nextTryAt) };
  return { kind: 'failing', code, detail, ...(hint !== undefined && { hint }), ...until, ...next };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
