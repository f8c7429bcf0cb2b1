import { Sensitive } from '../../crds/sensitive.ts';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { Change } from '../examination.ts';
import type { RefusalKind } from './refusal-kind.ts';

/** Another way to ask for the same token: what changes in the manifest, and so in what the sidecar has. */
export interface Way {
  readonly config: SidecarConfig;
  readonly changes: readonly Change[];
  /** Goes on after "if asked". */
  readonly names: readonly string[];
}

/** One thing that is asked differently; undefined where it cannot be. */
type Turn = (config: SidecarConfig) => Way | undefined;

type Client = SidecarConfig['client'];
type TokenEndpoint = SidecarConfig['tokenEndpoint'];

const decodeHeader = 'X-CF-ENCODED-CREDENTIALS';

function changeClient(config: SidecarConfig, changed: Partial<Client>, name: string): Way {
  const changes = Object.entries(changed).map(([key, value]) => ({ path: `spec.client.${key}`, value }));
  return { config: { ...config, client: { ...config.client, ...changed } }, changes, names: [name] };
}

function changeEndpoint(config: SidecarConfig, changed: Partial<TokenEndpoint>, name: string): Way {
  const changes = Object.entries(changed).map(([key, value]) => ({ path: `spec.tokenEndpoint.${key}`, value }));
  return { config: { ...config, tokenEndpoint: { ...config.tokenEndpoint, ...changed } }, changes, names: [name] };
}

/** RFC 7617 section 2: the first colon ends the id. */
const canBeRaw = ({ id }: Client): boolean => id?.includes(':') !== true;

const toPost: Turn = (config) =>
  config.client.authentication === 'ClientSecretBasic'
    ? changeClient(config, { authentication: 'ClientSecretPost' }, 'with the client secret in the body')
    : undefined;

const toBasic: Turn = (config) => {
  const { client } = config;
  if (client.authentication !== 'ClientSecretPost') return undefined;
  const encoding = client.basicEncoding === 'Raw' && !canBeRaw(client) ? { basicEncoding: 'FormURLEncoded' as const } : {};
  return changeClient(config, { authentication: 'ClientSecretBasic', ...encoding }, 'with the client secret in the Authorization header');
};

const toRaw: Turn = (config) => {
  const { authentication, basicEncoding } = config.client;
  if (authentication !== 'ClientSecretBasic' || basicEncoding === 'Raw' || !canBeRaw(config.client)) return undefined;
  return changeClient(config, { basicEncoding: 'Raw' }, 'with id and secret as they are');
};

const toEncoded: Turn = ({ client, ...rest }) =>
  client.authentication === 'ClientSecretBasic' && client.basicEncoding === 'Raw'
    ? changeClient({ ...rest, client }, { basicEncoding: 'FormURLEncoded' }, 'with id and secret form-encoded')
    : undefined;

/** UAA and XSUAA decode what is in the header only if they are told that it is encoded. */
const sayEncoded: Turn = (config) => {
  const { client, tokenEndpoint } = config;
  const isSaid = tokenEndpoint.parameters.some(({ name, in: place }) => place === 'Header' && name.toUpperCase() === decodeHeader);
  if (isSaid || client.authentication !== 'ClientSecretBasic' || client.basicEncoding !== 'FormURLEncoded') return undefined;
  const parameter = { name: decodeHeader, in: 'Header' } as const;
  const parameters = [...tokenEndpoint.parameters, { ...parameter, value: new Sensitive('true') }];
  return {
    config: { ...config, tokenEndpoint: { ...tokenEndpoint, parameters } },
    changes: [{ path: 'spec.tokenEndpoint.parameters[]', value: { ...parameter, value: 'true' } }],
    names: [`with ${decodeHeader}, which says that id and secret are encoded`],
  };
};

const toForm: Turn = (config) =>
  config.tokenEndpoint.method === 'POST' && config.tokenEndpoint.contentType === 'application/json'
    ? changeEndpoint(config, { contentType: 'application/x-www-form-urlencoded' }, 'by a form')
    : undefined;

const toJson: Turn = (config) =>
  config.tokenEndpoint.method === 'POST' && config.tokenEndpoint.contentType === 'application/x-www-form-urlencoded'
    ? changeEndpoint(config, { contentType: 'application/json' }, 'by JSON')
    : undefined;

const grantTypeToBody: Turn = (config) =>
  config.tokenEndpoint.method === 'POST' && config.tokenEndpoint.grantTypeIn === 'Query'
    ? changeEndpoint(config, { grantTypeIn: 'Body' }, 'with grant_type in the body')
    : undefined;

const grantTypeToQuery: Turn = (config) =>
  config.tokenEndpoint.method === 'POST' && config.tokenEndpoint.grantTypeIn === 'Body' && config.grant.type !== 'None'
    ? changeEndpoint(config, { grantTypeIn: 'Query' }, 'with grant_type in the query')
    : undefined;

const toPostMethod: Turn = (config) =>
  config.tokenEndpoint.method === 'GET' ? changeEndpoint(config, { method: 'POST' }, 'by POST') : undefined;

const withoutScope: Turn = (config) => {
  const { scope, ...grant } = config.grant;
  if (scope === undefined || scope === '') return undefined;
  return { config: { ...config, grant }, changes: [{ path: 'spec.grant.scope', value: undefined }], names: ['without a scope'] };
};

/** One after the other; undefined if one of them cannot be. */
const both =
  (...turns: readonly Turn[]): Turn =>
  (config) =>
    turns.reduce<Way | undefined>((way, turn) => way && join(way, turn(way.config)), { config, changes: [], names: [] });

const either =
  (...turns: readonly Turn[]): Turn =>
  (config) =>
    turns.map((turn) => turn(config)).find((way) => way !== undefined);

export function join(first: Way, second: Way | undefined): Way | undefined {
  if (second === undefined) return undefined;
  return { config: second.config, changes: [...first.changes, ...second.changes], names: [...first.names, ...second.names] };
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
