import type { Draft, GrantDraft } from './conversion.ts';
import type { Destination } from './destination.ts';
import { grantTypes, previousSession } from './destination-properties.ts';
import { pemPair } from './pem-pair.ts';

type GrantType = (typeof grantTypes)[keyof typeof grantTypes];

/** `spec.grant`. */
export function grantOf(destination: Destination, type: GrantType, draft: Draft): GrantDraft {
  const { properties } = destination;
  const scope = properties.get('scope') ?? properties.get('tokenService.body.scope');
  const list = (name: string): object => {
    const value = properties.get(`tokenService.body.${name}`);
    return value === undefined ? {} : { [name]: [value] };
  };
  return { type, ...(scope !== undefined && { scope }), ...list('resource'), ...list('audience'), ...arms[type](destination, draft) };
}

const arms: Readonly<Record<GrantType, (destination: Destination, draft: Draft) => object>> = {
  ClientCredentials: () => ({}),
  Password: ({ properties }, draft) => ({ password: passwordArm(properties, draft) }),
  SAML2Bearer: (destination, draft) => ({ saml2Bearer: samlArm(destination, draft) }),
  JWTBearer: (_, draft) => ({ jwtBearer: { assertionRef: draft.keepGiven('assertion', undefined, ofCaller('assertion', 'JWT')) } }),
  TokenExchange: ({ properties }, draft) => ({ tokenExchange: exchangeArm(properties, draft) }),
  RefreshToken: (_, draft) => ({
    refreshToken: {
      refreshTokenRef: draft.keepGiven('refresh-token', undefined, 'the refresh token is missing, which a destination does not hold'),
    },
  }),
};

const ofCaller = (what: string, kind: string): string =>
  `the ${what} is missing: SAP takes the token of the calling user, for whom Tokenward never acts; if you have a technical ${kind}`;

/** Parameters that have a field of their own with one grant. */
const ownFields: Readonly<Record<string, readonly string[]>> = {
  SAML2Bearer: ['company_id'],
  TokenExchange: ['subject_token_type', 'requested_token_type'],
};
/** Whether a parameter is carried as another field than `tokenEndpoint.parameters`. */
export function hasOwnField(name: string, place: 'Body' | 'Header' | 'Query', grantType: string): boolean {
  if (place === 'Query') return name === 'grant_type';
  return place === 'Body' && ['scope', 'resource', 'audience', 'client_id', ...(ownFields[grantType] ?? [])].includes(name);
}

function passwordArm(properties: ReadonlyMap<string, string>, draft: Draft): object {
  const username = properties.get('User');
  if (username === undefined) draft.lack('User is missing: add it to the destination');
  const passwordRef = draft.keepGiven('password', properties.get('Password'), 'Password is missing (the cockpit exports no secrets)');
  return { username: username ?? '', passwordRef };
}

function exchangeArm(properties: ReadonlyMap<string, string>, draft: Draft): object {
  const optional = (field: string, name: string): object => {
    const value = properties.get(`tokenService.body.${name}`);
    return value === undefined ? {} : { [field]: value };
  };
  return {
    subjectTokenRef: draft.keepGiven('subject-token', undefined, ofCaller('subject token', 'token')),
    ...optional('subjectTokenType', 'subject_token_type'),
    ...optional('requestedTokenType', 'requested_token_type'),
  };
}

function samlArm(destination: Destination, draft: Draft): object {
  const { properties } = destination;
  const companyId = properties.get('companyId') ?? properties.get('tokenService.body.company_id');
  const profile = companyId === undefined ? { profile: 'RFC7522' } : { profile: 'SuccessFactors', companyId };
  if (draft.options.files.has('assertion')) {
    return { ...profile, assertionRef: draft.keepGiven('assertion', undefined, 'the assertion is missing') };
  }
  const pair = pemPair(destination, properties.get('KeyStoreLocation'), { certificate: 'signing.crt', key: 'signing.key' }, draft);
  return {
    ...profile,
    assertion: {
      ...subjectOf(properties, draft),
      ...namesOf(properties, companyId !== undefined, draft),
      keyRef: draft.keep('signing.key', pair.key),
      certificateRef: draft.keep('signing.crt', pair.certificate),
    },
  };
}

const nameIDTypes = new Map([
  ['unspecified', 'UserID'],
  ['emailAddress', 'EmailAddress'],
]);

function subjectOf(properties: ReadonlyMap<string, string>, draft: Draft): object {
  const user = properties.get('SystemUser');
  if (user === undefined) {
    draft.lack(
      'SystemUser is missing: SAP takes the calling user, for whom Tokenward never acts; add the technical user that the token is for',
    );
  }
  const format = /:nameid-format:(\w+)$/u.exec(properties.get('nameIdFormat') ?? ':nameid-format:unspecified')?.[1] ?? '';
  const nameIDType = nameIDTypes.get(format);
  if (nameIDType === undefined) draft.lose('nameIdFormat', 'an assertion has the format unspecified or emailAddress; it says unspecified');
  return { nameID: user ?? '', nameIDType: nameIDType ?? 'UserID' };
}

function namesOf(properties: ReadonlyMap<string, string>, isSuccessFactors: boolean, draft: Draft): object {
  const [issuer, audience, recipient] = ['assertionIssuer', 'audience', 'assertionRecipient'].map((name) => properties.get(name));
  if (!isSuccessFactors && issuer === undefined)
    draft.lack('assertionIssuer is missing: add the name under which the token service knows the issuer of the assertions');
  if (!isSuccessFactors && audience === undefined) draft.lack('audience is missing: add the name that the token service has in assertions');
  const context = properties.get('authnContextClassRef');
  if (context !== undefined && context !== previousSession)
    draft.lose('authnContextClassRef', `every assertion says ${previousSession}, for nobody logs in for a technical user`);
  const apiKey = properties.get('apiKey');
  if (isSuccessFactors && apiKey !== undefined && apiKey !== properties.get('clientKey'))
    draft.lose('apiKey', 'SuccessFactors gets the client id (clientKey) as its api_key');
  return {
    ...(issuer !== undefined && { issuer }),
    ...(audience !== undefined && { audience }),
    ...(recipient !== undefined && { recipient }),
    ...(!isSuccessFactors && apiKey !== undefined && { attributes: [{ name: 'api_key', value: apiKey }] }),
  };
}
