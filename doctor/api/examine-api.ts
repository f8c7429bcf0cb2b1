import type { Clock } from '../../crds/clock.ts';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { TokenAnswer } from '../../sidecar/token/attempt.ts';
import { createTokenRequester } from '../../sidecar/token/create-token-requester.ts';
import type { ProjectedTokenGrant } from '../../sidecar/token/projected-token.ts';
import { applyChanges } from '../apply-changes.ts';
import type { Change, RecordStep, Verdict } from '../examination.ts';
import { isForOneUse } from '../is-for-one-use.ts';
import type { Remedy } from './advise-refusal.ts';
import type { ApiCall } from './api-call.ts';
import { callApi, type PlannedCall } from './call-api.ts';
import { isOfThisApi } from './is-of-this-api.ts';
import { shown } from './shown.ts';
import { readTokenFacts, type TokenFacts } from './token-facts.ts';

/** The call that a token was issued for. */
export interface ApiQuestion extends PlannedCall {
  readonly call: ApiCall;
  /** Whether changes of the credential may be tried. */
  readonly probe: boolean;
  readonly version: string;
  readonly projectedToken?: ProjectedTokenGrant | undefined;
}

export interface ApiContext {
  readonly clock: Clock;
  readonly record: RecordStep;
}

/** No endpoint locks a client out for so many requests. */
const mostTries = 4;

/** Calls the API; where it refuses the token, tries the changes that its answer suggests, and says what it comes to. */
export async function examineApi(question: ApiQuestion, context: ApiContext): Promise<Verdict> {
  const { verdict, remedies } = await callApi(question, context);
  const changing = remedies.filter(({ changes }) => changesSomething(changes, question.config));
  const why = question.probe
    ? isForOneUse(question.config)
      ? 'what is exchanged for the token may be good for one request'
      : undefined
    : 'as asked (--no-probe)';
  const tried = why === undefined ? changing.filter(({ changes }) => isOfThisApi(changes, question.config)) : [];
  const worked = tried.length === 0 ? undefined : await tryRemedies(tried.slice(0, mostTries), question, context);
  if (worked !== undefined) return withMend(verdict, worked, true);
  const untried = changing.find((remedy) => !tried.includes(remedy));
  if (untried === undefined) return verdict;
  const foreign = 'by its name that may be for another API, and this one would get a token for it';
  const summary = `${listChanges(untried.changes)} is not tried, ${why ?? foreign}`;
  context.record({ subject: 'api', name: 'Try', outcome: 'skipped', tookMs: 0, summary, details: [] });
  return untried.isNamed ? withMend(verdict, untried, false) : verdict;
}

/** What the credential says already has been tried. */
function changesSomething(changes: readonly Change[], config: SidecarConfig): boolean {
  return JSON.stringify(applyChanges(config, changes)) !== JSON.stringify(applyChanges(config, []));
}

function withMend(verdict: Verdict, { changes }: Remedy, tried: boolean): Verdict {
  return { ...verdict, mend: { kind: 'manifest', changes, tried } };
}

/** The first that helps, if any does. */
async function tryRemedies(remedies: readonly Remedy[], question: ApiQuestion, { clock, record }: ApiContext): Promise<Remedy | undefined> {
  const few = remedies.length === 1 ? 'one change of the credential is' : `at most ${remedies.length} changes of the credential are`;
  const summary = `${few} tried, until one works: each is one token request and one call of the API`;
  record({ subject: 'api', name: 'Try', outcome: 'ok', tookMs: 0, summary, details: [] });
  for (const remedy of remedies) {
    const startedMs = clock.monotonicMs();
    const { works, why } = await tryRemedy(remedy.changes, question, clock);
    const tookMs = clock.monotonicMs() - startedMs;
    record({
      subject: 'api',
      name: 'Try',
      outcome: works ? 'ok' : 'failed',
      tookMs,
      summary: `${listChanges(remedy.changes)}: ${why}`,
      details: [],
    });
    if (works) return remedy;
  }
  return undefined;
}

interface Tried {
  readonly works: boolean;
  readonly why: string;
}

async function tryRemedy(changes: readonly Change[], question: ApiQuestion, clock: Clock): Promise<Tried> {
  const config = applyChanges(question.config, changes);
  const isInjection = changes.every(({ path }) => path.startsWith('spec.injection.'));
  const asked = isInjection ? { ok: true as const, answer: question.token } : await askForToken(config, question, clock);
  if (!asked.ok) return { works: false, why: asked.detail };
  if (!isInjection && saysTheSame(question.token, asked.answer)) return { works: false, why: 'the token is as it was before' };
  const issue = { nowMs: clock.wallMs(), lifetimeMs: asked.answer.lifetimeMs };
  const { verdict, tokenAccepted } = await callApi({ ...question, config, token: asked.answer, issue }, { clock, record: () => {} });
  return { works: tokenAccepted, why: tokenAccepted ? 'works' : verdict.sentence };
}

type AskedToken = { readonly ok: true; readonly answer: TokenAnswer } | { readonly ok: false; readonly detail: string };

async function askForToken(config: SidecarConfig, { version, projectedToken }: ApiQuestion, clock: Clock): Promise<AskedToken> {
  const request = createTokenRequester(config, clock, version, projectedToken);
  try {
    const attempt = await request(new AbortController().signal);
    return attempt.ok ? attempt : { ok: false, detail: attempt.failure.detail };
  } finally {
    request.close();
  }
}

/** Of what an API looks at; undecided for tokens that cannot be read. */
function saysTheSame(before: TokenAnswer, after: TokenAnswer): boolean {
  const [one, other] = [before, after].map(({ accessToken }) => readTokenFacts(accessToken.reveal()));
  if (one === undefined || other === undefined) return false;
  const said = ({ issuer, audiences, scopes, kind }: TokenFacts): string =>
    JSON.stringify([issuer, audiences.toSorted(), scopes.toSorted(), kind]);
  return said(one) === said(other);
}

function listChanges(changes: readonly Change[]): string {
  return changes
    .map(({ path, value }) => `${path.replace(/^spec\./, '')}${value === undefined ? ' left out' : `: ${shown(value)}`}`)
    .join(', ');
}
