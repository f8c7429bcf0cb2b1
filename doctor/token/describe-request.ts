import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { Sensitive } from '../../crds/sensitive.ts';
import type { TokenRequest } from '../../sidecar/token/build-token-request.ts';
import type { TokenMaterial } from '../../sidecar/token/token-material.ts';
import { shown } from '../api/shown.ts';
import { describeAssertion } from './describe-assertion.ts';

interface Described {
  readonly summary: string;
  readonly details: readonly string[];
}

/** A token request as it goes out, in the order in which it goes out, without what is secret in it. */
export function describeRequest(config: SidecarConfig, request: TokenRequest, material: TokenMaterial): Described {
  const { method, path, headers, body } = request;
  const url = new URL(config.tokenEndpoint.url);
  const query = new URLSearchParams(path.split('?').slice(1).join('?'));
  const ofUrl = new Set(url.searchParams.keys());
  const shownQuery = [...query].map(([name, value]) => (ofUrl.has(name) ? ownPart(name, value) : shownField(config, name, value)));
  return {
    summary: `${method} ${url.origin}${url.pathname}${shownQuery.length > 0 ? ', with a query' : ''}`,
    details: [
      ...shownQuery.map((part) => `query   ${part}`),
      ...headerLines(config, headers).map((line) => `header  ${line}`),
      ...bodyFields(config, body).map(([name, value]) => `body    ${shownField(config, name, value)}`),
      ...assertionLines(material),
    ],
  };
}

const characters = (kind: string, value: string): string => (value === '' ? `[${kind}, empty]` : `[${kind}, ${value.length} characters]`);

/** Fields whose values a manifest says, and no Secret. */
const plain = new Set(
  (
    'grant_type client_id scope resource audience username company_id new_token client_assertion_type subject_token_type actor_token_type' +
    ' requested_token_type'
  ).split(' '),
);

const kinds: Readonly<Record<string, string>> = {
  client_secret: 'secret',
  password: 'secret',
  refresh_token: 'token',
  subject_token: 'token',
  actor_token: 'token',
  client_assertion: 'assertion',
  assertion: 'assertion',
};

function shownField({ tokenEndpoint }: SidecarConfig, name: string, value: string): string {
  // Whether it comes from a Secret is not known any more.
  const isDeclared = tokenEndpoint.parameters.some((parameter) => parameter.name === name);
  if (!isDeclared && plain.has(name)) return `${name}=${shown(value)}`;
  const kind = isDeclared ? undefined : Object.hasOwn(kinds, name) ? kinds[name] : undefined;
  return `${shown(name)}=${characters(kind ?? 'value', value)}`;
}

/** The URL's own query stands in the manifest, but may hold a key all the same. */
const ownPart = (name: string, value: string): string => `${shown(name)}=${plain.has(name) ? shown(value) : characters('value', value)}`;

/** The fields of a form, or the members of a JSON object. */
function bodyFields({ tokenEndpoint }: SidecarConfig, body: string | undefined): readonly (readonly [string, string])[] {
  if (body === undefined) return [];
  if (tokenEndpoint.contentType !== 'application/json') return [...new URLSearchParams(body)];
  const members = JSON.parse(body) as Readonly<Record<string, unknown>>;
  return Object.entries(members).map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)]);
}

function headerLines(config: SidecarConfig, headers: readonly string[]): string[] {
  const declared = new Set(config.tokenEndpoint.parameters.filter((parameter) => parameter.in === 'Header').map(({ name }) => name));
  const lines: string[] = [];
  for (let index = 0; index < headers.length; index += 2) {
    const name = headers[index] ?? '';
    const value = headers[index + 1] ?? '';
    if (name === 'Authorization') lines.push(`${name}: ${basic(config.client, value)}`);
    else lines.push(`${shown(name)}: ${declared.has(name) ? characters('value', value) : shown(value)}`);
  }
  return lines;
}

/** Both halves as they go out before Base64: whether they are encoded is what servers disagree about. */
function basic({ basicEncoding }: SidecarConfig['client'], value: string): string {
  const userPass = Buffer.from(value.replace(/^Basic /, ''), 'base64').toString('utf8');
  const end = userPass.indexOf(':');
  const secret = characters('secret', userPass.slice(end + 1));
  return `Basic ${shown(userPass.slice(0, end))}:${secret}${basicEncoding === 'FormURLEncoded' ? ' (both form-encoded)' : ''}`;
}

const names: Readonly<Record<keyof TokenMaterial, string>> = {
  clientAssertion: 'client_assertion',
  assertion: 'assertion',
  subjectToken: 'subject_token',
  actorToken: 'actor_token',
};

function assertionLines(material: TokenMaterial): string[] {
  const parts: readonly (readonly [string, Sensitive | undefined])[] = [
    [names.clientAssertion, material.clientAssertion],
    [names.assertion, material.assertion],
    [names.subjectToken, material.subjectToken],
    [names.actorToken, material.actorToken],
  ];
  return parts.flatMap(([name, part]) =>
    part === undefined ? [] : describeAssertion(part).map((line) => `${name}, decoded, without its signature: ${line}`),
  );
}
