import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { TokenFailure } from '../../sidecar/failure.ts';
import type { TokenResponse } from '../../sidecar/token/read-token-answer.ts';
import { shown, shownTime, shownTimeSpan } from '../api/shown.ts';
import type { Mend, Verdict } from '../examination.ts';
import type { VerdictCode } from '../verdicts.ts';
import type { FailedAsked } from './ask-once.ts';
import { contentOf } from './describe-answer.ts';
import { notableSkewMs } from './clock-skew.ts';
import { findToken } from './find-token.ts';
import type { Judgement } from './refusal-kind.ts';
import type { Way } from './ways.ts';

/** Who said no to the token request and why, with what the sidecar itself advises. */
export function tokenVerdict(asked: FailedAsked, { code }: Judgement): Verdict {
  const { config, attempt } = asked;
  const { failure } = attempt;
  const skewed = skewVerdict(asked, code);
  if (skewed !== undefined) return skewed;
  const mend = code === 'token_missing' ? (findToken(asked) ?? mendOf(code, config, failure)) : mendOf(code, config, failure);
  return { code, sentence: sentenceOf(code, config, failure), ...(mend && { mend }), failure: failure.code };
}

/** The endpoint says no to the manifest's way and yes to another one. */
export function wrongWay({ config, attempt: { failure } }: FailedAsked, way: Way): Verdict {
  const { host } = new URL(config.tokenEndpoint.url);
  const losesScope = way.changes.some(({ path, value }) => path === 'spec.grant.scope' && value === undefined);
  const advice = losesScope ? { advice: 'Without a scope the endpoint chooses one: the API may want more than that.' } : {};
  return {
    code: 'token_wrong_way',
    sentence: `The token endpoint ${host} refuses the request as the manifest has it (${answerOf(failure)}), and gives a token if it is asked ${way.names.join(' and ')}.`,
    mend: { kind: 'manifest', changes: way.changes, tried: true, ...advice },
    failure: failure.code,
  };
}

/** Another way came further, but not to a token. */
export function furtherVerdict(first: FailedAsked, last: FailedAsked, judged: Judgement, way: Way): Verdict {
  const verdict = tokenVerdict(last, judged);
  const { host } = new URL(first.config.tokenEndpoint.url);
  const advice = verdict.mend && 'advice' in verdict.mend ? verdict.mend.advice : undefined;
  return {
    ...verdict,
    sentence: `The token endpoint ${host} refuses the request as the manifest has it (${answerOf(first.attempt.failure)}); asked ${way.names.join(' and ')} it comes further, and refuses that too (${answerOf(last.attempt.failure)}).`,
    mend: { kind: 'manifest', changes: way.changes, tried: false, ...(advice !== undefined && { advice: `This is not all. ${advice}` }) },
  };
}

function answerOf({ tokenEndpoint, code }: TokenFailure): string {
  if (tokenEndpoint === undefined) return code;
  const { status, error } = tokenEndpoint;
  return error === undefined ? `status ${status}` : `status ${status}, ${error}`;
}

const exchanged: Readonly<Record<SidecarConfig['grant']['type'], string>> = {
  ClientCredentials: 'the grant',
  Password: 'the user name and password',
  SAML2Bearer: 'the SAML assertion',
  JWTBearer: 'the assertion',
  TokenExchange: 'the token that is to be exchanged',
  RefreshToken: 'the refresh token',
  None: 'the login',
};

type Word = (config: SidecarConfig, said: { readonly who: string; readonly whom: string }) => string;

/** What the sidecar says of it is a sentence too: these are for answers of which it says little. */
const words: Readonly<Partial<Record<VerdictCode, Word>>> = {
  token_client_refused: (_config, { who, whom }) => `${who} does not accept ${whom} or how it shows who it is`,
  token_grant_refused: ({ grant }, { who }) => `${who} does not accept ${exchanged[grant.type]}`,
  token_scope_refused: ({ grant: { scope } }, { who, whom }) =>
    `${who} does not give ${whom} the scope ${scope === undefined ? 'that it would have' : `"${shown(scope)}"`}`,
  token_grant_unsupported: ({ grant }, { who }) => `${who} does not offer the grant ${grant.type} or did not find it in the request`,
  token_forbidden: (_config, { who, whom }) => `${who} forbids ${whom} to ask, or asking from here`,
  token_error_in_success: (_config, { who }) => `${who} says no in an answer that looks like success`,
  token_method_refused: ({ tokenEndpoint }, { who }) => `${who} does not take ${tokenEndpoint.method}`,
  token_not_found: ({ tokenEndpoint: { url } }) =>
    `There is no token endpoint under the path ${shown(new URL(url).pathname)} of ${new URL(url).host}`,
  token_throttled: (_config, { who }) => `${who} is asked too often`,
  token_endpoint_failed: (_config, { who }) => `${who} has failed itself`,
};

