import { randomUUID } from 'node:crypto';
import type { Clock } from '../../crds/clock.ts';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { TokenAnswer } from '../../sidecar/token/attempt.ts';
import type { ProjectedTokenGrant } from '../../sidecar/token/projected-token.ts';
import type { TokenMaterial } from '../../sidecar/token/token-material.ts';
import { shownTimeSpan } from '../api/shown.ts';
import type { Outcome, RecordStep } from '../examination.ts';
import { type AskContext, type Asked, askOnce, hasFailed } from './ask-once.ts';
import { notableSkewMs } from './clock-skew.ts';
import { describeAnswer } from './describe-answer.ts';
import { describeRequest } from './describe-request.ts';
import { judge } from './refusal-kind.ts';
import { afterTries } from './refused-client.ts';
import { furtherVerdict, tokenVerdict, wrongWay } from './token-verdict.ts';
import { tryWays } from './try-ways.ts';

/** The credential whose token is asked for. */
export interface TokenQuestion {
  readonly config: SidecarConfig;
  /** Whether the endpoint may be asked in other ways if it refuses. */
  readonly probe: boolean;
  /** Tokenward's, for the User-Agent. */
  readonly version: string;
  readonly projectedToken?: ProjectedTokenGrant | undefined;
}

export interface TokenContext {
  readonly clock: Clock;
  readonly record: RecordStep;
}

/** A token, and what its request held: of use to whoever redacts. */
export interface IssuedToken {
  readonly answer: TokenAnswer;
  readonly material: TokenMaterial;
  /** By our clock. */
  readonly sentWallMs: number;
}

/** Asks for a token as the sidecar does, shows what goes out and what comes, and where it is refused finds out what is wrong. */
export async function examineToken(question: TokenQuestion, { clock, record }: TokenContext): Promise<Outcome<IssuedToken>> {
  const { config, probe, version, projectedToken } = question;
  const context: AskContext = { clock, newId: randomUUID, projectedToken, userAgent: `tokenward/${version}` };
  const requestStep = { subject: 'tokenEndpoint', name: 'Token request' } as const;
  const startedMs = clock.monotonicMs();
  const asked = await askOnce(config, context, (request, sent) => {
    const tookMs = clock.monotonicMs() - startedMs;
    record({ ...requestStep, outcome: 'ok', tookMs, ...describeRequest(config, request, sent) });
  });
  const { attempt, material, sentWallMs } = asked;
  if (asked.request !== undefined) recordAnswer(asked, record);
  else if (!attempt.ok) record({ ...requestStep, outcome: 'failed', tookMs: asked.tookMs, summary: attempt.failure.detail, details: [] });
  if (attempt.ok) return { ok: true, value: { answer: attempt.answer, material, sentWallMs } };
  if (!hasFailed(asked)) throw new Error('an attempt that brought nothing has failed');

  const judged = judge(asked);
  const { count, best } = await tryWays(asked, judged, { ...context, record, probe });
  if (best === undefined) return { ok: false, verdict: afterTries(tokenVerdict(asked, judged), count, config, asked.attempt.failure) };
  const { way, failed } = best;
  return { ok: false, verdict: failed === undefined ? wrongWay(asked, way) : furtherVerdict(asked, failed.asked, failed.judged, way) };
}

function recordAnswer({ config, response, material, attempt, sentWallMs, tookMs }: Asked, record: RecordStep): void {
  const skewMs = response && notableSkewMs(response, sentWallMs, tookMs);
  const skew =
    skewMs === undefined
      ? []
      : [`odd: the clock here is ${shownTimeSpan(skewMs)} ${skewMs > 0 ? 'behind' : 'ahead of'} that of the endpoint (its Date header)`];
  record({
    subject: 'tokenEndpoint',
    name: 'Token answer',
    outcome: !attempt.ok ? 'failed' : skewMs === undefined ? 'ok' : 'odd',
    tookMs,
    summary: attempt.ok
      ? `status ${response?.status ?? 0}, a token for ${shownTimeSpan(attempt.answer.lifetimeMs)}`
      : attempt.failure.detail,
    details: [...(response === undefined ? [] : describeAnswer(config, material, response)), ...skew],
  });
}
