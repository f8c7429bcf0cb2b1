import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { clientAdvice, grantAdvice, isAboutGrant } from './credential-hints.ts';
import { grantTypes } from './grant-fields.ts';

/** What came back, as far as it matters for a hint. */
export interface HintedAnswer {
  readonly status: number;
  readonly error: string | undefined;
  readonly isHtml: boolean;
}

interface Row {
  readonly status?: number;
  readonly error?: string;
  readonly isHtml?: true;
  /** What else must be so of the request. */
  readonly asked?: (config: SidecarConfig) => boolean;
  readonly hint: string | ((config: SidecarConfig) => string);
}

const sendsJson = ({ tokenEndpoint }: SidecarConfig): boolean => tokenEndpoint.contentType === 'application/json';
const sendsForm = ({ tokenEndpoint }: SidecarConfig): boolean => tokenEndpoint.contentType !== 'application/json';
const isGet = ({ tokenEndpoint }: SidecarConfig): boolean => tokenEndpoint.method === 'GET';
const isLearning = ({ tokenEndpoint }: SidecarConfig): boolean => new URL(tokenEndpoint.url).pathname.startsWith('/learning/');

const isLogin = ({ grant }: SidecarConfig): boolean => grant.type === 'None';
const decodeHeader = 'X-CF-ENCODED-CREDENTIALS';

/** By Basic with encoded halves, and nothing that tells UAA of it. */
const isEncodedForUaa = ({ client, tokenEndpoint }: SidecarConfig): boolean =>
  client.authentication === 'ClientSecretBasic' &&
  client.basicEncoding === 'FormURLEncoded' &&
  !tokenEndpoint.parameters.some(({ name, in: place }) => place === 'Header' && name.toUpperCase() === decodeHeader);

const grantName = ({ grant }: SidecarConfig): string => grantTypes[grant.type] ?? grant.type;

/** What a user can do about an answer that brings no token. The first row that fits counts. */
const rows: readonly Row[] = [
  { error: 'invalid_client', hint: clientAdvice },
  { error: 'unauthorized', asked: isAboutGrant, hint: grantAdvice },
  {
    error: 'unauthorized',
    asked: isEncodedForUaa,
    hint: `UAA and XSUAA decode id and secret only if the header parameter ${decodeHeader}: "true" says so (tokenEndpoint.parameters, in: Header): set it, or client.basicEncoding: Raw. Then check client.id and the secret that client.secretRef names.`,
  },
  {
    error: 'unauthorized',
    hint: (config) => `UAA and XSUAA say so if the client is unknown or its secret is wrong. ${clientAdvice(config)}`,
  },
  {
    error: 'unauthorized_client',
    hint: (config) =>
      `The client may not use this grant (${grantName(config)}): allow it at the endpoint. Keycloak says so of a wrong secret too. ${clientAdvice(config)}`,
  },
  { error: 'invalid_scope', hint: 'Check grant.scope: the endpoint does not know it, or the client may not have it.' },
  { error: 'invalid_target', hint: 'Check grant.resource and grant.audience: the endpoint does not know them.' },
  {
    error: 'unsupported_grant_type',
    asked: isLogin,
    hint: 'The endpoint wants a grant type (OAuth 2.0), and none is sent: set grant.type.',
  },
  {
    error: 'unsupported_grant_type',
    hint: (config) =>
      `The endpoint does not offer the grant ${grantName(config)}, or did not find grant_type: try tokenEndpoint.grantTypeIn and tokenEndpoint.contentType.`,
  },
  {
    error: 'invalid_request',
    asked: sendsJson,
    hint: 'The endpoint may not read JSON: try tokenEndpoint.contentType: application/x-www-form-urlencoded.',
  },
  { error: 'invalid_request', asked: ({ grant }) => grant.type === 'TokenExchange', hint: grantAdvice },
  {
    error: 'invalid_request',
    hint: 'A parameter is missing, repeated or unknown: check grant, tokenEndpoint.parameters and tokenEndpoint.contentType.',
  },
  { error: 'invalid_grant', hint: grantAdvice },
  { status: 405, asked: isGet, hint: 'The endpoint does not take GET: set tokenEndpoint.method: POST.' },
  {
    status: 405,
    asked: ({ tokenEndpoint }) => tokenEndpoint.grantTypeIn === 'Query',
    hint: 'The endpoint does not take the grant type in the query: set tokenEndpoint.grantTypeIn: Body.',
  },
  {
    status: 405,
    hint: 'The endpoint does not take POST: check tokenEndpoint.url. The grant type is in the body (tokenEndpoint.grantTypeIn: Body), where it belongs.',
  },
  {
    status: 403,
    asked: isLearning,
    hint: (config) => `SuccessFactors Learning answers 403 if the secret is wrong. ${clientAdvice(config)}`,
  },
  { status: 401, asked: isAboutGrant, hint: grantAdvice },
  { status: 401, hint: clientAdvice },
  { status: 403, hint: (config) => `The endpoint refuses this client or the way here. ${clientAdvice(config)}` },
  { status: 404, hint: 'Check the path of tokenEndpoint.url.' },
  { status: 407, hint: 'Check tokenEndpoint.proxy and its credentials.' },
  {
    status: 415,
    asked: sendsJson,
    hint: 'The endpoint does not read JSON: set tokenEndpoint.contentType: application/x-www-form-urlencoded.',
  },
  { status: 415, asked: sendsForm, hint: 'The endpoint does not read forms: set tokenEndpoint.contentType: application/json.' },
  { status: 429, hint: 'The endpoint limits how often it is asked: let more callers share this credential, or have the limit raised.' },
  {
    isHtml: true,
    hint: 'A web page came, such as one to log in: check that tokenEndpoint.url is the token endpoint and not the authorization endpoint.',
  },
];

/** The advice for an answer that brings no token, in a sentence or two; nothing of the answer is in it. */
export function tokenHint(answer: HintedAnswer, config: SidecarConfig): string | undefined {
  const row = rows.find(
    ({ status, error, isHtml, asked }) =>
      (status === undefined || status === answer.status) &&
      (error === undefined || error === answer.error) &&
      (isHtml === undefined || answer.isHtml) &&
      (asked === undefined || asked(config)),
  );
  return typeof row?.hint === 'function' ? row.hint(config) : row?.hint;
}