function sentenceOf(code: VerdictCode, config: SidecarConfig, failure: TokenFailure): string {
  const { tokenEndpoint, client } = config;
  const who = `The token endpoint ${new URL(tokenEndpoint.url).host}`;
  const whom = client.id === undefined ? 'the client' : `the client ${shown(client.id)}`;
  const sentence = words[code]?.(config, { who, whom });
  return sentence === undefined ? failure.detail : `${sentence} (${answerOf(failure)}).`;
}

/** The field that names what the endpoint does not accept, if it is a value in a Secret. */
function secretField(code: VerdictCode, { client, grant }: SidecarConfig): string | undefined {
  if (code === 'token_client_refused') {
    const { authentication } = client;
    if (authentication.startsWith('ClientSecret')) return 'spec.client.secretRef';
    if (authentication === 'PrivateKeyJWT') return 'spec.client.privateKeyJWT.keyRef';
    if (authentication === 'TLSClientAuth') return 'spec.tokenEndpoint.tls.clientCertificate';
    return client.clientAssertion && 'value' in client.clientAssertion ? 'spec.client.clientAssertion.assertionRef' : undefined;
  }
  if (code !== 'token_grant_refused') return undefined;
  if (grant.type === 'Password') return 'spec.grant.password.passwordRef';
  if (grant.type === 'RefreshToken') return 'spec.grant.refreshToken.refreshTokenRef';
  return undefined;
}

function mendOf(code: VerdictCode, config: SidecarConfig, { hint }: TokenFailure): Mend | undefined {
  if (hint === undefined) return undefined;
  const field = secretField(code, config);
  return field === undefined ? { kind: 'elsewhere', advice: hint } : { kind: 'secret', field, advice: hint };
}

/** What is signed here says when: a clock that is wrong is then reason enough. */
function skewVerdict(
  { config, response, request, sentWallMs, tookMs, attempt: { failure } }: FailedAsked,
  code: VerdictCode,
): Verdict | undefined {
  const { client, grant } = config;
  const signs =
    client.authentication === 'PrivateKeyJWT' ||
    client.authentication === 'ClientSecretJWT' ||
    grant.saml2Bearer?.assertion !== undefined ||
    grant.jwtBearer?.assertion !== undefined;
  const isAboutIt = code === 'token_client_refused' || code === 'token_grant_refused' || code === 'token_request_refused';
  if (!signs || !isAboutIt || request === undefined || response === undefined) return undefined;
  const clocks = wordsOnClocks(response, sentWallMs, tookMs);
  if (clocks === undefined) return undefined;
  const { host } = new URL(config.tokenEndpoint.url);
  return {
    code: 'clock_skew',
    sentence: `The token endpoint ${host} does not accept the signed assertion (${answerOf(failure)}), ${clocks}.`,
    mend: { kind: 'elsewhere', advice: 'Set the clock of this machine (of the node, for a pod) by NTP, and see that it stays right.' },
    failure: failure.code,
  };
}

/** What servers write in `error_description` of an assertion whose time is not now. */
const aboutTime =
  /not (?:yet )?(?:active|valid yet|valid before)|expired|in the (?:future|past)|too (?:old|early|far)|clock|\b(?:iat|nbf|exp)\b/i;

function wordsOnClocks(response: TokenResponse, sentWallMs: number, tookMs: number): string | undefined {
  const skewMs = notableSkewMs(response, sentWallMs, tookMs);
  const here = 'and the clock here, by which it is dated,';
  if (skewMs !== undefined) return `${here} is ${shownTimeSpan(skewMs)} ${skewMs > 0 ? 'behind' : 'ahead of'} that of the endpoint`;
  // Some servers do not tell their time.
  const content = response.headers['date'] === undefined ? contentOf(response) : undefined;
  const description = content?.kind === 'members' ? content.members['error_description'] : undefined;
  if (typeof description !== 'string' || !aboutTime.test(description)) return undefined;
  return `which it finds not to be valid at this time, ${here} says ${shownTime(sentWallMs)}`;
}
