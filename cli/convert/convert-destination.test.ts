import { describe, expect, test } from 'vitest';
import { Sensitive } from '../../crds/sensitive.ts';
import type { Conversion } from './conversion.ts';
import { convertDestination } from './convert-destination.ts';
import { destinationProperties } from './destination-properties.ts';

type Properties = Readonly<Record<string, string | undefined>>;

/** A destination of each type, and no more than it needs. */
const bases: Readonly<Record<string, Properties>> = {
  OAuth2ClientCredentials: { clientId: 'a', clientSecret: 's' },
  OAuth2Password: { clientId: 'a', clientSecret: 's', User: 'u', Password: 'p' },
  OAuth2SAMLBearerAssertion: { clientKey: 'a', SystemUser: 'u', assertionIssuer: 'i', audience: 'x' },
  OAuth2TokenExchange: { clientId: 'a' },
};
const keyStore =
  '-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n';
const files = { 'signing.key': 'k', 'signing.crt': 'c', 'subject-token': 't' };

function convert(type: string, properties: Properties, given: Readonly<Record<string, string>> = {}): Conversion {
  const all = {
    Authentication: type,
    URL: 'https://api.example',
    tokenServiceURL: 'https://login.example/token',
    ...bases[type],
    ...properties,
  };
  const present = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]));
  const needed = { OAuth2SAMLBearerAssertion: ['signing.key', 'signing.crt'], OAuth2TokenExchange: ['subject-token'] }[type] ?? [];
  const own = Object.entries(files).filter(([key]) => needed.includes(key) && properties['KeyStoreLocation'] === undefined);
  const conversion = convertDestination(
    { properties: new Map(present), certificates: new Map([['another', keyStore]]) },
    { secretName: 'x', files: new Map([...own, ...Object.entries(given)].map(([key, value]) => [key, new Sensitive(value)])) },
  );
  if ('leftOut' in conversion) throw new Error(conversion.leftOut);
  return conversion;
}

/** What a conversion comes to, secrets included. */
const seen = ({ spec, secret, tls, missing, notes }: Conversion): string =>
  JSON.stringify([spec, [...secret].map(([key, value]) => [key, value.reveal()]), tls === undefined, missing, notes]);

/** Another value for each property that the table says is carried over. */
const values: Properties = {
  Name: 'b',
  Type: 'HTTP',
  ProxyType: 'PrivateLink',
  Authentication: 'OAuth2ClientCredentials',
  URL: 'https://other.example',
  tokenServiceURL: 'https://other.example/token',
  tokenServiceURLType: 'Dedicated',
  tokenServicePassword: 'p2',
  'tokenService.addClientCredentialsInBody': 'false',
  'tokenService.body.*': 'v',
  'tokenServiceURL.headers.*': 'v',
  'tokenServiceURL.queries.*': 'v',
  'tokenServiceURL.ConnectionTimeoutInSeconds': '7',
  'tokenServiceURL.SocketReadTimeoutInSeconds': '7',
  'clientAssertion.type': 'urn:ietf:params:oauth:client-assertion-type:saml2-bearer',
  nameIdFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
  authnContextClassRef: 'urn:oasis:names:tc:SAML:2.0:ac:classes:X509',
};
/** What a property needs beside it to count. */
const beside: Readonly<Record<string, Properties>> = {
  tokenServicePassword: { tokenServiceUser: 'u', clientSecret: undefined },
  'clientAssertion.type': { 'clientAssertion.destinationName': 'd', clientSecret: undefined },
};
/** Of these the command reads the first, and the others have one value that can be converted. */
const elsewhere: ReadonlySet<string> = new Set(['Name', 'Type', 'ProxyType', 'Authentication', 'tokenServiceURLType']);

