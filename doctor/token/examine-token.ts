import type { Clock } from '../../crds/clock.ts';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { TokenAnswer } from '../../sidecar/token/attempt.ts';
import { createTokenRequester } from '../../sidecar/token/create-token-requester.ts';
import type { ProjectedTokenGrant } from '../../sidecar/token/projected-token.ts';
import type { Outcome, RecordStep } from '../examination.ts';

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

/** Asks for a token as the sidecar does, shows what goes out and what comes, and where it is refused finds out what is wrong. */
export async function examineToken(question: TokenQuestion, { clock, record }: TokenContext): Promise<Outcome<TokenAnswer>> {
  const { config, version, projectedToken } = question;
  const request = createTokenRequester(config, clock, version, projectedToken);
  const startedMs = clock.monotonicMs();
  const attempt = await request(new AbortController().signal);
  request.close();
  const summary = attempt.ok ? 'a token' : attempt.failure.detail;
  const tookMs = clock.monotonicMs() - startedMs;
  record({ subject: 'tokenEndpoint', name: 'Token answer', outcome: attempt.ok ? 'ok' : 'failed', tookMs, summary, details: [] });
  if (attempt.ok) return { ok: true, value: attempt.answer };
  return { ok: false, verdict: { code: 'token_malformed', sentence: attempt.failure.detail, failure: attempt.failure.code } };
}
