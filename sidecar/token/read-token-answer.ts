import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { Sensitive } from '../../crds/sensitive.ts';
import type { TokenFailure, TokenFailureCode } from '../failure.ts';
import type { Attempt, RetryAdvice } from './attempt.ts';
import { expiredMaterial } from './expired-material.ts';
import type { HintedAnswer } from './hint-rows.ts';
import { readContent, type Content } from './read-content.ts';
import { listPaths, readMember, type Members } from './read-member.ts';
import { holdsSecret, redactor, type Redact } from './redactor.ts';
import { inLine, readRefusal, type Refusal } from './refusal.ts';
import { retryAdvice } from './retry-advice.ts';
import { tokenHint } from './token-hints.ts';
import { tokenLifetimeMs } from './token-lifetime.ts';
import type { TokenMaterial } from './token-material.ts';

/** An answer of the token endpoint as it came. */
export interface TokenResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Not decoded; `longestAnswerBytes` of it, and a byte more if there was one. */
  readonly body: Uint8Array;
}

/** The request that was answered. */
export interface Sent {
  readonly material: TokenMaterial;
  /** Our clock's time when it was sent. */
  readonly sentWallMs: number;
}

/** An answer with all that judging it needs. */
interface Case {
  readonly config: SidecarConfig;
  readonly material: TokenMaterial;
  readonly response: TokenResponse;
  readonly content: Content;
  readonly redact: Redact;
  readonly wallMs: number;
}

/**
 * Judges an answer to a token request: RFC 6749 section 5.1, read generously, or the reason why there is no token.
 */
export function readTokenAnswer(config: SidecarConfig, { material, sentWallMs }: Sent, response: TokenResponse): Attempt {
  const content = readContent(response.body, header(response, 'content-encoding') ?? '');
  const it: Case = { config, material, response, content, redact: redactor(config, material), wallMs: sentWallMs };
  const { status } = response;
  if (status >= 300 && status < 400) return redirected(it);

  const members = content.kind === 'members' ? content.members : undefined;
  const refusal = members && readRefusal(members, config.tokenEndpoint.response, it.redact);
  if (status >= 500) return refused(it, 'token_unavailable', refusal);
  if (status < 200 || status >= 400) return refused(it, 'token_rejected', refusal);

  const token = members && readMember(members, config.tokenEndpoint.response.accessToken ?? 'access_token');
  if (refusal && (refusal.isCertain || typeof token !== 'string')) return refused(it, 'token_rejected', refusal);
  if (!members) return notAnAnswer(it);
  if (typeof token !== 'string' || token === '') return withoutToken(it, members);
  if (!isSendable(token)) return unsendable(it);

  if (isRotated(it, members)) return rotated(it);

  const { expiresIn, tokenType } = config.tokenEndpoint.response;
  const type = readMember(members, tokenType ?? 'token_type');
  const lifetimeMs = tokenLifetimeMs({
    members,
    accessToken: token,
    expiresInPath: expiresIn,
    defaultLifetimeSeconds: config.tokenEndpoint.defaultLifetimeSeconds,
    date: header(response, 'date'),
    sentWallMs,
  });
  const typed = typeof type === 'string' && type !== '' ? { tokenType: type } : {};
  return { ok: true, answer: { accessToken: new Sensitive(token), lifetimeMs, ...typed, ...issuedType(it, members) } };
}

const registeredTokenType = /^urn:ietf:params:oauth:token-type:[a-z0-9_-]{1,24}$/;

/** RFC 8693 section 2.2.1. Those of RFC 8693 section 3 look like a token's name and value to whoever redacts. */
function issuedType({ config, redact }: Case, members: Members): { issuedTokenType?: string } {
  const type = members['issued_token_type'];
  if (config.grant.type !== 'TokenExchange' || typeof type !== 'string' || type.length > 200) return {};
  return registeredTokenType.test(type) || redact(type) === type ? { issuedTokenType: type } : {};
}

/** RFC 6749 section 6: another refresh token may come, which replaces the one that was sent. */
function isRotated({ config }: Case, members: Members): boolean {
  const sent = config.grant.refreshToken?.refreshToken.reveal();
  const issued = members['refresh_token'];
  return sent !== undefined && typeof issued === 'string' && issued !== '' && issued !== sent;
}

function rotated(it: Case): Attempt {
  return failed(it, 'token_malformed', `${asked(it)} another refresh token than the one that was sent.`, {
    fault: 'rotated refresh token',
  });
}

/** RFC 6749 appendix A.12, without the space, which would end the token inside a header. */
function isSendable(token: string): boolean {
  return /^[\x21-\x7e]+$/.test(token);
}