describe('convertDestination', () => {
  const carried = Object.entries(destinationProperties).filter(([, rule]) => 'to' in rule);

  test.each(carried)('lets a property count that the table says is carried over: %s', (row, rule) => {
    const type = 'of' in rule && rule.of !== undefined ? rule.of : 'OAuth2ClientCredentials';
    const given = beside[row] ?? {};
    const name = row.replace(/\*$/, 'x-a');
    const [without, other] = [convert(type, given), convert(type, { ...given, [name]: values[row] ?? 'another' })];
    expect(seen(other) === seen(without)).toBe(elsewhere.has(row));
    expect(other.notes.filter(({ property, lost }) => property === name && !lost)).toEqual([]);
  });

  test.each<[string, string, Properties, object]>([
    ['in the body, which is the default', 'OAuth2ClientCredentials', {}, { id: 'a', authentication: 'ClientSecretPost' }],
    [
      'in the header',
      'OAuth2ClientCredentials',
      { 'tokenService.addClientCredentialsInBody': 'False' },
      { id: 'a', authentication: 'ClientSecretBasic' },
    ],
    [
      'in the header, decoded by Identity Authentication',
      'OAuth2ClientCredentials',
      { 'tokenService.addClientCredentialsInBody': 'false', tokenServiceURL: 'https://acme.accounts.ondemand.com/oauth2/token' },
      { id: 'a', authentication: 'ClientSecretBasic', basicEncoding: 'FormURLEncoded' },
    ],
    [
      'a token service user goes first, and the client id into the body',
      'OAuth2ClientCredentials',
      { tokenServiceUser: 'u', tokenServicePassword: 'p' },
      { id: 'u', authentication: 'ClientSecretBasic', bodyId: 'a' },
    ],
    [
      'a token service user alone',
      'OAuth2ClientCredentials',
      { tokenServiceUsername: 'u', tokenServicePass: 'p', 'tokenService.addClientCredentialsInBody': 'false' },
      { id: 'u', authentication: 'ClientSecretBasic' },
    ],
    ['none, with SAML', 'OAuth2SAMLBearerAssertion', {}, { id: 'a', authentication: 'None' }],
    ['none, with token exchange', 'OAuth2TokenExchange', {}, { id: 'a', authentication: 'None' }],
    [
      'a certificate goes before a secret',
      'OAuth2ClientCredentials',
      { 'tokenService.KeyStoreLocation': 'k' },
      { authentication: 'TLSClientAuth' },
    ],
  ])('authenticates the client as the Destination service does: %s', (_what, type, properties, expected) => {
    const { spec } = convert(type, properties);
    const client = 'client' in spec && typeof spec.client === 'object' ? { ...spec.client, secretRef: undefined } : {};
    expect(client).toMatchObject(expected);
    expect('bodyId' in client).toBe('bodyId' in expected);
  });

  test('says that a second client secret is not sent', () => {
    const { secret, notes } = convert('OAuth2ClientCredentials', { tokenServiceUser: 'u', tokenServicePassword: 'p' });
    expect(secret.get('client-secret')?.reveal()).toBe('p');
    expect(notes).toEqual([{ property: 'clientSecret', lost: true, reason: expect.stringMatching(/RFC 6749, section 2\.3/) }]);
  });

  test.each<[string, Properties, number | undefined]>([
    ['none', {}, undefined],
    ['both', { ConnectionTimeoutInSeconds: '5', SocketReadTimeoutInSeconds: '20' }, 25],
    ['the connection alone, with the default of the other', { ConnectionTimeoutInSeconds: '5' }, 15],
    ['out of bounds, which SAP takes for its default', { ConnectionTimeoutInSeconds: '61', SocketReadTimeoutInSeconds: '601' }, 20],
    ['zero', { SocketReadTimeoutInSeconds: '0' }, 1],
    ['no number', { SocketReadTimeoutInSeconds: 'long' }, 10],
    ['more than can be said', { SocketReadTimeoutInSeconds: '600' }, 300],
  ])('makes one timeout of two: %s', (_what, timeouts, timeoutSeconds) => {
    const properties = Object.fromEntries(Object.entries(timeouts).map(([name, value]) => [`tokenServiceURL.${name}`, value]));
    const { spec, notes } = convert('OAuth2ClientCredentials', properties);
    expect(spec).toMatchObject({ tokenEndpoint: timeoutSeconds === undefined ? {} : { timeoutSeconds } });
    expect(notes).toHaveLength(timeoutSeconds === 300 ? 1 : 0);
  });

  test('keeps two secrets apart that have one name', () => {
    const { spec, secret } = convert('OAuth2ClientCredentials', { URL: 'https://api.example?apikey=1', 'URL.queries.apikey': '2' });
    const keys = ['URL.queries.apikey', 'URL.queries.apikey_'];
    expect(keys.map((key) => secret.get(key)?.reveal())).toEqual(['1', '2']);
    const queryParameters = keys.map((key) => ({ name: 'apikey', secretKeyRef: { name: 'x', key } }));
    expect(spec).toMatchObject({ upstream: { url: 'https://api.example', queryParameters } });
  });

  test('keeps nothing in the Secret of what is not carried over', () => {
    const { secret } = convert('OAuth2ClientCredentials', {
      'tokenServiceURL.headers.Authorization': 'Basic x',
      'URL.headers.Cookie': 'a\n',
    });
    expect([...secret.keys()]).toEqual(['client-secret']);
  });

  test('takes a SAML assertion that is there already', () => {
    const given = convertDestination(
      {
        properties: new Map([
          ['Authentication', 'OAuth2SAMLBearerAssertion'],
          ['URL', 'https://api.example'],
          ['tokenServiceURL', 'https://login.example/token'],
          ['clientKey', 'a'],
          ['companyId', 'acme'],
        ]),
        certificates: new Map(),
      },
      { secretName: 'x', files: new Map([['assertion', new Sensitive('<Assertion/>')]]) },
    );
    expect(given).toMatchObject({
      missing: [],
      spec: { grant: { saml2Bearer: { profile: 'SuccessFactors', companyId: 'acme', assertionRef: { name: 'x', key: 'assertion' } } } },
    });
  });
});
