import type { Clock } from '../../crds/clock.ts';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { Failure, TokenFailure } from '../../sidecar/failure.ts';
import type { TokenAnswer } from '../../sidecar/token/attempt.ts';
import { authorizationValue } from '../../sidecar/token/authorization-value.ts';
import { holdsSecret, redactor } from '../../sidecar/token/redactor.ts';
import type { RecordStep, Verdict } from '../examination.ts';
import { readAnswerWords } from './answer-words.ts';
import type { AnsweredCall } from './answered-call.ts';
import type { ApiCall } from './api-call.ts';
import { buildApiRequest } from './build-api-request.ts';
import { describeAnswer, describeRequest } from './describe-call.ts';
import { type Judgement, judgeAnswer } from './judge-answer.ts';
import { findNamedIssuer } from './named-issuer.ts';
import type { Issue } from './odd-claims.ts';
import { readResourceMetadata } from './read-resource-metadata.ts';
import { openApi, sendApiRequest } from './send-api-request.ts';
import { redacted, shown, textOf } from './shown.ts';
import { readTokenFacts } from './token-facts.ts';

/** A call to be made, with the token that was issued for it. */
export interface PlannedCall {
  readonly config: SidecarConfig;
  readonly call: ApiCall;
  readonly token: TokenAnswer;
  /** When the token was asked for. */
  readonly issue: Issue;
  readonly userAgent: string;
}

export interface CallContext {
  readonly clock: Clock;
  readonly record: RecordStep;
}

/** Calls the API once, as the sidecar would on behalf of a workload, and judges its answer. */
export async function callApi(planned: PlannedCall, { clock, record }: CallContext): Promise<Judgement> {
  const { config, call, token, userAgent } = planned;
  const injection = authorizationValue({ value: token.accessToken, ...typesOf(token) }, config.injection);
  if (!injection.ok) return withoutCall(notInjectable(injection.failure));
  const pool = openApi(config);
  try {
    const request = buildApiRequest(config, call, { pool, authorization: injection.value, userAgent });
    record({ subject: 'api', name: 'API request', outcome: 'ok', tookMs: 0, ...describeRequest(request, config) });
    const startedMs = clock.monotonicMs();
    const outcome = await sendApiRequest(request, pool, config, clock);
    const tookMs = clock.monotonicMs() - startedMs;
    if (!outcome.ok) {
      record({ subject: 'api', name: 'API answer', outcome: 'failed', tookMs, summary: outcome.failure.detail, details: [] });
      return withoutCall(noAnswer(outcome.failure));
    }
    const words = readAnswerWords(outcome.answer);
    const metadata = await readResourceMetadata(words, pool, config, clock);
    const facts = readTokenFacts(token.accessToken.reveal());
    const issuer = findNamedIssuer(words, metadata, facts?.issuer);
    const answered: AnsweredCall = {
      ...planned,
      url: request.url,
      answer: outcome.answer,
      words,
      metadata,
      issuer,
      facts,
      ...redaction(planned),
    };
    const judgement = judgeAnswer(answered);
    record({ subject: 'api', name: 'API answer', tookMs, ...describeAnswer(answered, judgement) });
    return judgement;
  } finally {
    pool.close();
  }
}

function typesOf({ tokenType, issuedTokenType }: TokenAnswer): { type?: string; issuedType?: string } {
  return { ...(tokenType !== undefined && { type: tokenType }), ...(issuedTokenType !== undefined && { issuedType: issuedTokenType }) };
}

/** Of whomever: `{"` in base64. */
const jwt = /\beyJ[\w-]{6,}/;

/** The token is known here beside the credential's secrets. */
function redaction({ config, token }: PlannedCall): Pick<AnsweredCall, 'safe' | 'redact'> {
  // Whatever its name there, it is a token that an answer may repeat.
  const known = { subjectToken: token.accessToken };
  const redact = redactor(config, known);
  const isSecret = (text: string): boolean => jwt.test(text) || holdsSecret(config, known, text);
  return { redact, safe: (value) => (isSecret(textOf(value)) ? redacted : shown(value)) };
}

const withoutCall = (verdict: Verdict): Judgement => ({ verdict, tokenAccepted: false, remedies: [] });

function notInjectable({ code, detail, hint }: TokenFailure): Verdict {
  return {
    code: 'token_malformed',
    sentence: detail,
    failure: code,
    ...(hint !== undefined && { mend: { kind: 'elsewhere', advice: hint } }),
  };
}

/** What came after the connection was there, for the way to the API has been looked at before. */
function noAnswer({ code, detail, hint }: Failure): Verdict {
  const advice = hint ?? (code === 'upstream_timeout' ? 'See upstream.responseTimeoutSeconds, and whether the API is slow.' : undefined);
  return { code: 'api_no_answer', sentence: detail, failure: code, ...(advice !== undefined && { mend: { kind: 'elsewhere', advice } }) };
}