function redirected(it: Case): Attempt {
  const location = header(it.response, 'location');
  const host = location === undefined ? undefined : URL.parse(location, it.config.tokenEndpoint.url)?.host;
  // Host names may well look like tokens: tenants and accounts have such names.
  const target = host !== undefined && !holdsSecret(it.config, it.material, host) ? host : undefined;
  return failed(it, 'token_malformed', `${asked(it)} a redirect${target ? ` to ${target}` : ''} (status ${it.response.status}).`, {
    fault: 'redirect',
    redirectsTo: target,
  });
}

/** The endpoint says that there is no token: by its status, or by an error in a successful answer. */
function refused(it: Case, code: TokenFailureCode, refusal: Refusal | undefined): Attempt {
  const { status } = it.response;
  const error = refusal?.error;
  const expired = code === 'token_rejected' ? expiredMaterial(it.config, it.material, it.wallMs) : undefined;
  return failed(it, code, `${asked(it)} status ${status}${error === undefined ? '' : `, ${error}`}.`, {
    besides: [refusal?.message && `The endpoint says: "${refusal.message}".`, expired],
    ...(refusal && { refusal }),
    retry: retryAdvice(status, { retryAfter: header(it.response, 'retry-after'), date: header(it.response, 'date') }, it.wallMs),
  });
}

const contentNames: Record<Content['kind'], string> = {
  members: 'fields',
  html: 'a web page',
  text: 'neither JSON nor a form',
  empty: 'an empty body',
  'too large': 'more than 1 MiB',
  undecodable: 'a body that its Content-Encoding does not decode',
};

function notAnAnswer(it: Case): Attempt {
  const { status } = it.response;
  const type = mediaType(it);
  const detail = `${asked(it)} status ${status} and ${contentNames[it.content.kind]}${type ? ` (${type})` : ''}.`;
  return failed(it, 'token_malformed', detail, {});
}

/** A name that is surely a name; a token in its place would be longer, or of other characters. */
const fieldPath = /^[A-Za-z_][\w.-]{0,47}$/;

function withoutToken(it: Case, members: Members): Attempt {
  const path = it.config.tokenEndpoint.response.accessToken ?? 'access_token';
  const status = `${asked(it)} status ${it.response.status}`;
  if (readMember(members, path) === '')
    return failed(it, 'token_malformed', `${status} and an empty token (${path}).`, { fault: 'empty token' });
  const names = listPaths(members).filter((name) => fieldPath.test(name) && it.redact(name) === name);
  const detail = `${status} without a token in ${path}; its fields are: ${names.join(', ') || 'none'}.`;
  return failed(it, 'token_malformed', detail, { fault: 'no token' });
}

function unsendable(it: Case): Attempt {
  const detail = `${asked(it)} status ${it.response.status} and a token with spaces, control characters or letters outside ASCII.`;
  return failed(it, 'token_malformed', detail, { fault: 'unsendable token' });
}

interface Circumstances extends Pick<HintedAnswer, 'fault' | 'redirectsTo'> {
  /** What is said before the hint. */
  readonly besides?: readonly (string | undefined)[];
  readonly refusal?: Refusal;
  readonly retry?: RetryAdvice;
}

function failed(it: Case, code: TokenFailureCode, detail: string, circumstances: Circumstances): Attempt {
  const { besides = [], refusal, retry = 'never', ...seen } = circumstances;
  const { status } = it.response;
  const advice = tokenHint({ status, error: refusal?.error, content: it.content.kind, ...seen }, it.config);
  const hint = [...besides, advice.hint].filter(Boolean).join(' ');
  const failure: TokenFailure = {
    code,
    detail,
    ...advice,
    ...(hint !== '' && { hint }),
    ...(typeof retry === 'object' && { retryAfterSeconds: Math.ceil(retry.afterMs / 1000) }),
    tokenEndpoint: { status, ...(refusal?.error !== undefined && { error: refusal.error }) },
    log: { status, contentType: mediaType(it), content: it.content.kind, ...refusal?.log, ...snippet(it) },
  };
  return { ok: false, failure, retry };
}

function asked({ config }: Case): string {
  return `The token endpoint ${new URL(config.tokenEndpoint.url).host} answered with`;
}

const knownMediaType = /^(?:text|application|multipart|image)\/[a-z0-9.+-]{1,40}$/;

function mediaType({ response, redact }: Case): string | undefined {
  const type = header(response, 'content-type')?.split(';')[0]?.trim().toLowerCase();
  return type !== undefined && knownMediaType.test(type) && redact(type) === type ? type : undefined;
}

const longestSnippet = 200;

/** The beginning of what a person would read. An answer with fields is not quoted: they may be anything. */
function snippet({ content, redact }: Case): { snippet?: string } {
  if (content.kind === 'members' || content.text === '') return {};
  // A single word may be the bare token itself.
  if (!/\s/.test(content.text)) return { snippet: '[redacted]' };
  return { snippet: inLine(redact(content.text).replace(/<[^<>]*>/g, ' ')).slice(0, longestSnippet) };
}

function header({ headers }: TokenResponse, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}
