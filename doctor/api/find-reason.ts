import type { VerdictCode } from '../verdicts.ts';
import type { AnsweredCall } from './answered-call.ts';
import { findOddities, type OddityCode } from './odd-claims.ts';

export type ApiVerdictCode = Extract<VerdictCode, `api_${string}`>;

export interface Reason {
  readonly code: ApiVerdictCode;
  /** The API does not say so: it follows from the token's claims. */
  readonly inferred: boolean;
}

/** SuccessFactors says by this that it does not know the token (any more), under one status or another. */
const unknownToken = /\bLGN0022\b/;

/** Whether an answer refuses the call for its token, and not for what it asks. RFC 6750 section 3.1 has 400, too. */
export function isRefusal({ answer: { status }, words }: AnsweredCall): boolean {
  return (
    status === 401 || status === 403 || (status >= 400 && (words.bearer?.parameters.has('error') === true || unknownToken.test(words.text)))
  );
}

/** Why an API refused, with 401 or 403: by what it says, else by what is odd about the token. */
export function findReason(it: AnsweredCall): Reason {
  const code = byHeaders(it) ?? byWords(it);
  if (code !== undefined) return { code, inferred: false };
  const inferred = byToken(it);
  if (inferred !== undefined) return { code: inferred, inferred: true };
  return { code: it.answer.status === 403 ? 'api_forbidden' : 'api_token_refused', inferred: false };
}

function byHeaders({ answer: { status, headers }, words }: AnsweredCall): ApiVerdictCode | undefined {
  if (/^required$/i.test(String(headers['x-csrf-token'] ?? ''))) return 'api_csrf_token_wanted';
  if (words.error === 'insufficient_scope') return 'api_scope_missing';
  // RFC 9470 section 3.
  if (words.error === 'insufficient_user_authentication') return 'api_user_wanted';
  const asksForOther = words.challenges.length > 0 && words.bearer === undefined;
  return status === 401 && asksForOther ? 'api_scheme_refused' : undefined;
}

interface Row {
  readonly code: ApiVerdictCode;
  readonly says: RegExp;
  /** Where only one of the two may mean it. */
  readonly status?: 401 | 403;
}

/** What APIs and gateways say, in the order in which it counts: the first row that fits. */
const rows: readonly Row[] = [
  { code: 'api_token_revoked', says: unknownToken },
  { code: 'api_csrf_token_wanted', says: /csrf/i },
  { code: 'api_key_wanted', says: /\bapi[ _-]?key\b|subscription key|FailedToResolveAPIKey|InvalidApiKey/i },
  {
    code: 'api_address_refused',
    says: /\bip(?:v[46])? ?(?:address|range|restriction|filter|allow|white)|(?:white|allow)-?listed|\bclient ip\b/i,
  },
  { code: 'api_token_too_early', says: /not yet valid|\bnbf\b|not[ _-]before|used before|issued in the future|\biat\b|jwt not active/i },
  { code: 'api_token_expired', says: /\bexpired|\bexp\b|lifetime validation/i },
  { code: 'api_token_revoked', says: /\brevoked\b|token.{0,20}(?:inactive|(?:not|isn't) active)/i },
  { code: 'api_audience_refused', says: /\baudiences?\b|\baud\b/i },
  { code: 'api_tenant_refused', says: /\btenant\b|identity zone|\bzid\b|wrong realm/i },
  {
    code: 'api_issuer_refused',
    says: /\bissuer\b|\biss\b|signature|\bkid\b|jwks|matching key|signing key|decode the jwt|verification fail/i,
  },
  { code: 'api_wrong_token', says: /\bid[ _-]?token\b|not an access token|refresh token/i },
  {
    code: 'api_user_wanted',
    says: /app(?:lication)?-only|delegated|without a user|no user\b|user (?:context|is required|token)|requires? (?:a|an authenticated) user/i,
  },
  { code: 'api_scope_missing', says: /\bscopes?\b/i },
  { code: 'api_scope_missing', says: /\broles?\b|privileges?|permissions?|authorit(?:y|ies)\b/i, status: 403 },
  {
    code: 'api_token_not_seen',
    says: /(?:no|missing|without)\b.{0,30}(?:token|authori[sz]ation|credentials)|(?:token|jwt|authorization header|credentials).{0,30}(?:is missing|missing|required|not found|not provided)/i,
    status: 401,
  },
];

function byWords(it: AnsweredCall): ApiVerdictCode | undefined {
  const { answer, words } = it;
  const row = rows.find(({ says, status = answer.status }) => status === answer.status && says.test(words.text));
  // Tenants of one server may have keys of their own.
  if (row?.code === 'api_issuer_refused' && it.issuer?.relation === 'tenant') return 'api_tenant_refused';
  // Keycloak says no more than that whatever is wrong, and it trusts itself.
  if (row?.code === 'api_issuer_refused' && isIssuersOwnApi(it)) return byTime(it) ?? 'api_token_revoked';
  // Keycloak says "not active" of all three.
  if (row?.code === 'api_token_revoked' && !/revoked|LGN0022/i.test(words.text)) return byTime(it) ?? row.code;
  return row?.code;
}

const meanings: Readonly<Partial<Record<OddityCode, ApiVerdictCode>>> = {
  kind: 'api_wrong_token',
  expired: 'api_token_expired',
  'too early': 'api_token_too_early',
  tenant: 'api_tenant_refused',
  audience: 'api_audience_refused',
  scope: 'api_scope_missing',
};

/** Oddities that an API answers with 403, for the token itself is good. */
const forbidding = new Set<OddityCode>(['scope']);

function byToken(it: AnsweredCall): ApiVerdictCode | undefined {
  const { answer, config, facts, issue, issuer, words } = it;
  const isForbidden = answer.status === 403;
  // RFC 6750 section 3.1: a challenge without an error is for those who sent no token.
  if (!isForbidden && isInjectedElsewhere(config) && words.error === undefined) return 'api_token_not_seen';
  const oddities = facts === undefined ? [] : findOddities(facts, config, issue).map(({ code }) => code);
  const early = oddities.find((code) => code === 'kind' || code === 'expired' || code === 'too early');
  if (!isForbidden && early !== undefined) return meanings[early];
  if (!isForbidden && issuer !== undefined && issuer.relation !== 'same') {
    return issuer.relation === 'tenant' ? 'api_tenant_refused' : 'api_issuer_refused';
  }
  const odd = oddities.find((code) => meanings[code] !== undefined && forbidding.has(code) === isForbidden);
  return odd && meanings[odd];
}

/** Below the issuer's own URL, as userinfo is. */
function isIssuersOwnApi({ facts, url }: AnsweredCall): boolean {
  return facts?.issuer !== undefined && url.startsWith(`${facts.issuer.replace(/\/$/, '')}/`);
}

function byTime({ facts, config, issue }: AnsweredCall): ApiVerdictCode | undefined {
  const codes = facts === undefined ? [] : findOddities(facts, config, issue).map(({ code }) => code);
  if (codes.includes('too early')) return 'api_token_too_early';
  return codes.includes('expired') ? 'api_token_expired' : undefined;
}

/** Not as RFC 6750 section 2.1 has it. */
export function isInjectedElsewhere({ injection }: AnsweredCall['config']): boolean {
  return injection.header.toLowerCase() !== 'authorization' || (injection.scheme !== undefined && !/^bearer$/i.test(injection.scheme));
}
