import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { holdsSecret } from '../../sidecar/token/redactor.ts';
import type { TokenMaterial } from '../../sidecar/token/token-material.ts';
import type { Step } from '../examination.ts';
import { findOddities, type Issue } from './odd-claims.ts';
import { isEncryptedJwt } from './read-jwt.ts';
import { redacted, shown, shownTime, shownTimeSpan, textOf } from './shown.ts';
import type { TokenFacts } from './token-facts.ts';

/** Claims of which the name alone is shown: they are about a person. */
const personal =
  /^(?:e-?mail|mail|upn|unique_name|preferred_username|user_?name|name|given_name|family_name|middle_name|nickname|phone\w*|birthdate|address|picture|website|profile|login_?name|verified_primary_email|ipaddr)$/i;

/** Those that have a line of their own. */
const told = new Set(
  (
    'iss sub aud scope scp roles authorities permissions realm_access azp client_id appid cid exp iat nbf tid zid ext_attr app_tid zone_uuid' +
    ' tenant org_id typ token_use'
  ).split(' '),
);

const mostScopes = 20;
const mostNames = 20;
const claimName = /^[\w.:/-]{1,40}$/;

/** What is known of a token that was issued. */
export interface DescribedToken {
  readonly token: string;
  /** Undefined if only its issuer can read it. */
  readonly facts: TokenFacts | undefined;
  readonly issue: Issue;
  readonly material: TokenMaterial;
}

/** The step that looks at the token: its claims, and what is odd about them. Of the token itself nothing is shown. */
export function describeToken({ token, facts, issue, material }: DescribedToken, config: SidecarConfig): Omit<Step, 'tookMs'> {
  const step = { subject: 'tokenEndpoint', name: 'Token' } as const;
  if (facts === undefined) {
    const kind = isEncryptedJwt(token) ? 'an encrypted JWT' : 'no JWT';
    const summary = `${kind}, ${token.length} characters: only those whom it is for can read what it says`;
    return { ...step, outcome: 'ok', summary, details: [`lives for ${shownTimeSpan(issue.lifetimeMs)}`] };
  }
  const safe = (value: unknown): string => (holdsSecret(config, material, textOf(value)) ? redacted : shown(value));
  const oddities = findOddities(facts, config, issue);
  const of = facts.issuer === undefined ? '' : ` of ${safe(facts.issuer)}`;
  return {
    ...step,
    outcome: oddities.length > 0 ? 'odd' : 'ok',
    summary: `a JWT${of}, read and not verified${oddities.length > 0 ? `; odd: ${oddities.map(({ code }) => code).join(', ')}` : ''}`,
    details: [...claimLines(facts, issue, safe), ...oddities.map(({ text }) => `odd: ${safe(text)}`)],
  };
}

function claimLines(facts: TokenFacts, { nowMs }: Issue, safe: (value: unknown) => string): string[] {
  const { issuer, subject, audiences, scopes, client, tenant, issuedMs, notBeforeMs, expiresMs, jwt } = facts;
  const more = scopes.length > mostScopes ? ` and ${scopes.length - mostScopes} more` : '';
  const when = (ms: number): string =>
    `${shownTime(ms)}, ${ms > nowMs ? `in ${shownTimeSpan(ms - nowMs)}` : `${shownTimeSpan(nowMs - ms)} ago`}`;
  const lines: readonly (readonly [string, string | undefined])[] = [
    ['issuer', issuer && safe(issuer)],
    ['audience', audiences.map(safe).join(', ') || 'none'],
    ['subject', subject && (subject.includes('@') ? 'an address (not shown)' : safe(subject))],
    ['client', client && safe(client)],
    ['scopes', scopes.length === 0 ? 'none' : scopes.slice(0, mostScopes).map(safe).join(' ') + more],
    ['tenant', tenant && `${safe(tenant.value)} (${tenant.claim})`],
    ['issued', issuedMs === undefined ? undefined : when(issuedMs)],
    ['not before', notBeforeMs === undefined || notBeforeMs === issuedMs ? undefined : when(notBeforeMs)],
    ['expires', expiresMs === undefined ? 'never' : when(expiresMs)],
    ['user', facts.hasUser === false ? 'none: it is of the client itself' : undefined],
    ['header', headerOf(jwt.header, safe)],
    ['not shown', othersOf(jwt.claims, safe)],
  ];
  return lines.flatMap(([name, value]) => (value === undefined || value === '' ? [] : [`${name.padEnd(10)}  ${value}`]));
}

function headerOf(header: TokenFacts['jwt']['header'], safe: (value: unknown) => string): string {
  return ['alg', 'typ', 'kid'].flatMap((name) => (header[name] === undefined ? [] : [`${name} ${safe(header[name])}`])).join(', ');
}

/** The names of the other claims. */
function othersOf(claims: TokenFacts['jwt']['claims'], safe: (value: unknown) => string): string {
  const names = Object.keys(claims).filter((name) => !told.has(name) && claimName.test(name));
  const few = names.slice(0, mostNames).map((name) => (personal.test(name) ? `${name} (of a person)` : safe(name)));
  return [...few, ...(names.length > mostNames ? ['…'] : [])].join(', ');
}
