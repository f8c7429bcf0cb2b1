import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { AskedBecause } from './attempt.ts';
import { clientAuthentication, type Field } from './client-authentication.ts';
import { grantFields, grantTypes } from './grant-fields.ts';
import type { TokenMaterial } from './token-material.ts';

/** A token request, ready to be written. Secrets are in all of its parts: it is never logged. */
export interface TokenRequest {
  readonly method: 'POST' | 'GET';
  /** Path and query. */
  readonly path: string;
  /** Name, value, name, value... */
  readonly headers: readonly string[];
  readonly body?: string;
}

/** The parts of a token request before they are given their places. */
interface Fields {
  readonly grantType: readonly Field[];
  readonly body: readonly Field[];
  readonly query: readonly Field[];
}

/** Beside the configuration: what was made or read for this one request, and what it is for. */
export interface Occasion {
  readonly material: TokenMaterial;
  readonly because: AskedBecause;
  readonly userAgent: string;
}

/**
 * The access token request of the credential's grant (RFC 6749 section 4) with the resources of RFC 8707 and the audiences of RFC 8693.
 * What the URL's own query says is not said again (RFC 6749 section 3.2: no parameter more than once).
 */
export function buildTokenRequest(config: SidecarConfig, { material, because, userAgent }: Occasion): TokenRequest {
  const { tokenEndpoint } = config;
  const url = new URL(tokenEndpoint.url);
  const shown = clientAuthentication(config.client, material);
  const { grantType, body, query } = placeFields(config, url, [...shown.fields, ...grantFields(config.grant, material, because)]);
  const headersWith = (contentType?: string): string[] =>
    headerLines(config, { userAgent, contentType, authorization: shown.authorization });

  if (tokenEndpoint.method === 'GET') {
    return { method: 'GET', path: pathWith(url, [...grantType, ...body, ...query]), headers: headersWith() };
  }
  const grantTypeInQuery = tokenEndpoint.grantTypeIn === 'Query';
  const bodyFields = grantTypeInQuery ? body : [...grantType, ...body];
  return {
    method: 'POST',
    path: pathWith(url, grantTypeInQuery ? [...grantType, ...query] : query),
    headers: headersWith(tokenEndpoint.contentType),
    body: tokenEndpoint.contentType === 'application/json' ? jsonText(bodyFields) : formText(bodyFields),
  };
}

function placeFields({ grant, tokenEndpoint }: SidecarConfig, url: URL, fields: readonly Field[]): Fields {
  const isNew = ([name]: Field): boolean => !url.searchParams.has(name);
  const parameters = (place: 'Body' | 'Query'): Field[] =>
    tokenEndpoint.parameters.filter((parameter) => parameter.in === place).map(({ name, value }) => [name, value.reveal()]);
  const asked: Field[] = [
    ...fields,
    ...(grant.scope ? [['scope', grant.scope] as const] : []),
    ...grant.resource.map((resource): Field => ['resource', resource]),
    ...grant.audience.map((audience): Field => ['audience', audience]),
  ];
  const grantType = grantTypes[grant.type];
  return {
    grantType: (grantType === undefined ? [] : [['grant_type', grantType] as const]).filter(isNew),
    // No declared parameter is in the URL's query already where it would go there: such a credential is refused.
    body: [...asked.filter(isNew), ...parameters('Body')],
    query: parameters('Query'),
  };
}

function pathWith(url: URL, fields: readonly Field[]): string {
  const added = formText(fields);
  const query = [url.search.slice(1), added].filter((part) => part !== '').join('&');
  return query === '' ? url.pathname : `${url.pathname}?${query}`;
}

interface StandardHeaders {
  readonly userAgent: string;
  readonly authorization: string | undefined;
  readonly contentType: string | undefined;
}

function headerLines(config: SidecarConfig, standard: StandardHeaders): string[] {
  const declared = config.tokenEndpoint.parameters.filter((parameter) => parameter.in === 'Header');
  const isDeclared = (name: string): boolean => declared.some((parameter) => parameter.name.toLowerCase() === name);
  const lines: string[] = [];
  if (!isDeclared('accept')) lines.push('Accept', 'application/json');
  if (!isDeclared('user-agent')) lines.push('User-Agent', standard.userAgent);
  if (standard.authorization !== undefined) lines.push('Authorization', standard.authorization);
  if (standard.contentType !== undefined) lines.push('Content-Type', standard.contentType);
  // Header bytes are written one per character: UTF-8 has to be spelt out.
  for (const { name, value } of declared) lines.push(name, Buffer.from(value.reveal(), 'utf8').toString('latin1'));
  return lines;
}

/** RFC 6749 appendix B. */
function formText(fields: readonly Field[]): string {
  return new URLSearchParams(fields.map(([name, value]) => [name, value])).toString();
}

/** A JSON object of the fields: a name that comes several times has an array, in the place of its first. */
function jsonText(fields: readonly Field[]): string {
  const members = new Map<string, string[]>();
  for (const [name, value] of fields) {
    const text = name === 'scope' ? scopeText(value) : JSON.stringify(value);
    const texts = members.get(name);
    if (texts) texts.push(text);
    else members.set(name, [text]);
  }
  const text = [...members].map(([name, values]) => `${JSON.stringify(name)}:${values.length === 1 ? values[0] : `[${values.join()}]`}`);
  return `{${text.join()}}`;
}

const whitespaceOutsideStrings = /("(?:[^"\\]|\\.)*")|[ \t\r\n]+/g;

/** A scope that is a JSON object goes out as one: its own text, lest long numbers or the order of its names change. */
function scopeText(scope: string): string {
  return isJsonObject(scope) ? scope.replace(whitespaceOutsideStrings, '$1') : JSON.stringify(scope);
}

function isJsonObject(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
