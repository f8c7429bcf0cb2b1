import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { AskedBecause } from './attempt.ts';
import type { Field } from './client-authentication.ts';
import type { TokenMaterial } from './token-material.ts';

type Grant = SidecarConfig['grant'];

/** What is sent as `grant_type`; nothing for a login that is no OAuth. */
export const grantTypes: Record<Grant['type'], string | undefined> = {
  ClientCredentials: 'client_credentials',
  Password: 'password',
  SAML2Bearer: 'urn:ietf:params:oauth:grant-type:saml2-bearer',
  JWTBearer: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  TokenExchange: 'urn:ietf:params:oauth:grant-type:token-exchange',
  RefreshToken: 'refresh_token',
  None: undefined,
};

type FieldsOf = (grant: Grant, material: TokenMaterial, because: AskedBecause) => readonly Field[];

/** RFC 6749 section 4.3.2. */
const Password: FieldsOf = ({ password }) => [...field('username', password?.username), ...field('password', password?.password.reveal())];

/**
 * RFC 7522 section 2.1. SuccessFactors also wants to know the company, and gives out the same token until it expires, whatever the
 * assertion, unless it is asked for a new one.
 */
const SAML2Bearer: FieldsOf = ({ saml2Bearer }, { assertion }, { refused }) => [
  ...field('company_id', saml2Bearer?.companyId),
  ...field('assertion', assertion?.reveal()),
  ...field('new_token', saml2Bearer?.profile === 'SuccessFactors' && refused ? 'true' : undefined),
];

/** RFC 7523 section 2.1. */
const JWTBearer: FieldsOf = (_grant, { assertion }) => field('assertion', assertion?.reveal());

/** RFC 8693 section 2.1. */
const TokenExchange: FieldsOf = ({ tokenExchange }, { subjectToken, actorToken }) => [
  ...field('subject_token', subjectToken?.reveal()),
  ...field('subject_token_type', tokenExchange?.subjectTokenType),
  ...field('actor_token', actorToken?.reveal()),
  ...field('actor_token_type', tokenExchange?.actorTokenType),
  ...field('requested_token_type', tokenExchange?.requestedTokenType),
];

/** RFC 6749 section 6. */
const RefreshToken: FieldsOf = ({ refreshToken }) => field('refresh_token', refreshToken?.refreshToken.reveal());

const none: FieldsOf = () => [];

const fieldsOf: Record<Grant['type'], FieldsOf> = {
  ClientCredentials: none,
  Password,
  SAML2Bearer,
  JWTBearer,
  TokenExchange,
  RefreshToken,
  None: none,
};

/** The grant's own fields, in the order in which they are sent. */
export const grantFields: FieldsOf = (grant, material, because) => fieldsOf[grant.type](grant, material, because);

function field(name: string, value: string | undefined): readonly Field[] {
  return value === undefined ? [] : [[name, value]];
}
