import type { Clock } from '../crds/clock.ts';
import type { SidecarConfig } from '../crds/sidecar-config.ts';
import type { ProjectedTokenGrant } from '../sidecar/token/projected-token.ts';
import type { ApiCall } from './api/api-call.ts';
import { checkAllowed } from './api/check-allowed.ts';
import { describeToken } from './api/describe-token.ts';
import { examineApi } from './api/examine-api.ts';
import { readTokenFacts } from './api/token-facts.ts';
import type { Examination, RecordStep, Step, Verdict } from './examination.ts';
import { apiOf, tokenEndpointOf } from './network/destination.ts';
import { reach } from './network/reach.ts';
import { examineToken } from './token/examine-token.ts';

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
  /** Of the process: which proxies other programs use here. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Told of each step as soon as it is done. */
  readonly record: RecordStep;
}

export interface ExaminationContext {
  readonly clock: Clock;
}

/** Goes the way of a call, from DNS to the API's answer, one step after the other, and says who said no and why. */
export async function examine(it: Examined, { clock }: ExaminationContext): Promise<Examination> {
  const steps: Step[] = [];
  const record: RecordStep = (step) => {
    steps.push(step);
    it.record(step);
  };
  const verdict = await findVerdict({ ...it, record }, clock);
  return { version: 1, alias: it.alias, steps, verdict };
}

async function findVerdict(it: Examined, clock: Clock): Promise<Verdict> {
  const { config, probe, version, projectedToken, environment, record } = it;
  const reached = await reach(tokenEndpointOf(config), { clock, record, environment });
  if (!reached.ok) return reached.verdict;

  const asked = await examineToken({ config, probe, version, projectedToken }, { clock, record });
  if (!asked.ok) return asked.verdict;
  const { answer: token, material, sentWallMs } = asked.value;
  const issue = { nowMs: sentWallMs, lifetimeMs: token.lifetimeMs };
  const text = token.accessToken.reveal();
  record({ ...describeToken({ token: text, facts: readTokenFacts(text), issue, material }, config), tookMs: 0 });

  const allowed = checkAllowed(it.call, config);
  if (!allowed.ok) return refuseCall(allowed.verdict, record);
  const call = allowed.value;
  if (config.injection.soapHeader !== undefined) return withoutCall('the token goes into a SOAP envelope, and only a caller has one', it);
  if (call === undefined) return withoutCall('upstream.allow permits no path that can be guessed; --path names one', it);

  const reachedApi = await reach(apiOf(config), { clock, record, environment });
  if (!reachedApi.ok) return reachedApi.verdict;
  const userAgent = `tokenward/${version} (doctor)`;
  return examineApi({ config, call, token, issue, probe, version, projectedToken, userAgent }, { clock, record });
}

function refuseCall(verdict: Verdict, record: RecordStep): Verdict {
  record({ subject: 'api', name: 'API request', outcome: 'failed', tookMs: 0, summary: verdict.sentence, details: [] });
  return verdict;
}

/** All that could be looked at is well. */
function withoutCall(reason: string, { config, record }: Examined): Verdict {
  record({ subject: 'api', name: 'API request', outcome: 'skipped', tookMs: 0, summary: reason, details: [] });
  const [endpoint, api] = [config.tokenEndpoint.url, config.upstream.url].map((url) => new URL(url).host);
  return { code: 'works', sentence: `The token endpoint ${endpoint} issued a token; the API ${api} was not called: ${reason}.` };
}
