import type { AnsweredCall } from './answered-call.ts';
import type { ApiVerdictCode, Reason } from './find-reason.ts';
import { gatewayOf } from './gateway.ts';
import { missingScopes } from './odd-claims.ts';
import { shownTimeSpan } from './shown.ts';

/** What follows "the API …", and before the status. */
type Say = (it: AnsweredCall) => string;

const list = (values: readonly string[], { safe }: AnsweredCall): string => values.slice(0, 10).map(safe).join(', ');

const refusals: Readonly<Partial<Record<ApiVerdictCode, Say>>> = {
  api_address_refused: () => 'refuses calls from the address that this one came from',
  api_audience_refused: (it) => {
    const { facts } = it;
    const wanted = wantedAudiences(it);
    const wants = wanted.length === 0 ? '' : `, and the API wants ${list(wanted, it)}`;
    if (facts === undefined) return `refused the token for its audience${wants}`;
    const has = facts.audiences.length === 0 ? 'it has no audience' : `its audience is ${list(facts.audiences, it)}`;
    return `refused the token because it is not meant for this API: ${has}${wants}`;
  },
  api_csrf_token_wanted: ({ call }) => `wants a CSRF token for ${call.method}, beside the access token`,
  api_forbidden: ({ call }) => `does not permit ${call.method} on this path, and does not say why; mostly the client has no role there`,
  api_issuer_refused: (it) => {
    const from = it.facts?.issuer === undefined ? '' : `: it was issued by ${it.safe(it.facts.issuer)}`;
    const trusts = it.issuer === undefined || it.issuer.relation === 'same' ? '' : `, and the API trusts ${it.safe(it.issuer.url)}`;
    return `refused the token because it does not trust who issued it${from}${trusts}`;
  },
  api_key_wanted: () => 'wants an API key beside the access token',
  api_scheme_refused: ({ words, safe }) => {
    const schemes = [...new Set(words.challenges.map(({ scheme }) => schemeNames[scheme] ?? safe(scheme)))];
    return `did not take the bearer token and asks for ${schemes.join(' or ')} instead`;
  },
  api_scope_missing: (it) => {
    const { facts, call } = it;
    const wanted = wantedScopes(it);
    const wants = wanted.length === 0 ? 'more scopes or roles than the token has' : `the scope ${wanted.map(it.safe).join(' ')}`;
    const has = facts === undefined ? '' : facts.scopes.length === 0 ? '; the token has none' : `; the token has ${list(facts.scopes, it)}`;
    return `knows the token, but ${call.method} on this path needs ${wants}${has}`;
  },
  api_tenant_refused: (it) => {
    const { facts, issuer, safe } = it;
    const of =
      facts?.tenant === undefined
        ? facts?.issuer === undefined
          ? ''
          : `: it was issued by ${safe(facts.issuer)}`
        : `: it is of ${safe(facts.tenant.value)}`;
    const wants = issuer?.relation === 'tenant' ? `, and the API is of ${safe(issuer.url)}` : '';
    return `refused the token because it is of another tenant${of}${wants}`;
  },
  api_token_expired: ({ facts, issue, answer }) => {
    const ago = facts?.expiresMs === undefined ? undefined : issue.nowMs - facts.expiresMs;
    if (ago !== undefined && ago > 0)
      return `refused the token because it has expired, ${shownTimeSpan(ago)} ago by the clock of this machine, though it was only just issued`;
    return `refused the token because it has expired, which it has not by the clock of this machine${clockOf(answer.headers['date'], issue.nowMs)}`;
  },
  api_token_not_seen: ({ config: { injection }, safe }) =>
    `did not see a token: it goes out in the header ${safe(injection.header)}${injection.scheme === undefined ? '' : ` with the scheme "${safe(injection.scheme)}"`}`,
  api_token_refused: () => 'refused the token, and does not say why',
  api_token_revoked: () => 'refused the token because it is not active: revoked, or unknown to whom the API asks about it',
  api_token_too_early: ({ facts, issue, answer }) => {
    const from = facts?.notBeforeMs ?? facts?.issuedMs;
    const ahead =
      from === undefined || from <= issue.nowMs
        ? ''
        : `: by ${shownTimeSpan(from - issue.nowMs)}, for the clock of who issued it is ahead of others`;
    return `refused the token because it is not valid yet${ahead}${clockOf(answer.headers['date'], issue.nowMs)}`;
  },
  api_user_wanted: ({ call }) => `wants a token of a user for ${call.method} on this path, and this one is of the client alone`,
  api_wrong_token: ({ facts }) =>
    `refused the token because it is ${facts?.kind === 'refresh' ? 'a refresh token' : facts?.kind === 'id' ? 'an ID token' : 'not the right kind of token'} and not an access token`,
};

