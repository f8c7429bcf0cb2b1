import { isIdentityAuthentication } from './is-identity-authentication.ts';
import type { ClientDraft, Draft } from './conversion.ts';
import { type Destination, isFalse } from './destination.ts';
import { pemPair } from './pem-pair.ts';

/** `spec.client`, and what it needs of `spec.tokenEndpoint.tls`. */
export interface ClientParts {
  readonly client: ClientDraft;
  readonly tls?: object;
}

const inOneWay = 'a client authenticates in one way alone (RFC 6749, section 2.3)';

/** Who asks for the token, in the order in which the Destination service looks. */
export function clientOf(destination: Destination, draft: Draft): ClientParts {
  const { properties } = destination;
  const isSaml = properties.get('Authentication') === 'OAuth2SAMLBearerAssertion';
  const id = (isSaml ? properties.get('clientKey') : undefined) ?? properties.get('clientId');
  const needId = (): string => {
    if (id === undefined) draft.lack(`${isSaml ? 'clientKey' : 'clientId'} is missing: add the client id to the destination`);
    return id ?? '';
  };
  const keyStore = properties.get('tokenService.KeyStoreLocation');
  if (keyStore !== undefined || draft.options.files.has('tls.crt')) {
    for (const property of ['clientSecret', 'tokenServiceUser', 'tokenServicePassword'])
      if (properties.has(property)) draft.lose(property, `the certificate goes before it; ${inOneWay}`);
    const pair = pemPair(destination, keyStore, { certificate: 'tls.crt', key: 'tls.key' }, draft);
    const clientCertificate = { secretName: draft.keepTls(pair.certificate, pair.key) };
    return { client: { id: needId(), authentication: 'TLSClientAuth' }, tls: { clientCertificate } };
  }
  const user = properties.get('tokenServiceUser');
  if (user !== undefined) return { client: withTokenServiceUser(properties, user, id, draft) };
  if (properties.has('clientAssertion.destinationName')) return { client: { id: needId(), ...clientAssertion(properties, draft) } };
  const secret = properties.get('clientSecret');
  // SAP's own types want a secret for all but these two.
  const mayBePublic = isSaml || properties.get('Authentication') === 'OAuth2TokenExchange';
  if (mayBePublic && secret === undefined && !draft.options.files.has('client-secret')) {
    if (!isSaml) draft.lose('clientSecret', 'it is absent, so none is sent; if the cockpit removed it, use --from-file client-secret=FILE');
    return { client: { id: needId(), authentication: 'None' } };
  }
  const secretRef = draft.keepGiven('client-secret', secret, 'clientSecret is missing (the cockpit exports no secrets)');
  if (!isFalse(properties.get('tokenService.addClientCredentialsInBody'))) {
    return { client: { id: needId(), authentication: 'ClientSecretPost', secretRef, ...bodyIdOf(properties, id) } };
  }
  return { client: { id: needId(), ...basic(properties), secretRef, ...bodyIdOf(properties) } };
}

function withTokenServiceUser(properties: ReadonlyMap<string, string>, user: string, id: string | undefined, draft: Draft): ClientDraft {
  const password = properties.get('tokenServicePassword');
  const secret = properties.get('clientSecret');
  const secretRef = draft.keepGiven('client-secret', password, 'tokenServicePassword is missing (the cockpit exports no secrets)');
  if (secret !== undefined && secret !== password) {
    draft.lose('clientSecret', `tokenServiceUser and tokenServicePassword go before it; ${inOneWay}`);
  }
  const sent = isFalse(properties.get('tokenService.addClientCredentialsInBody')) ? undefined : id;
  return { id: user, ...basic(properties), secretRef, ...(sent !== undefined && { bodyId: sent }), ...bodyIdOf(properties, sent) };
}

/** What is sent beside or in place of `sent`, the client_id that the body has anyway. */
function bodyIdOf(properties: ReadonlyMap<string, string>, sent?: string): { readonly bodyId?: string } {
  const bodyId = properties.get('tokenService.body.client_id');
  return bodyId === undefined || bodyId === sent ? {} : { bodyId };
}

function basic(properties: ReadonlyMap<string, string>): { readonly authentication: string; readonly basicEncoding?: string } {
  const decodes = isIdentityAuthentication(properties.get('tokenServiceURL') ?? '');
  return { authentication: 'ClientSecretBasic', ...(decodes && { basicEncoding: 'FormURLEncoded' }) };
}

function clientAssertion(
  properties: ReadonlyMap<string, string>,
  draft: Draft,
): { readonly authentication: string; readonly clientAssertion: object } {
  const type = properties.get('clientAssertion.type');
  if (type !== undefined && !type.endsWith(':jwt-bearer')) draft.lose('clientAssertion.type', 'a client assertion is sent as a JWT alone');
  const assertionRef = draft.keepGiven(
    'client-assertion',
    undefined,
    'the client assertion that clientAssertion.destinationName would fetch is missing',
  );
  return { authentication: 'ClientAssertion', clientAssertion: { assertionRef } };
}
