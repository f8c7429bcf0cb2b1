import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { AskedBecause } from './attempt.ts';
import type { Field } from './client-authentication.ts';
import type { TokenMaterial } from './token-material.ts';

type Grant = SidecarConfig['grant'];

/** What is asked for beside the client: the grant's own fields, in the order in which they are sent. */
export interface GrantFields {
  /** Absent for a login that is no OAuth. */
  readonly grantType?: string;
  readonly fields: readonly Field[];
}

type Describe = (grant: Grant, material: TokenMaterial, because: AskedBecause) => GrantFields;

/** RFC 6749 section 4.4.2. */
const ClientCredentials: Describe = () => ({ grantType: 'client_credentials', fields: [] });

/** RFC 6749 section 4.3.2. */
const Password: Describe = ({ password }) => ({
  grantType: 'password',
  fields: password
    ? [
        ['username', password.username],
        ['password', password.password.reveal()],
      ]
    : [],
});

/**
 * RFC 7522 section 2.1. SuccessFactors also wants to know the company, and gives the same token for as long as that lives, whatever the
 * assertion, unless it is asked for a new one.
 */
const SAML2Bearer: Describe = ({ saml2Bearer }, { assertion }, { refused }) => ({
  grantType: 'urn:ietf:params:oauth:grant-type:saml2-bearer',
  fields: [
    ...present('company_id', saml2Bearer?.companyId),
    ...present('assertion', assertion?.reveal()),
    ...(saml2Bearer?.profile === 'SuccessFactors' && refused ? [['new_token', 'true'] as const] : []),
  ],
});

/** RFC 7523 section 2.1. */
const JWTBearer: Describe = (_grant, { assertion }) => ({
  grantType: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
  fields: present('assertion', assertion?.reveal()),
});

/** RFC 8693 section 2.1. */
const TokenExchange: Describe = ({ tokenExchange }, { subjectToken, actorToken }) => ({
  grantType: 'urn:ietf:params:oauth:grant-type:token-exchange',
  fields: [
    ...present('subject_token', subjectToken?.reveal()),
    ...present('subject_token_type', tokenExchange?.subjectTokenType),
    ...present('actor_token', actorToken?.reveal()),
    ...present('actor_token_type', tokenExchange?.actorTokenType),
    ...present('requested_token_type', tokenExchange?.requestedTokenType),
  ],
});

/** RFC 6749 section 6. */
const RefreshToken: Describe = ({ refreshToken }) => ({
  grantType: 'refresh_token',
  fields: present('refresh_token', refreshToken?.refreshToken.reveal()),
});

/** A login of an API's own: everything it wants to know is in `tokenEndpoint.parameters`. */
const None: Describe = () => ({ fields: [] });

const grants: Record<Grant['type'], Describe> = {
  ClientCredentials,
  Password,
  SAML2Bearer,
  JWTBearer,
  TokenExchange,
  RefreshToken,
  None,
};

/** What `grant.type` names. */
export const grantFields: Describe = (grant, material, because) => grants[grant.type](grant, material, because);

function present(name: string, value: string | undefined): readonly Field[] {
  return value === undefined ? [] : [[name, value]];
}
