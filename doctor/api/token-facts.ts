import { type Jwt, readJwt } from './read-jwt.ts';

/** What a token says of itself, in whatever names its issuer has for it. */
export interface TokenFacts {
  readonly issuer?: string;
  readonly subject?: string;
  readonly audiences: readonly string[];
  /** Scopes, roles and authorities: all that says what the token is good for. */
  readonly scopes: readonly string[];
  /** `azp`, `client_id`, `appid` or `cid`: to whom it was issued. */
  readonly client?: string;
  /** With the claim that says it. */
  readonly tenant?: { readonly claim: string; readonly value: string };
  /** Milliseconds since the Unix epoch, as are the next two. */
  readonly issuedMs?: number;
  readonly notBeforeMs?: number;
  readonly expiresMs?: number;
  /** What it is if it is no access token. */
  readonly kind: 'access' | 'id' | 'refresh';
  /** Undefined if that cannot be told. */
  readonly hasUser: boolean | undefined;
  readonly jwt: Jwt;
}

/** Undefined for a token that only its issuer can read. */
export function readTokenFacts(token: string): TokenFacts | undefined {
  const jwt = readJwt(token);
  if (jwt === undefined) return undefined;
  const { claims } = jwt;
  const client = textOf(claims['azp']) ?? textOf(claims['client_id']) ?? textOf(claims['appid']) ?? textOf(claims['cid']);
  return {
    ...known('issuer', textOf(claims['iss'])),
    ...known('subject', textOf(claims['sub'])),
    audiences: listOf(claims['aud']),
    scopes: [...new Set([...wordsOf(claims['scope']), ...wordsOf(claims['scp']), ...rolesOf(claims)])],
    ...known('client', client),
    ...known('tenant', tenantOf(claims)),
    ...known('issuedMs', timeOf(claims['iat'])),
    ...known('notBeforeMs', timeOf(claims['nbf'])),
    ...known('expiresMs', timeOf(claims['exp'])),
    kind: kindOf(jwt),
    hasUser: hasUser(claims, client),
    jwt,
  };
}

type Claims = Jwt['claims'];

function rolesOf(claims: Claims): string[] {
  const realm = claims['realm_access'];
  const inRealm = typeof realm === 'object' && realm !== null && 'roles' in realm ? realm.roles : undefined;
  return [claims['roles'], claims['authorities'], claims['permissions'], inRealm].flatMap(listOf);
}

/** Entra's, UAA's and XSUAA's, Identity Authentication's, Auth0's. */
function tenantOf(claims: Claims): TokenFacts['tenant'] {
  const extended = claims['ext_attr'];
  const zone = typeof extended === 'object' && extended !== null && 'zdn' in extended ? textOf(extended.zdn) : undefined;
  if (zone !== undefined) return { claim: 'ext_attr.zdn', value: zone };
  for (const claim of ['tid', 'zid', 'app_tid', 'zone_uuid', 'tenant', 'org_id']) {
    const value = textOf(claims[claim]);
    if (value !== undefined) return { claim, value };
  }
  return undefined;
}

/** `typ` is Keycloak's claim, `token_use` Cognito's; `nonce` and the hashes are of OpenID Connect Core section 2 and in no access token. */
function kindOf({ claims }: Jwt): TokenFacts['kind'] {
  const use = (textOf(claims['typ']) ?? textOf(claims['token_use']) ?? '').toLowerCase();
  if (use === 'id') return 'id';
  if (use === 'refresh' || use === 'offline') return 'refresh';
  const isAccess = use !== '' || 'scope' in claims || 'scp' in claims || 'roles' in claims;
  return !isAccess && ['nonce', 'at_hash', 'c_hash'].some((claim) => claim in claims) ? 'id' : 'access';
}

function hasUser(claims: Claims, client: string | undefined): boolean | undefined {
  if (claims['idtyp'] === 'app' || claims['grant_type'] === 'client_credentials' || claims['gty'] === 'client-credentials') return false;
  if ('user_id' in claims || 'user_name' in claims || 'user_uuid' in claims) return true;
  const subject = textOf(claims['sub']);
  if (subject === undefined) return client === undefined ? undefined : false;
  // Keycloak's.
  const isService = textOf(claims['preferred_username'])?.startsWith('service-account-') === true;
  return subject === client || isService ? false : undefined;
}

function known<Name extends string, Value>(name: Name, value: Value | undefined): Partial<Record<Name, Value>> {
  return (value === undefined ? {} : { [name]: value }) as Partial<Record<Name, Value>>;
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function listOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.filter((item) => typeof item === 'string');
  return textOf(value) === undefined ? [] : [String(value)];
}

/** Words apart by spaces (RFC 8693 section 4.2), or a list of them. */
function wordsOf(value: unknown): string[] {
  return listOf(value).flatMap((text) => text.split(' ').filter(Boolean));
}

/** The largest time that a Date can show. */
const latestMs = 8.64e15;

function timeOf(value: unknown): number | undefined {
  const ms = typeof value === 'number' ? value * 1000 : Number.NaN;
  return Math.abs(ms) <= latestMs ? ms : undefined;
}
