import { choice, integer, list, record, text } from './field.ts';
import { secretKeyRef, secretRef } from './references.ts';
import type { Rule } from './rule.ts';
import { actorTokenRules, noNameTwice, noRegisteredClaims, saml2BearerRules, xmlText } from './rules/assertion-rules.ts';
import { noControlCharacters } from './rules/client-rules.ts';
import { exactlyOne } from './rules/exactly-one.ts';
import { grantRules } from './rules/grant-rules.ts';
import { projectedToken, signing } from './signing-schema.ts';

/** One optional arm for each grant that needs more than a client. */
const line = (description: string, max = 1024) => text(description, { max, rules: [noControlCharacters('InvalidGrant')] });

const password = record(
  'The resource owner: RFC 6749 section 4.3.',
  {
    username: line('The user name.').optional(),
    usernameRef: secretRef('The Secret that holds the user name.', 'username').optional(),
    passwordRef: secretRef('The Secret that holds the password.', 'password'),
  },
  [exactlyOne('username', 'usernameRef')],
);

const nameAndValue = (description: string, rules: readonly Rule<string>[] = []) =>
  record(description, { name: line('The name.', 256), value: text('The value.', { min: 0, max: 1024, rules }) });

const samlAssertion = record('A SAML 2.0 assertion that the sidecar builds and signs anew for every token request (RSA-SHA256).', {
  nameID: line('The subject: the user for whom the token is issued. Tokens for jobs name a technical user.'),
  nameIDType: choice(
    'What the subject is. UserID; EmailAddress; for SuccessFactors also UserName (adds the attribute use_username) and' +
      ' ExternalLearningUser (a user whom only Learning knows: <user>#DIV#<company id>, with the attribute external_user).',
    ['UserID', 'EmailAddress', 'UserName', 'ExternalLearningUser'],
  ).default('UserID'),
  issuer: line('The issuer. Absent: www.successfactors.com, which only SuccessFactors takes.').optional(),
  audience: line('The audience. Absent: www.successfactors.com, which only SuccessFactors takes.', 2048).optional(),
  recipient: line("The recipient. Absent: the token endpoint's URL.", 2048).optional(),
  attributes: list('Further attributes.', nameAndValue('An attribute.', [xmlText]), { max: 20, rules: [noNameTwice] }).optional(),
  lifetimeSeconds: integer('How long the assertion is valid, in seconds.', 60, 86_400).default(600),
  keyRef: secretRef('The private RSA key: PEM, or as SuccessFactors generates it.', 'tls.key'),
  certificateRef: secretRef("The key's X.509 certificate, as PEM.", 'tls.crt'),
});

const saml2Bearer = record(
  'A SAML 2.0 assertion is exchanged for a token: RFC 7522.',
  {
    profile: choice(
      'How the assertion is sent: as RFC7522 says (base64url), which SAP BTP takes, or as SuccessFactors wants it (base64, company_id, the attribute api_key).',
      ['RFC7522', 'SuccessFactors'],
    ).default('RFC7522'),
    companyId: line('The company id of SuccessFactors (company_id).', 256).optional(),
    assertionRef: secretKeyRef.describe('An assertion that was made elsewhere: XML, or that in base64 or base64url.').optional(),
    assertion: samlAssertion.optional(),
  },
  [exactlyOne('assertionRef', 'assertion'), ...saml2BearerRules],
);

const jwtAssertion = record('A JWT that the sidecar signs anew for every token request.', {
  issuer: line('The issuer (iss). Absent: the client id.').optional(),
  subject: line('The subject (sub): for whom the token is issued.'),
  audience: line("The audience (aud). Absent: the token endpoint's URL.", 2048).optional(),
  claims: list('Further claims, as strings.', nameAndValue('A claim.'), { max: 20, rules: [noNameTwice, noRegisteredClaims] }).optional(),
  lifetimeSeconds: integer('How long the assertion is valid, in seconds.', 10, 86_400).default(300),
  ...signing('InvalidGrant'),
});

const jwtBearer = record(
  'A JWT is exchanged for a token: RFC 7523 section 2.1.',
  {
    assertionRef: secretKeyRef.describe('A JWT that was made elsewhere.').optional(),
    assertion: jwtAssertion.optional(),
  },
  [exactlyOne('assertionRef', 'assertion')],
);

const tokenType = (description: string) => line(description, 256).optional();
const fromPod = "ProjectedToken: the service account token that the pod's annotation tokenward.dev/assertion-audience asks for.";

const tokenExchange = record(
  'A token is exchanged for another one: RFC 8693 section 2.1. The subject is a technical one, never the caller.',
  {
    subjectTokenRef: secretKeyRef.describe('The token of the subject (subject_token).').optional(),
    subjectTokenFrom: projectedToken(fromPod).optional(),
    subjectTokenType: tokenType(
      'The type of the subject token (subject_token_type). Absent: urn:ietf:params:oauth:token-type:access_token, or …:jwt for a ProjectedToken.',
    ),
    actorTokenRef: secretKeyRef.describe('The token of whoever acts for the subject (actor_token).').optional(),
    actorTokenFrom: projectedToken(fromPod).optional(),
    actorTokenType: tokenType('The type of the actor token (actor_token_type). Absent: as for the subject token.'),
    requestedTokenType: tokenType('The type of token to ask for (requested_token_type). Absent: the endpoint chooses.'),
  },
  [exactlyOne('subjectTokenRef', 'subjectTokenFrom'), ...actorTokenRules],
);

const refreshToken = record('A refresh token that does not rotate is exchanged for an access token: RFC 6749 section 6.', {
  refreshTokenRef: secretRef('The Secret that holds the refresh token.', 'refresh-token'),
});

export const grant = record(
  'What is asked for.',
  {
    type: choice('The OAuth 2.0 grant. None: a login that is no OAuth; no grant_type is sent.', [
      'ClientCredentials',
      'Password',
      'SAML2Bearer',
      'JWTBearer',
      'TokenExchange',
      'RefreshToken',
      'None',
    ]).default('ClientCredentials'),
    scope: text('The scope. A JSON object is sent as an object if the content type is application/json. Empty: none is sent.', {
      min: 0,
      max: 4096,
    }).optional(),
    audience: list('The audiences to ask for.', text('An audience.', { max: 2048 }), { max: 20 }).optional(),
    resource: list('The resources to ask for (RFC 8707).', text('A resource.', { max: 2048 }), { max: 20 }).optional(),
    password: password.optional(),
    saml2Bearer: saml2Bearer.optional(),
    jwtBearer: jwtBearer.optional(),
    tokenExchange: tokenExchange.optional(),
    refreshToken: refreshToken.optional(),
  },
  grantRules,
);
