import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { longestLifetimeMs } from '../../sidecar/token/token-limits.ts';
import { shown, shownTimeSpan } from './shown.ts';
import type { TokenFacts } from './token-facts.ts';

export type OddityCode = 'expired' | 'too early' | 'lifetime' | 'audience' | 'scope' | 'tenant' | 'issuer' | 'kind' | 'unsigned';

/** What is not as one would expect: nothing that must be wrong, save where an API says so. */
export interface Oddity {
  readonly code: OddityCode;
  readonly text: string;
}

/** When the token was asked for, by our clock, and how long the endpoint says that it lives. */
export interface Issue {
  readonly nowMs: number;
  readonly lifetimeMs: number;
}

/** What clocks may differ by before anyone minds. */
const toleranceMs = 60_000;

/** All that is odd about a token's claims, for this credential. */
export function findOddities(facts: TokenFacts, config: SidecarConfig, issue: Issue): readonly Oddity[] {
  const found: readonly (readonly [OddityCode, string | undefined])[] = [
    ['kind', oddKind(facts, config)],
    ['expired', expired(facts, issue)],
    ['too early', tooEarly(facts, issue)],
    ['lifetime', oddLifetime(facts, issue)],
    ['audience', oddAudience(facts, config)],
    ['scope', oddScope(facts, config)],
    ['tenant', oddTenant(facts, config)],
    ['unsigned', facts.jwt.header['alg'] === 'none' ? 'It is not signed (alg none): no API should take it.' : undefined],
  ];
  return found.flatMap(([code, text]) => (text === undefined ? [] : [{ code, text }]));
}

function oddKind({ kind, audiences }: TokenFacts, { client, tokenEndpoint }: SidecarConfig): string | undefined {
  const field = tokenEndpoint.response.accessToken;
  const from = field === undefined ? '' : ` tokenEndpoint.response.accessToken is ${field}.`;
  if (kind === 'refresh') return `It is a refresh token and not an access token: only the token endpoint takes it.${from}`;
  if (kind === 'id') return `It is an ID token and not an access token: it tells a client who has logged in, and is for no API.${from}`;
  const isForClient = audiences.length === 1 && audiences[0] === client.id && field === 'id_token';
  return isForClient ? `It is for the client itself, as an ID token is, and not for an API.${from}` : undefined;
}

function expired({ expiresMs }: TokenFacts, { nowMs }: Issue): string | undefined {
  if (expiresMs === undefined || expiresMs > nowMs) return undefined;
  return `It has expired ${shownTimeSpan(nowMs - expiresMs)} ago by the clock of this machine: one of the clocks is wrong, or the endpoint gives old tokens.`;
}

function tooEarly({ notBeforeMs, issuedMs }: TokenFacts, { nowMs }: Issue): string | undefined {
  if (notBeforeMs !== undefined && notBeforeMs > nowMs + 1000) {
    return `It is not valid yet: nbf is ${shownTimeSpan(notBeforeMs - nowMs)} ahead of the clock of this machine.`;
  }
  if (issuedMs === undefined || issuedMs <= nowMs + toleranceMs) return undefined;
  return `It was issued in the future: iat is ${shownTimeSpan(issuedMs - nowMs)} ahead of the clock of this machine.`;
}

/** An endpoint that hands out the same token again says less in `expires_in` than the token lives in all. */
function oddLifetime({ expiresMs, issuedMs }: TokenFacts, { nowMs, lifetimeMs }: Issue): string | undefined {
  if (expiresMs === undefined) return 'It never expires (there is no exp).';
  // That is odd enough.
  if (expiresMs <= nowMs) return undefined;
  const whole = expiresMs - (issuedMs ?? nowMs);
  const left = expiresMs - Math.max(nowMs, issuedMs ?? nowMs);
  const isPlausible = lifetimeMs <= whole + toleranceMs && lifetimeMs >= Math.min(left, longestLifetimeMs) / 2 - toleranceMs;
  if (isPlausible) return undefined;
  return `The endpoint says that it lives for ${shownTimeSpan(lifetimeMs)}, the token itself says ${shownTimeSpan(whole)} (exp).`;
}

