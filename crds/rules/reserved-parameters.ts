import { celString, type Rule } from '../rule.ts';

interface Parameter {
  readonly name: string;
  readonly in: string;
}

interface Spec {
  readonly tokenEndpoint: { readonly parameters?: readonly Parameter[] | undefined };
  readonly client: {
    readonly id?: string | undefined;
    readonly idFrom?: unknown;
    readonly authentication: string;
    readonly bodyId?: string | undefined;
  };
  readonly grant: {
    readonly type: string;
    readonly scope?: string | undefined;
    readonly audience?: readonly string[] | undefined;
    readonly resource?: readonly string[] | undefined;
    readonly saml2Bearer?: { readonly profile: string } | undefined;
  };
}

/** When a field is what a parameter comes from: once for the API server and once for us. */
interface Condition {
  readonly cel: string;
  readonly holds: (spec: Spec) => boolean;
}

const grantIs = (type: string): Condition => ({
  cel: `self.grant.type == ${celString(type)}`,
  holds: ({ grant }) => grant.type === type,
});

const successFactors: Condition = {
  cel: `has(self.grant.saml2Bearer) && self.grant.saml2Bearer.profile == "SuccessFactors"`,
  holds: ({ grant }) => grant.saml2Bearer?.profile === 'SuccessFactors',
};

/** A login that is no OAuth may call its parameters as it likes, except what is then sent from the fields that are set. */
const oauthOr = ({ cel, holds }: Condition): Condition => ({
  cel: `self.grant.type != "None" || (${cel})`,
  holds: (spec) => spec.grant.type !== 'None' || holds(spec),
});

const withAssertion = ['ClientSecretJWT', 'PrivateKeyJWT', 'ClientAssertion'];
const sendsAssertion: Condition = {
  cel: `self.client.authentication in ${JSON.stringify(withAssertion)}`,
  holds: ({ client }) => withAssertion.includes(client.authentication),
};

const sendsClientId: Condition = {
  cel: 'self.client.authentication != "ClientSecretBasic" && (has(self.client.id) || has(self.client.idFrom)) || has(self.client.bodyId) && self.client.bodyId != ""',
  holds: ({ client }) =>
    (client.authentication !== 'ClientSecretBasic' && (client.id !== undefined || client.idFrom !== undefined)) ||
    (client.bodyId ?? '') !== '',
};

const isSet = (field: 'scope' | 'audience' | 'resource'): Condition => ({
  cel: `has(self.grant.${field}) && self.grant.${field}.size() > 0`,
  holds: ({ grant }) => (grant[field] ?? '').length > 0,
});

const never: Condition = { cel: 'false', holds: () => false };

interface Reservation {
  readonly name: string;
  /** Where to say it instead. */
  readonly field: string;
  readonly when: Condition;
}

/** What a token request sends from fields of the spec: RFC 6749, 7521, 7522, 7523, 8693 and 8707, and the ways of SuccessFactors. */
const reservations: readonly Reservation[] = [
  { name: 'grant_type', field: 'spec.grant.type', when: oauthOr(never) },
  { name: 'client_id', field: 'spec.client.id, or spec.client.bodyId for one that differs in the body,', when: oauthOr(sendsClientId) },
  {
    name: 'client_secret',
    field: 'spec.client.secretRef',
    when: oauthOr({
      cel: 'self.client.authentication == "ClientSecretPost"',
      holds: ({ client }) => client.authentication === 'ClientSecretPost',
    }),
  },
  { name: 'client_assertion', field: 'spec.client.authentication', when: oauthOr(sendsAssertion) },
  { name: 'client_assertion_type', field: 'spec.client.authentication', when: oauthOr(sendsAssertion) },
  { name: 'scope', field: 'spec.grant.scope', when: oauthOr(isSet('scope')) },
  { name: 'audience', field: 'spec.grant.audience', when: oauthOr(isSet('audience')) },
  { name: 'resource', field: 'spec.grant.resource', when: oauthOr(isSet('resource')) },
  { name: 'username', field: 'spec.grant.password.username', when: grantIs('Password') },
  { name: 'password', field: 'spec.grant.password.passwordRef', when: grantIs('Password') },
  { name: 'assertion', field: 'spec.grant.saml2Bearer', when: grantIs('SAML2Bearer') },
  { name: 'assertion', field: 'spec.grant.jwtBearer', when: grantIs('JWTBearer') },
  { name: 'company_id', field: 'spec.grant.saml2Bearer.companyId', when: successFactors },
  { name: 'new_token', field: 'spec.grant.saml2Bearer.profile, which sends it where it is needed,', when: successFactors },
  { name: 'subject_token', field: 'spec.grant.tokenExchange.subjectTokenRef', when: grantIs('TokenExchange') },
  { name: 'subject_token_type', field: 'spec.grant.tokenExchange.subjectTokenType', when: grantIs('TokenExchange') },
  { name: 'actor_token', field: 'spec.grant.tokenExchange.actorTokenRef', when: grantIs('TokenExchange') },
  { name: 'actor_token_type', field: 'spec.grant.tokenExchange.actorTokenType', when: grantIs('TokenExchange') },
  { name: 'requested_token_type', field: 'spec.grant.tokenExchange.requestedTokenType', when: grantIs('TokenExchange') },
  { name: 'refresh_token', field: 'spec.grant.refreshToken.refreshTokenRef', when: grantIs('RefreshToken') },
];

/** By name the field in which it is to be said; empty where the name is free. */
const celFields = `{${[...new Set(reservations.map(({ name }) => name))]
  .map((name) => {
    const choices = reservations.filter((reservation) => reservation.name === name);
    return `${celString(name)}: ${choices.map(({ when, field }) => `(${when.cel}) ? ${celString(field)} : `).join('')}""`;
  })
  .join(', ')}}`;
const celReserved = `self.tokenEndpoint.parameters.filter(p, p.__in__ != "Header" && p.name in fields && fields[p.name] != "")`;
const inFields = (expression: string): string => `[${celFields}].map(fields, ${expression})[0]`;

const fieldFor = (spec: Spec, { name }: Parameter): string | undefined =>
  reservations.find((reservation) => reservation.name === name && reservation.when.holds(spec))?.field;

const reservedIn = (spec: Spec): Parameter | undefined =>
  spec.tokenEndpoint.parameters?.find((parameter) => parameter.in !== 'Header' && fieldFor(spec, parameter) !== undefined);

/** RFC 6749 section 3.2: no parameter more than once, so what a field says no entry says. */
export const noReservedParameters: Rule<Spec> = {
  reason: 'InvalidParameter',
  at: ['tokenEndpoint', 'parameters'],
  cel: `!has(self.tokenEndpoint.parameters) || ${inFields(`${celReserved}.size() == 0`)}`,
  holds: (spec) => reservedIn(spec) === undefined,
  message: {
    cel: inFields(
      `"the name %s is reserved: set %s and remove this entry".format([${celReserved}[0].name, fields[${celReserved}[0].name]])`,
    ),
    text: (spec) => {
      const reserved = reservedIn(spec);
      return `the name ${reserved?.name} is reserved: set ${reserved && fieldFor(spec, reserved)} and remove this entry`;
    },
    otherwise: 'holds a name that is reserved: it has a field of its own; remove that entry',
  },
};
