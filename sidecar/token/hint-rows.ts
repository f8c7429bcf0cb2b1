import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { clientAdvice, grantAdvice, isAboutGrant } from './credential-hints.ts';
import { grantTypes } from './grant-fields.ts';
import type { Content } from './read-content.ts';

/** What is wrong with an answer that is no refusal. */
export type AnswerFault = 'redirect' | 'no token' | 'empty token' | 'unsendable token' | 'rotated refresh token';

/** What came back, as far as it matters for a hint. */
export interface HintedAnswer {
  readonly status: number;
  readonly error?: string | undefined;
  readonly content: Content['kind'];
  readonly fault?: AnswerFault;
  /** The host that a redirect points to, if it may be shown. */
  readonly redirectsTo?: string | undefined;
}

type Sign = {
  readonly status?: number | readonly [first: number, last: number];
  readonly error?: string;
  readonly content?: Content['kind'];
  readonly fault?: AnswerFault;
  /** What else must be so of the request. */
  readonly asked?: (config: SidecarConfig) => boolean;
};

/** `page`: what docs/errors.md says where the hint depends on the credential. */
type Advice =
  | { readonly hint: string; readonly page?: undefined }
  | { readonly hint: (config: SidecarConfig, answer: HintedAnswer) => string; readonly page: string };

export type HintRow = Sign &
  Advice & {
    /** What the token endpoint says, as docs/errors.md has it. */
    readonly says: string;
    /** The doctor finds out more about it than can be said here. */
    readonly doctorHelps?: true;
  };

const sendsJson = ({ tokenEndpoint }: SidecarConfig): boolean => tokenEndpoint.contentType === 'application/json';
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

const redirectAdvice =
  "Redirects are not followed, lest the client's secret go elsewhere: set tokenEndpoint.url to the address it points to";
const loginPage = 'Some servers send a client that they do not know to a login page.';
const seeClient = 'as for `invalid_client`';
const seeGrant = 'as for `invalid_grant`';
const refusedClients = 'Keycloak says so of a wrong secret too';

