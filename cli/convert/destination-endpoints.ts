import { headerParameterRules, upstreamHeaderRules } from '../../crds/rules/header-rules.ts';
import type { Rule } from '../../crds/rule.ts';
import { noReservedParameters } from '../../crds/rules/reserved-parameters.ts';
import type { ClientDraft, Draft, GrantDraft, KeyRef } from './conversion.ts';
import { type Destination, withPrefix } from './destination.ts';
import { hasOwnField } from './destination-grant.ts';
import { certificatesIn } from './pem-pair.ts';

interface Entry {
  readonly name: string;
  readonly value?: string;
  readonly secretKeyRef?: KeyRef;
}

interface Parameter extends Entry {
  readonly in: 'Body' | 'Header' | 'Query';
}

/** `spec.upstream`. */
export function upstreamOf({ properties }: Destination, draft: Draft): object {
  const url = draft.options.upstreamUrl ?? properties.get('URL');
  if (url === undefined) draft.lack('URL is missing, the API that is called: give it with --upstream-url URL');
  const [, base = '', query = ''] = /^([^?#]*)\??([^#]*)/u.exec(url ?? '') ?? [];
  const asHeader = ([name, value]: readonly [string, string], property: string): Entry[] =>
    carry({ property, name, value }, (entry) => entry, [...upstreamHeaderRules, notTheTokens], draft);
  const asQuery = ([name, value]: readonly [string, string], property: string): Entry[] =>
    carry({ property, name, value }, (entry) => entry, [], draft);
  const sap = [...properties].filter(([name]) => ['sap-client', 'sap-language'].includes(name));
  const headers = [
    ...[...withPrefix(properties, 'URL.headers.')].flatMap((header) => asHeader(header, `URL.headers.${header[0]}`)),
    ...sap.flatMap((header) => asHeader(header, header[0])),
  ];
  const queryParameters = [
    ...[...new URLSearchParams(query)].flatMap((parameter) => asQuery(parameter, `URL.queries.${parameter[0]}`)),
    ...[...withPrefix(properties, 'URL.queries.')].flatMap((parameter) => asQuery(parameter, `URL.queries.${parameter[0]}`)),
  ];
  return { url: base, ...list('headers', headers), ...list('queryParameters', queryParameters) };
}

const notTheTokens: Rule<Entry> = {
  reason: 'InvalidHeader',
  holds: ({ name }) => name.toLowerCase() !== 'authorization',
  message: 'it is the header that carries the token',
};

interface Parts {
  readonly client: ClientDraft;
  readonly grant: GrantDraft;
}

/** `spec.tokenEndpoint`, less its TLS. */
export function tokenEndpointOf({ properties }: Destination, { client, grant }: Parts, draft: Draft): object {
  const url = properties.get('tokenServiceURL');
  if (url === undefined) draft.lack('tokenServiceURL is missing: add the URL of the token endpoint to the destination');
  else if (properties.get('tokenServiceURLType')?.toLowerCase() === 'common' || url.includes('{tenant}'))
    draft.lack(
      "tokenServiceURL serves many tenants (tokenServiceURLType Common): write your tenant's own URL there, and Dedicated as the type",
    );
  const rules = [...headerParameterRules, reservedBeside(client, grant)];
  const parametersIn = (place: Parameter['in'], prefix: string): Parameter[] =>
    [...withPrefix(properties, prefix)]
      .filter(([name]) => !hasOwnField(name, place, grant.type))
      .flatMap(([name, value]) => carry({ property: prefix + name, name, value }, (entry) => ({ ...entry, in: place }), rules, draft));
  const parameters = [
    ...parametersIn('Body', 'tokenService.body.'),
    ...parametersIn('Header', 'tokenServiceURL.headers.'),
    ...parametersIn('Query', 'tokenServiceURL.queries.'),
  ];
  return {
    url: url ?? '',
    ...(properties.has('tokenServiceURL.queries.grant_type') && { grantTypeIn: 'Query' }),
    ...timeoutOf(properties, draft),
    ...list('parameters', parameters),
  };
}

/** What fields of the spec say no parameter says. */
const reservedBeside = (client: ClientDraft, grant: GrantDraft): Rule<Parameter> => ({
  reason: 'InvalidParameter',
  holds: (parameter) => noReservedParameters.holds({ tokenEndpoint: { parameters: [parameter] }, client, grant }),
  message: 'the token request says that by itself, from other properties',
});

/** `tls` of both endpoints. */
export function authoritiesOf({ properties, certificates }: Destination, draft: Draft): object | undefined {
  const store = properties.get('TrustStoreLocation');
  const found = certificatesIn(store === undefined ? '' : (certificates.get(store) ?? ''));
  if (store === undefined && !draft.options.files.has('ca.crt')) return undefined;
  const pem = draft.given('ca.crt') ?? found;
  if (pem === '') {
    draft.lose(
      'TrustStoreLocation',
      'a destination does not hold the authorities: give them as PEM with --from-file ca.crt=FILE, if you need them',
    );
    return undefined;
  }
  return { caBundle: { secretKeyRef: draft.keep('ca.crt', pem) } };
}

const maxTimeoutSeconds = 300;

/** One timeout for what SAP has two; SAP takes its default, 10 s, in place of one that is out of bounds. */
function timeoutOf(properties: ReadonlyMap<string, string>, draft: Draft): object {
  const seconds = (name: string, max: number): number | undefined => {
    const text = properties.get(name);
    if (text === undefined) return undefined;
    const value = /^\d+$/u.test(text) ? Number(text) : Infinity;
    return value > max ? 10 : value;
  };
  const connect = seconds('tokenServiceURL.ConnectionTimeoutInSeconds', 60);
  const read = seconds('tokenServiceURL.SocketReadTimeoutInSeconds', 600);
  if (connect === undefined && read === undefined) return {};
  const sum = (connect ?? 0) + (read ?? 10);
  if (sum > maxTimeoutSeconds)
    draft.lose('tokenServiceURL.SocketReadTimeoutInSeconds', `a token request may take ${maxTimeoutSeconds} s at most`);
  return { timeoutSeconds: Math.min(maxTimeoutSeconds, Math.max(1, sum)) };
}

/** Names whose values are secrets. */
const secretName = /authorization|secret|passw|credential|cookie|(?:token|key|pin)$/iu;
const maxLength = 1024;

interface Given {
  readonly property: string;
  readonly name: string;
  readonly value: string;
}

/** An entry of a list, with its value in the Secret if the name says that it is one; what the entry's rules refuse is lost. */
function carry<E extends Entry>({ property, name, value }: Given, make: (entry: Entry) => E, rules: readonly Rule<E>[], draft: Draft): E[] {
  const plain = make({ name, value });
  const broken = [nameAndValueFit, ...rules].find((rule) => !rule.holds(plain));
  if (broken !== undefined) {
    draft.lose(property, typeof broken.message === 'string' ? broken.message : broken.message.text(plain));
    return [];
  }
  return secretName.test(name) ? [make({ name, secretKeyRef: draft.keepBeside(property, value) })] : [plain];
}

const nameAndValueFit: Rule<Entry> = {
  reason: 'InvalidParameter',
  holds: ({ name, value = '' }) => [name, value].every((text) => text !== '' && Array.from(text).length <= maxLength),
  message: `names and values have 1 to ${maxLength} characters`,
};

const list = (field: string, entries: readonly object[]): object => (entries.length === 0 ? {} : { [field]: entries });
