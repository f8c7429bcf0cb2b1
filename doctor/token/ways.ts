import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { applyChanges } from '../apply-changes.ts';
import type { Change } from '../examination.ts';
import type { RefusalKind } from './refusal-kind.ts';

/** Another way to ask for the same token. */
export interface Way {
  readonly changes: readonly Change[];
  /** Goes on after "if it is asked". */
  readonly names: readonly string[];
}

/** One thing that is asked differently; undefined where it cannot be. */
type Turn = (config: SidecarConfig) => Way | undefined;

const way = (name: string, changed: Readonly<Record<string, unknown>>): Way => ({
  changes: Object.entries(changed).map(([path, value]) => ({ path: `spec.${path}`, value })),
  names: [name],
});

/** RFC 7617 section 2: the first colon ends the id. */
const canBeRaw = ({ client: { id } }: SidecarConfig): boolean => id?.includes(':') !== true;

const isBasic = ({ client }: SidecarConfig, basicEncoding?: string): boolean =>
  client.authentication === 'ClientSecretBasic' && (basicEncoding === undefined || client.basicEncoding === basicEncoding);

const hasBody = ({ tokenEndpoint }: SidecarConfig, contentType?: string): boolean =>
  tokenEndpoint.method === 'POST' && (contentType === undefined || tokenEndpoint.contentType === contentType);

const form = 'application/x-www-form-urlencoded';
const json = 'application/json';
const decodeHeader = 'X-CF-ENCODED-CREDENTIALS';

const toPost: Turn = (config) =>
  isBasic(config) ? way('with the client secret in the body', { 'client.authentication': 'ClientSecretPost' }) : undefined;

const toBasic: Turn = (config) => {
  if (config.client.authentication !== 'ClientSecretPost') return undefined;
  const encoding = config.client.basicEncoding === 'Raw' && !canBeRaw(config) ? { 'client.basicEncoding': 'FormURLEncoded' } : {};
  return way('with the client secret in the Authorization header', { 'client.authentication': 'ClientSecretBasic', ...encoding });
};

const toRaw: Turn = (config) =>
  isBasic(config, 'FormURLEncoded') && canBeRaw(config)
    ? way('with id and secret as they are', { 'client.basicEncoding': 'Raw' })
    : undefined;

const toEncoded: Turn = (config) =>
  isBasic(config, 'Raw') ? way('with id and secret form-encoded', { 'client.basicEncoding': 'FormURLEncoded' }) : undefined;

/** UAA and XSUAA decode what is in the header only if they are told that it is encoded. */
const sayEncoded: Turn = (config) => {
  const isSaid = config.tokenEndpoint.parameters.some(({ name, in: place }) => place === 'Header' && name.toUpperCase() === decodeHeader);
  if (isSaid || !isBasic(config, 'FormURLEncoded')) return undefined;
  const parameter = { name: decodeHeader, value: 'true', in: 'Header' };
  return way(`with ${decodeHeader}, which says that id and secret are encoded`, { 'tokenEndpoint.parameters[]': parameter });
};

const toForm: Turn = (config) => (hasBody(config, json) ? way('by a form', { 'tokenEndpoint.contentType': form }) : undefined);
const toJson: Turn = (config) => (hasBody(config, form) ? way('by JSON', { 'tokenEndpoint.contentType': json }) : undefined);

const grantTypeToBody: Turn = (config) =>
  hasBody(config) && config.tokenEndpoint.grantTypeIn === 'Query'
    ? way('with grant_type in the body', { 'tokenEndpoint.grantTypeIn': 'Body' })
    : undefined;

const grantTypeToQuery: Turn = (config) =>
  hasBody(config) && config.tokenEndpoint.grantTypeIn === 'Body' && config.grant.type !== 'None'
    ? way('with grant_type in the query', { 'tokenEndpoint.grantTypeIn': 'Query' })
    : undefined;

const toPostMethod: Turn = (config) => (hasBody(config) ? undefined : way('by POST', { 'tokenEndpoint.method': 'POST' }));

const withoutScope: Turn = ({ grant: { scope } }) => (scope ? way('without a scope', { 'grant.scope': undefined }) : undefined);

/** One after the other; undefined if one of them cannot be. */
const both =
  (...turns: readonly Turn[]): Turn =>
  (config) =>
    turns.reduce<Way | undefined>((first, turn) => first && join(first, turn(applyChanges(config, first.changes))), {
      changes: [],
      names: [],
    });

const either =
  (...turns: readonly Turn[]): Turn =>
  (config) =>
    turns.map((turn) => turn(config)).find((found) => found !== undefined);

export function join(first: Way, second: Way | undefined): Way | undefined {
  return second && { changes: [...first.changes, ...second.changes], names: [...first.names, ...second.names] };
}

const otherPlace = either(toPost, toBasic);
const otherEncoding = either(toRaw, toEncoded);
const otherContent = either(toForm, toJson);
const otherGrantPlace = either(grantTypeToBody, grantTypeToQuery);

/** What people try by hand, the likeliest first. */
const turns: Readonly<Record<RefusalKind, (config: SidecarConfig, error: string | undefined) => readonly Turn[]>> = {
  client: (_config, error) => [
    otherEncoding,
    // Without it, encoded halves are nothing that they know; nor are they elsewhere, where nobody asks for it.
    ...(error === 'unauthorized' ? [sayEncoded] : []),
    otherPlace,
    toForm,
    ...(error === 'unauthorized' ? [both(toEncoded, sayEncoded)] : []),
    both(toBasic, toEncoded),
    both(otherPlace, toForm),
    toPostMethod,
  ],
  method: () => [toPostMethod, grantTypeToBody],
  shape: ({ tokenEndpoint }, error) => [
    toPostMethod,
    grantTypeToBody,
    ...(error === 'unsupported_grant_type' && tokenEndpoint.contentType !== 'application/json' ? [grantTypeToQuery] : []),
    otherContent,
    otherPlace,
    both(otherPlace, otherContent),
    otherGrantPlace,
  ],
  scope: () => [withoutScope],
  none: () => [],
};

/** The ways to ask that may help where a request was refused so. */
export function otherWays(kind: RefusalKind, config: SidecarConfig, error: string | undefined): readonly Way[] {
  return turns[kind](config, error).flatMap((turn) => turn(config) ?? []);
}