/** What a user can do about an answer that brings no token. The first row that fits counts; docs/errors.md has one for each. */
export const hintRows: readonly HintRow[] = [
  {
    says: 'a redirect (3xx)',
    fault: 'redirect',
    hint: (_config, { redirectsTo }) => `${redirectAdvice}${redirectsTo === undefined ? '' : `, on ${redirectsTo}`}. ${loginPage}`,
    page: `${redirectAdvice}. ${loginPage}`,
  },
  {
    says: 'another refresh token than the one that was sent',
    fault: 'rotated refresh token',
    // Nothing keeps the new one: a Secret cannot be written from here, and pods that share a rotating token have it revoked.
    hint:
      'The endpoint rotates refresh tokens, and a credential that many pods share cannot follow it: turn rotation off for this client, or use another' +
      ' grant. Keycloak sends another one with each answer, revoked or not: turn off Use refresh tokens of its client once the offline token is stored.',
  },
  {
    says: 'fields, but no token among them',
    fault: 'no token',
    hint: 'Name the field that holds the token in tokenEndpoint.response.accessToken.',
  },
  {
    says: 'an empty token',
    fault: 'empty token',
    hint:
      'The endpoint has no token for this client: ask its owner whether the client is active, and has been given what it is to call. If the token is in another' +
      ' field, name that in tokenEndpoint.response.accessToken.',
  },
  {
    says: 'a token with spaces, control characters or letters outside ASCII',
    fault: 'unsendable token',
    hint: 'Check tokenEndpoint.response.accessToken: the field may hold something else.',
  },
  {
    says: '`invalid_client`',
    error: 'invalid_client',
    hint: clientAdvice,
    page: 'The client is not known, or does not prove who it is: see the next table, by `client.authentication`.',
    doctorHelps: true,
  },
  {
    says: '`incorrect_client_credentials`',
    error: 'incorrect_client_credentials',
    hint: clientAdvice,
    page: `GitHub says so, with status 200: ${seeClient}.`,
    doctorHelps: true,
  },
  {
    says: '`unauthorized`, where a person is meant or the client shows no secret',
    error: 'unauthorized',
    asked: isAboutGrant,
    hint: grantAdvice,
    page: `It is about the grant, ${seeGrant}.`,
  },
  {
    says: '`unauthorized`, after a header with form-encoded id and secret',
    error: 'unauthorized',
    asked: isEncodedForUaa,
    hint: `UAA and XSUAA decode id and secret only if the header parameter ${decodeHeader}: "true" says so (tokenEndpoint.parameters, in: Header): set it, or client.basicEncoding: Raw. Then check client.id and the secret that client.secretRef names.`,
    doctorHelps: true,
  },
  {
    says: '`unauthorized`',
    error: 'unauthorized',
    hint: (config) => `UAA and XSUAA say so if the client is unknown or its secret is wrong. ${clientAdvice(config)}`,
    page: `UAA and XSUAA say so if the client is unknown or its secret is wrong: ${seeClient}.`,
    doctorHelps: true,
  },
  {
    says: '`unauthorized_client`',
    error: 'unauthorized_client',
    hint: (config) =>
      `The client may not use this grant (${grantName(config)}): allow it at the endpoint. ${refusedClients}. ${clientAdvice(config)}`,
    page: `The client may not use this grant: allow it at the endpoint. ${refusedClients}: then ${seeClient}.`,
    doctorHelps: true,
  },
  {
    says: '`invalid_scope`',
    error: 'invalid_scope',
    hint: 'Check grant.scope: the endpoint does not know it, or the client may not have it.',
    doctorHelps: true,
  },
  {
    says: '`invalid_target`',
    error: 'invalid_target',
    hint: 'Check grant.resource and grant.audience: the endpoint does not know them.',
  },
  {
    says: '`unsupported_grant_type`, where none is sent',
    error: 'unsupported_grant_type',
    asked: isLogin,
    hint: 'The endpoint wants a grant type (OAuth 2.0), and none is sent: set grant.type.',
  },
  {
    says: '`unsupported_grant_type`',
    error: 'unsupported_grant_type',
    hint: (config) =>
      `The endpoint does not offer the grant ${grantName(config)}, or did not find grant_type: try tokenEndpoint.grantTypeIn and tokenEndpoint.contentType.`,
    page: 'The endpoint does not offer the grant, or did not find `grant_type`: try tokenEndpoint.grantTypeIn and tokenEndpoint.contentType.',
    doctorHelps: true,
  },
  {
    says: '`invalid_request`, to a request in JSON',
    error: 'invalid_request',
    asked: sendsJson,
    hint: 'The endpoint may not read JSON: try tokenEndpoint.contentType: application/x-www-form-urlencoded.',
    doctorHelps: true,
  },
  {
    says: '`invalid_request`, to a token exchange',
    error: 'invalid_request',
    asked: ({ grant }) => grant.type === 'TokenExchange',
    hint: grantAdvice,
    page: `RFC 8693 has endpoints say so of a token that they do not accept: ${seeGrant}.`,
  },
  {
    says: '`invalid_request`',
    error: 'invalid_request',
    hint: 'A parameter is missing, repeated or unknown: check grant, tokenEndpoint.parameters and tokenEndpoint.contentType.',
    doctorHelps: true,
  },
  {
    says: '`invalid_grant`',
    error: 'invalid_grant',
    hint: grantAdvice,
    page: 'What is exchanged for the token is not accepted: see the last table, by `grant.type`.',
  },
  {
    says: '`LGN0022`',
    error: 'LGN0022',
    hint: "SuccessFactors' API says so of a token that has expired or was rejected, and the sidecar then asks for another. No token endpoint does: set tokenEndpoint.url to /oauth/token on the API server.",
  },
  {
    says: 'status 405, to GET',
    status: 405,
    asked: isGet,
    hint: 'The endpoint does not take GET: set tokenEndpoint.method: POST.',
  },
  {
    says: 'status 405, to a grant type in the query',
    status: 405,
    asked: ({ tokenEndpoint }) => tokenEndpoint.grantTypeIn === 'Query',
    hint: 'The endpoint does not take the grant type in the query: set tokenEndpoint.grantTypeIn: Body.',
  },
  {
    says: 'status 405',
    status: 405,
    hint: 'The endpoint does not take POST: check tokenEndpoint.url. The grant type is in the body (tokenEndpoint.grantTypeIn: Body), where it belongs.',
  },
  {
    says: 'status 403, from SuccessFactors Learning',
    status: 403,
    asked: isLearning,
    hint: (config) => `SuccessFactors Learning answers 403 if the secret is wrong. ${clientAdvice(config)}`,
    page: `SuccessFactors Learning answers 403 if the secret is wrong: ${seeClient}.`,
    doctorHelps: true,
  },
  {
    says: 'status 401, where a person is meant or the client shows no secret',
    status: 401,
    asked: isAboutGrant,
    hint: grantAdvice,
    page: `It is about the grant, ${seeGrant}.`,
  },
  {
    says: 'status 401',
    status: 401,
    hint: clientAdvice,
    page: `The client is not accepted, ${seeClient}.`,
    doctorHelps: true,
  },
  {
    says: 'status 403',
    status: 403,
    hint: (config) => `The endpoint refuses this client or the way here. ${clientAdvice(config)}`,
    page: `The endpoint refuses this client or the way here, such as an address that it does not know; or ${seeClient}.`,
    doctorHelps: true,
  },
  { says: 'status 404', status: 404, hint: 'Check the path of tokenEndpoint.url.' },
  { says: 'status 407', status: 407, hint: 'Check tokenEndpoint.proxy and its credentials.' },
  {
    says: 'status 415, to a request in JSON',
    status: 415,
    asked: sendsJson,
    hint: 'The endpoint does not read JSON: set tokenEndpoint.contentType: application/x-www-form-urlencoded.',
  },
  {
    says: 'status 415, to a form',
    status: 415,
    hint: 'The endpoint does not read forms: set tokenEndpoint.contentType: application/json.',
  },
  {
    says: 'status 429',
    status: 429,
    hint: 'The endpoint limits how often it is asked: let more callers share this credential, or have the limit raised.',
  },
  {
    says: 'status 500',
    status: 500,
    hint: 'The endpoint failed, and its owner has to look into it. Some fail on a request that they cannot read: check tokenEndpoint.contentType and grant.',
    doctorHelps: true,
  },
  {
    says: 'status 502, 503 or 504',
    status: [502, 504],
    hint: 'The endpoint, or what stands before it, is down or overloaded: if it stays so, ask its owner. It is asked again by itself.',
  },
  { says: 'another status of 501 or more', status: [501, 999], hint: 'The endpoint failed, and its owner has to look into it.' },
  {
    says: 'a web page instead of JSON',
    content: 'html',
    hint: 'A web page came, such as one to log in: check that tokenEndpoint.url is the token endpoint and not the authorization endpoint.',
    doctorHelps: true,
  },
  {
    says: 'status 2xx and an empty body',
    status: [200, 299],
    content: 'empty',
    hint: 'Check tokenEndpoint.url and tokenEndpoint.method: something answered, but no token endpoint.',
  },
  {
    says: 'status 2xx and neither JSON nor a form',
    status: [200, 299],
    content: 'text',
    hint: 'Check that tokenEndpoint.url is the token endpoint. A token that comes without JSON around it cannot be read.',
  },
  {
    says: 'status 2xx and more than 1 MiB',
    status: [200, 299],
    content: 'too large',
    hint: 'No token is that large: check that tokenEndpoint.url is the token endpoint.',
  },
  {
    says: 'status 2xx and a body that its Content-Encoding does not decode',
    status: [200, 299],
    content: 'undecodable',
    hint: 'What answers says that it compresses, and does not, or by a method that was not offered: look at the endpoint, and at proxies before it.',
  },
  {
    says: 'anything else',
    hint: "It gives no reason that is known here. Its own words, with secrets taken out, are in the sidecar's log and among the doctor's steps. Check tokenEndpoint and grant.",
    doctorHelps: true,
  },
];