const schemeNames: Readonly<Record<string, string>> = {
  basic: 'Basic (user and password)',
  dpop: 'DPoP (a token bound to a key)',
  negotiate: 'Negotiate (Kerberos)',
  ntlm: 'NTLM',
  digest: 'Digest (user and password)',
};

/** Who refused the call and why, in one sentence. */
export function wordRefusal(it: AnsweredCall, { code, inferred }: Reason): string {
  const what = refusals[code]?.(it) ?? 'refused the call';
  return `${refuser(it)} ${what} (${statusOf(it)}${inferred ? '; it does not say so, the token shows it' : ''}).`;
}

/** `The API api.example`, or what stands before it. */
export function refuser({ config, answer, words }: AnsweredCall): string {
  const gateway = gatewayOf(answer, words.text);
  const api = `API ${new URL(config.upstream.url).host}`;
  return gateway === undefined ? `The ${api}` : `${gateway.charAt(0).toUpperCase()}${gateway.slice(1)} before the ${api}`;
}

export function statusOf({ answer, words, safe }: AnsweredCall): string {
  return `status ${answer.status}${words.error === undefined ? '' : `, ${safe(words.error)}`}`;
}

/** Scopes that the challenge names (RFC 6750 section 3) and the token lacks; else those that were asked for in vain. They may be proposed. */
export function wantedScopes({ words, facts, config, safe }: AnsweredCall): readonly string[] {
  const named = words.bearer?.parameters.get('scope');
  const scopes = facts?.scopes ?? [];
  if (named !== undefined && named !== '') return missingScopes(scopes, named).filter((scope) => safe(scope) === scope);
  return facts === undefined ? [] : missingScopes(scopes, config.grant.scope);
}

const namedInText =
  /\b(?:expected|allowed|required|should be|must be|configured)(?: audiences?)?\W{1,4}((?:https?|api|urn):[^\s"',;)\]]+|[A-Za-z][\w.-]{2,63})/i;

/** Audiences that the API names, by RFC 9728 or in words, and the token does not have. */
export function wantedAudiences({ words, metadata, facts, safe }: AnsweredCall): readonly string[] {
  const said = /\baud/i.test(words.text) ? namedInText.exec(words.text)?.[1]?.replace(/[.:]$/, '') : undefined;
  const named = [
    ...['audience', 'resource', 'aud'].flatMap((name) => words.bearer?.parameters.get(name) ?? []),
    ...(metadata?.resource === undefined ? [] : [metadata.resource]),
    ...(said === undefined ? [] : [said]),
  ];
  return [...new Set(named)].filter((name) => name !== '' && safe(name) === name && !(facts?.audiences ?? []).includes(name));
}

/** The difference between the API's clock and ours, if it is one. */
function clockOf(date: string | string[] | undefined, nowMs: number): string {
  const theirs = typeof date === 'string' ? Date.parse(date) : Number.NaN;
  const ahead = theirs - nowMs;
  if (Number.isNaN(ahead) || Math.abs(ahead) < 30_000) return '';
  return `; the API's clock is ${shownTimeSpan(ahead)} ${ahead > 0 ? 'ahead of' : 'behind'} it`;
}