function oddAudience({ audiences }: TokenFacts, { grant, upstream, tokenEndpoint }: SidecarConfig): string | undefined {
  const wanted = [...grant.audience, ...grant.resource];
  const listed = audiences.map((audience) => shown(audience)).join(', ');
  if (wanted.length > 0) {
    if (wanted.some((one) => audiences.some((audience) => sameAudience(audience, one)))) return undefined;
    const asked = `grant.${grant.audience.length > 0 ? 'audience' : 'resource'} asks for ${wanted.map((one) => shown(one)).join(', ')}`;
    return audiences.length === 0 ? `It has no audience, though ${asked}.` : `Its audience is ${listed}, though ${asked}.`;
  }
  if (audiences.length === 0) return undefined;
  const hosts = audiences.map(hostOf);
  // Most audiences are names that only issuer and API know; of those nothing can be said.
  if (audiences.every((audience) => audience === 'account')) return 'Its audience is account, which is Keycloak itself and no API.';
  if (hosts.includes(undefined)) return undefined;
  const [api, endpoint] = [new URL(upstream.url).host, new URL(tokenEndpoint.url).host];
  if (hosts.every((host) => host === endpoint && host !== api)) return `Its audience is the issuer itself (${listed}), and no API.`;
  const related = hosts.some((host) => host !== undefined && areRelated(host, api));
  return related ? undefined : `Its audience is ${listed}, which has nothing to do with the API's host ${api}.`;
}

/** A slash at the end is what most often differs. */
export function sameAudience(one: string, other: string): boolean {
  return one.replace(/\/$/, '') === other.replace(/\/$/, '');
}

function hostOf(audience: string): string | undefined {
  return /^https?:\/\//i.test(audience) ? URL.parse(audience)?.host : undefined;
}

/** Of one owner, as far as names tell: they end in the same two labels. */
export function areRelated(one: string, other: string): boolean {
  const owner = (host: string): string => {
    const name = host.replace(/:\d+$/, '');
    return /^[\d.]+$|^\[/.test(name) ? name : name.split('.').slice(-2).join('.');
  };
  return owner(one) === owner(other);
}

/** These ask for something of the endpoint and are no scopes of a token's, or stand for others (Entra's .default). */
const noScopes = new Set(['openid', 'offline_access', 'profile', 'email', 'address', 'phone']);

function oddScope({ scopes }: TokenFacts, { grant }: SidecarConfig): string | undefined {
  const asked = scopesOf(grant.scope);
  const missing = missingScopes(scopes, grant.scope);
  if (missing.length === 0) return undefined;
  if (scopes.length === 0) return `It has no scope, though grant.scope asks for ${asked.map((scope) => shown(scope)).join(' ')}.`;
  return `It lacks scopes that grant.scope asks for: ${missing.map((scope) => shown(scope)).join(' ')}.`;
}

/** Those of `grant.scope` that the token does not have, however its issuer writes them: Entra leaves out what stands before the last slash. */
export function missingScopes(scopes: readonly string[], asked: string | undefined): readonly string[] {
  const has = new Set(scopes.flatMap((scope) => [scope, lastPart(scope)]));
  return scopesOf(asked).filter((scope) => !has.has(scope) && !has.has(lastPart(scope)));
}

function lastPart(scope: string): string {
  return scope.split('/').at(-1) ?? scope;
}

function scopesOf(scope = ''): readonly string[] {
  // A scope that is JSON is for an endpoint of its own kind.
  if (/^\s*\{/.test(scope)) return [];
  return scope.split(/\s+/).filter((word) => word !== '' && !noScopes.has(word) && !word.endsWith('/.default') && word !== '.default');
}

const entraTenant = /^\/([0-9a-f]{8}-[0-9a-f-]{27})\//i;

/** A tenant that the token endpoint's URL names, and is another one than the token's. */
function oddTenant({ tenant, issuer }: TokenFacts, { tokenEndpoint }: SidecarConfig): string | undefined {
  const endpoint = new URL(tokenEndpoint.url);
  const inPath = entraTenant.exec(endpoint.pathname)?.[1]?.toLowerCase();
  if (tenant?.claim === 'tid' && inPath !== undefined && inPath !== tenant.value.toLowerCase()) {
    return `It is of the tenant ${shown(tenant.value)} (tid), and tokenEndpoint.url names ${inPath}.`;
  }
  const [named] = endpoint.hostname.split('.');
  if (tenant?.claim === 'ext_attr.zdn' && /\.authentication\./.test(endpoint.hostname) && tenant.value !== named) {
    return `It is of the tenant ${shown(tenant.value)} (ext_attr.zdn), and tokenEndpoint.url names ${named}.`;
  }
  const issuing = issuer === undefined ? undefined : URL.parse(issuer);
  // An issuer need not be a URL.
  const [ours, theirs] = [realmOf(endpoint), issuing ? realmOf(issuing) : undefined];
  if (ours !== undefined && theirs !== undefined && ours !== theirs) {
    return `It was issued by the realm ${shown(theirs)}, and tokenEndpoint.url names ${shown(ours)}.`;
  }
  return undefined;
}

/** Keycloak's. */
function realmOf({ pathname }: URL): string | undefined {
  return /\/realms\/([^/]+)/.exec(pathname)?.[1];
}
