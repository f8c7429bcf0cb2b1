import { celList, matching, type Rule } from '../rule.ts';
import { armRules } from './arm-rules.ts';

interface Named {
  readonly name: string;
}

/** XML 1.0 section 2.2: what no document can hold, however it is escaped. */
export const xmlText = matching(
  'InvalidGrant',
  '^[^\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\ufffe\uffff]*$',
  'holds a character that XML cannot carry: remove it',
);

export const noNameTwice: Rule<readonly Named[]> = {
  reason: 'InvalidGrant',
  cel: 'self.all(a, self.exists_one(b, a.name == b.name))',
  holds: (self) => new Set(self.map(({ name }) => name)).size === self.length,
  message: 'holds the same name twice: remove one of the two entries',
};

/** RFC 7519 section 4.1. */
const registeredClaims = ['iss', 'sub', 'aud', 'exp', 'iat', 'nbf', 'jti'];

export const noRegisteredClaims: Rule<readonly Named[]> = {
  reason: 'InvalidGrant',
  cel: `!self.exists(c, c.name in ${celList(registeredClaims)})`,
  holds: (self) => !self.some(({ name }) => registeredClaims.includes(name)),
  message: `must not hold ${registeredClaims.join(', ')}: issuer, subject, audience and lifetimeSeconds set some of them, the others are made anew for each assertion`,
};

interface Saml2Bearer {
  readonly profile: string;
  readonly companyId?: string | undefined;
  readonly assertion?:
    | {
        readonly nameIDType: string;
        readonly issuer?: string | undefined;
        readonly audience?: string | undefined;
        readonly attributes?: readonly Named[] | undefined;
      }
    | undefined;
}

const ofSuccessFactors = ['UserName', 'ExternalLearningUser'];
/** What the assertion says by itself: the client, and the kind of user. */
const ownAttributes = ['api_key', 'use_username', 'external_user'];

/** RFC 7522 section 3: an assertion has an issuer and an audience. SuccessFactors has its own for both. */
const requiredByRFC7522 = (field: 'issuer' | 'audience'): Rule<Saml2Bearer> => ({
  reason: 'InvalidGrant',
  at: ['assertion', field],
  cel: `self.profile == "SuccessFactors" || !has(self.assertion) || has(self.assertion.${field})`,
  holds: ({ profile, assertion }) => profile === 'SuccessFactors' || assertion === undefined || assertion[field] !== undefined,
  message: 'is required by profile: RFC7522; only with profile: SuccessFactors can it be left out',
});

export const saml2BearerRules: readonly Rule<Saml2Bearer>[] = [
  ...armRules({ reason: 'InvalidGrant', discriminator: 'profile', arms: { SuccessFactors: 'companyId' } }),
  requiredByRFC7522('issuer'),
  requiredByRFC7522('audience'),
  {
    reason: 'InvalidGrant',
    at: ['assertion', 'nameIDType'],
    cel: `self.profile == "SuccessFactors" || !has(self.assertion) || !(self.assertion.nameIDType in ${celList(ofSuccessFactors)})`,
    holds: ({ profile, assertion }) =>
      profile === 'SuccessFactors' || assertion === undefined || !ofSuccessFactors.includes(assertion.nameIDType),
    message: 'is understood by SuccessFactors alone: set profile: SuccessFactors, or choose UserID or EmailAddress',
  },
  {
    reason: 'InvalidGrant',
    at: ['assertion', 'attributes'],
    cel:
      'self.profile != "SuccessFactors" || !has(self.assertion) || !has(self.assertion.attributes)' +
      ` || !self.assertion.attributes.exists(a, a.name in ${celList(ownAttributes)})`,
    holds: ({ profile, assertion }) =>
      profile !== 'SuccessFactors' || !(assertion?.attributes ?? []).some(({ name }) => ownAttributes.includes(name)),
    message: `must not hold ${ownAttributes.join(', ')}: with profile: SuccessFactors the client id and nameIDType say that`,
  },
];

interface TokenExchange {
  readonly actorTokenRef?: unknown;
  readonly actorTokenFrom?: unknown;
  readonly actorTokenType?: unknown;
}

/** RFC 8693 section 2.1. */
export const actorTokenRules: readonly Rule<TokenExchange>[] = [
  {
    reason: 'InvalidReference',
    cel: '!(has(self.actorTokenRef) && has(self.actorTokenFrom))',
    holds: (self) => self.actorTokenRef === undefined || self.actorTokenFrom === undefined,
    message: 'must have at most one of actorTokenRef and actorTokenFrom: remove one of the two',
  },
  {
    reason: 'InvalidGrant',
    at: ['actorTokenType'],
    cel: '!has(self.actorTokenType) || has(self.actorTokenRef) || has(self.actorTokenFrom)',
    holds: (self) => self.actorTokenType === undefined || self.actorTokenRef !== undefined || self.actorTokenFrom !== undefined,
    message: 'is sent beside an actor token only: set actorTokenRef or actorTokenFrom, or remove it',
  },
];
