import { jwtClaims } from '../../crds/jwt-claims.ts';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { readContent, type Content } from '../../sidecar/token/read-content.ts';
import type { TokenResponse } from '../../sidecar/token/read-token-answer.ts';
import { redactor, type Redact } from '../../sidecar/token/redactor.ts';
import type { TokenMaterial } from '../../sidecar/token/token-material.ts';
import { shown } from '../api/shown.ts';
import { shownLocation } from '../api/shown-location.ts';
import { isEncryptedJwt } from '../api/read-jwt.ts';

/** Those that say who answered, when, and what. */
const tellingHeaders = ['content-type', 'location', 'www-authenticate', 'retry-after', 'date', 'server', 'via', 'x-powered-by'];

/** An answer of the token endpoint as it came, without what is secret in it. */
export function describeAnswer(config: SidecarConfig, material: TokenMaterial, response: TokenResponse): readonly string[] {
  const redact = redactor(config, material);
  const headers = tellingHeaders.flatMap((name) => [response.headers[name] ?? []].flat().map((value) => [name, value] as const));
  return [
    `status  ${response.status}`,
    ...headers.map(([name, value]) => `header  ${name}: ${shownHeader(name, value, config, redact)}`),
    ...bodyLines(config, response, redact).map((line) => `body    ${line}`),
  ];
}

/** A date looks like nothing else. */
function shownHeader(name: string, value: string, config: SidecarConfig, redact: Redact): string {
  if (name === 'date') return shown(value);
  return name === 'location' ? shownLocation(value, config.tokenEndpoint.url, redact) : shown(redact(value));
}

const longestText = 300;
const mostMembers = 20;

function bodyLines(config: SidecarConfig, response: TokenResponse, redact: Redact): readonly string[] {
  const content = contentOf(response);
  if (content.kind === 'members') {
    const lines = memberLines(content.members, '', { config, redact, isSuccess: response.status < 300 });
    return lines.length > mostMembers ? [...lines.slice(0, mostMembers), `and ${lines.length - mostMembers} more`] : lines;
  }
  if (content.kind === 'empty') return ['empty'];
  if (content.text === '') return [`${response.body.length} bytes, ${content.kind}`];
  // A single word may be the bare token itself.
  if (!/\s/.test(content.text)) return [`[text, ${content.text.length} characters]`];
  const text = redact(content.text)
    .replace(/<(script|style)\b[^]*?<\/\1\s*>/gi, ' ')
    .replace(/<[^<>]*>/g, ' ');
  return [`${content.kind === 'html' ? 'a web page' : 'text'}: ${shown(text, longestText)}`];
}

export function contentOf({ headers, body }: TokenResponse): Content {
  return readContent(body, [headers['content-encoding'] ?? []].flat().join());
}

interface Redaction {
  readonly config: SidecarConfig;
  readonly redact: Redact;
  /** A token may be in it, under whatever name. */
  readonly isSuccess: boolean;
}

const deepest = 3;

/** Names and values, one a line, those of objects within under dotted names. */
function memberLines(members: object, prefix: string, redaction: Redaction, depth = 1): string[] {
  return Object.entries(members).flatMap(([name, value]: [string, unknown]) => {
    const path = prefix + name;
    const isObject = typeof value === 'object' && value !== null && Object.keys(value).length > 0;
    if (isObject && depth < deepest) return memberLines(value, `${path}.`, redaction, depth + 1);
    return [`${shown(redaction.redact(path))}=${shownValue(path, value, redaction)}`];
  });
}

const telling = /token|secret|passw|assertion|api_?key|authorization|cookie/i;
const harmless =
  /^(?:(?:issued_)?token_?type|expires_?(?:in|on|at)|not_?before|scope|error\w*|message|msg|status\w*|code|reason|detail|title|description)$/i;

function shownValue(path: string, value: unknown, { config, redact, isSuccess }: Redaction): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  const name = path.split('.').at(-1) ?? '';
  // A token may be a number, and so may be how long one lives.
  if (typeof value === 'number' && /(?:token|secret|password|key)$/i.test(name)) return `[token, ${text.length} characters]`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return text;
  const isToken = path === config.tokenEndpoint.response.accessToken || jwtClaims(text) !== undefined || telling.test(name);
  if (isToken && !harmless.test(name)) return text === '' ? '[token, empty]' : `[token, ${text.length} characters${kindOf(text)}]`;
  return isSuccess && !harmless.test(name) ? `[text, ${text.length} characters]` : shown(redact(text));
}

function kindOf(token: string): string {
  if (isEncryptedJwt(token)) return ', encrypted JWT';
  return jwtClaims(token) === undefined ? '' : ', JWT';
}
