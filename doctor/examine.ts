import type { Clock, Random } from '../crds/clock.ts';
import type { SidecarConfig } from '../crds/sidecar-config.ts';
import type { ProjectedTokenGrant } from '../sidecar/token/projected-token.ts';
import type { ApiCall } from './api/api-call.ts';
import type { Examination, RecordStep, Step, Verdict } from './examination.ts';
import { createTokenRequester } from '../sidecar/token/create-token-requester.ts';

/** What is examined, and how. */
export interface Examined {
  readonly alias: string;
  readonly config: SidecarConfig;
  readonly call: ApiCall;
  /** Whether the token endpoint and the API may be asked again in other ways than the credential says. */
  readonly probe: boolean;
  /** Tokenward's, for the User-Agent. */
  readonly version: string;
  /** As the sidecar has it; without it a credential that asks for it gets no token. */
  readonly projectedToken?: ProjectedTokenGrant | undefined;
  /** Told of each step as soon as it is done. */
  readonly record: RecordStep;
}

export interface ExaminationContext {
  readonly clock: Clock;
  readonly random: Random;
}

/** Goes the way of a call, from DNS to the API's answer, one step after the other, and says who said no and why. */
export async function examine(it: Examined, context: ExaminationContext): Promise<Examination> {
  const steps: Step[] = [];
  const record: RecordStep = (step) => {
    steps.push(step);
    it.record(step);
  };
  const verdict = await findVerdict({ ...it, record }, context);
  return { version: 1, alias: it.alias, steps, verdict };
}

async function findVerdict({ config, version, projectedToken, record }: Examined, { clock }: ExaminationContext): Promise<Verdict> {
  const request = createTokenRequester(config, clock, version, projectedToken);
  const startedMs = clock.monotonicMs();
  const attempt = await request(new AbortController().signal);
  request.close();
  const summary = attempt.ok ? 'a token' : attempt.failure.detail;
  const tookMs = clock.monotonicMs() - startedMs;
  record({ subject: 'tokenEndpoint', name: 'Token answer', outcome: attempt.ok ? 'ok' : 'failed', tookMs, summary, details: [] });
  const { host } = new URL(config.upstream.url);
  return { code: 'works', sentence: `${host} was not called yet.` };
}
