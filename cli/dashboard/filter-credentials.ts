import type { CredentialOverview, CredentialState } from './overview.ts';
import { credentialStates } from './state-texts.ts';

/** What of the credentials is shown; the parameters of the page's URL. */
export interface Filter {
  /** Words that must all occur. */
  readonly q: string;
  readonly state?: CredentialState;
  readonly namespace?: string;
}

export function readFilter(query: URLSearchParams): Filter {
  const state = credentialStates.find((known) => known === query.get('state'));
  const namespace = query.get('namespace') ?? '';
  return { q: (query.get('q') ?? '').trim(), ...(state && { state }), ...(namespace !== '' && { namespace }) };
}

/** The inverse, with its question mark; empty for no filter. */
export function writeFilter({ q, state, namespace }: Filter): string {
  const query = new URLSearchParams({ ...(q !== '' && { q }), ...(state && { state }), ...(namespace && { namespace }) }).toString();
  return query === '' ? '' : `?${query}`;
}

/** Those that the filter lets through, what needs attention first, then by namespace and name. */
export function filterCredentials(credentials: readonly CredentialOverview[], { q, state, namespace }: Filter): CredentialOverview[] {
  const words = q.toLowerCase().split(/\s+/);
  return credentials
    .filter((credential) => state === undefined || credential.state === state)
    .filter((credential) => namespace === undefined || credential.namespace === namespace)
    .filter((credential) => {
      const text = searchable(credential);
      return words.every((word) => text.includes(word));
    })
    .toSorted((a, b) => urgency(a) - urgency(b) || compare(a.namespace, b.namespace) || compare(a.name, b.name));
}

/** How many there are of each state, of those that the rest of the filter lets through. */
export function countStates(credentials: readonly CredentialOverview[], { q, namespace }: Filter): ReadonlyMap<CredentialState, number> {
  const counts = new Map<CredentialState, number>();
  const rest = { q, ...(namespace !== undefined && { namespace }) };
  for (const { state } of filterCredentials(credentials, rest)) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}

function searchable(credential: CredentialOverview): string {
  const { namespace, name, description, reason, message, upstreamUrl, tokenUrl, grant, authentication, clientId, scope } = credential;
  const pods = (credential.consumers ?? []).flatMap((consumer) => [consumer.name, consumer.alias]);
  return [`${namespace}/${name}`, description, reason, message, upstreamUrl, tokenUrl, grant, authentication, clientId, scope, ...pods]
    .join('\n')
    .toLowerCase();
}

function urgency({ state }: CredentialOverview): number {
  return credentialStates.indexOf(state);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
