import type { AnswerWords } from './answer-words.ts';
import type { ResourceMetadata } from './read-resource-metadata.ts';

/** An issuer whose tokens the API takes, as it says itself, beside the token's. */
export interface NamedIssuer {
  readonly url: string;
  /** `tenant`: another tenant or realm of the same server. */
  readonly relation: 'same' | 'tenant' | 'other';
}

/** One server under several names: Entra's. */
const entra = new Set(['sts.windows.net', 'login.microsoftonline.com', 'login.windows.net', 'login.microsoft.com']);

/**
 * The authorization server that the API names: in `authorization_uri` (Entra), by its metadata (RFC 9728 section 2), or as the realm. Undefined
 * if it names none, or the token names no issuer.
 */
export function findNamedIssuer(
  { bearer }: AnswerWords,
  metadata: ResourceMetadata | undefined,
  issuer: string | undefined,
): NamedIssuer | undefined {
  const ours = issuer === undefined ? null : URL.parse(issuer);
  if (ours === null) return undefined;
  const given = [
    ...(metadata?.authorizationServers ?? []),
    ...['authorization_uri', 'as_uri', 'issuer', 'realm'].flatMap((name) => bearer?.parameters.get(name) ?? []),
  ];
  const named = given.flatMap((text) => {
    const url = /^https?:\/\//.test(text) ? URL.parse(text) : null;
    return url === null ? [] : [{ url: text, relation: relate(url, ours) }];
  });
  return named.find(({ relation }) => relation === 'same') ?? named[0];
}

function relate(named: URL, ours: URL): NamedIssuer['relation'] {
  if (serverOf(named) !== serverOf(ours)) return 'other';
  const [theirTenant, ourTenant] = [tenantOf(named), tenantOf(ours)];
  if (theirTenant === ourTenant || theirTenant === 'common' || theirTenant === 'organizations') return 'same';
  return 'tenant';
}

function serverOf({ host }: URL): string {
  return entra.has(host) ? 'entra' : host;
}

/**
 * The same address in the tenant or realm of a named one, if both are on one server. Nothing but the tenant's name is taken from there: what is
 * sent to it is the client's secret.
 */
export function inNamedTenant({ origin, host, pathname, search }: URL, named: URL): string | undefined {
  const [, before, , after] = /^(.*\/realms\/)([^/]+)(\/.*)$/.exec(pathname) ?? [];
  const [, theirBefore, realm] = /^(.*\/realms\/)([\w.~-]+)(?=\/|$)/.exec(named.pathname) ?? [];
  if (realm !== undefined && before === theirBefore && origin === named.origin) return `${origin}${before}${realm}${after}${search}`;
  const [, rest] = /^\/[^/]+(\/oauth2\/.*)$/.exec(pathname) ?? [];
  const tenant = tenantOf(named);
  if (!entra.has(host) || !entra.has(named.host) || rest === undefined || !/^[\w.-]+$/.test(tenant)) return undefined;
  return `${origin}/${tenant}${rest}${search}`;
}

/** Keycloak's realm, or the first segment of the path, which is Entra's tenant. */
function tenantOf({ pathname }: URL): string {
  return (/\/realms\/([^/]+)/.exec(pathname)?.[1] ?? pathname.split('/')[1] ?? '').toLowerCase();
}
