import type { PropertyTable } from './property-table.ts';

/** Why destinations with such an `Authentication` are left out. */
export const unsupportedTypes: Readonly<Record<string, string>> = {
  NoAuthentication: 'calls without any authentication: the workload can make them itself',
  BasicAuthentication: 'sends a user and a password with each call, and no OAuth 2.0 token',
  ClientCertificateAuthentication: 'shows a certificate with each call, and sends no OAuth 2.0 token',
  ServerCertificateAuthentication: 'sends nothing with a call: the workload can make it itself',
  PrincipalPropagation: 'acts for the calling user, through the Cloud Connector',
  OAuth2UserTokenExchange: 'acts for the calling user',
  OAuth2AuthorizationCode: 'needs a person who logs in',
  OAuth2TechnicalUserPropagation: 'goes through the Cloud Connector, which takes the token in a header of its own',
  SAMLAssertion: 'sends an assertion of the calling user with each call, and no OAuth 2.0 token',
  SAPAssertionSSO: 'sends an assertion ticket of the calling user with each call, and no OAuth 2.0 token',
  AppToAppSSO: 'acts for the calling user, in the Neo environment alone',
};

/** By the `Authentication` of a destination the `spec.grant.type` that it becomes. */
export const grantTypes = {
  OAuth2ClientCredentials: 'ClientCredentials',
  OAuth2Password: 'Password',
  OAuth2SAMLBearerAssertion: 'SAML2Bearer',
  OAuth2JWTBearer: 'JWTBearer',
  OAuth2TokenExchange: 'TokenExchange',
  OAuth2RefreshToken: 'RefreshToken',
} as const satisfies Readonly<Record<string, string>>;

export const previousSession = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PreviousSession';

const callingUser = 'concerns the calling user, for whom Tokenward never acts';
const otherTools = "read by SAP's application router, SAP Business Application Studio and the like alone";
const storePassword = 'keys and certificates are stored as PEM, without a password';

/** Every property of the Destination service's HTTP destinations with OAuth 2.0, and of the tools that use them. */
export const destinationProperties: PropertyTable = {
  Name: { to: '`metadata.name`, as a DNS label; `--name` goes before it' },
  Description: { to: '`spec.description`' },
  Type: { to: 'nothing: `HTTP` alone can be converted' },
  URL: { to: '`spec.upstream.url`; `--upstream-url` goes before it; a query becomes `spec.upstream.queryParameters`' },
  ProxyType: {
    to: 'nothing: `Internet` and `PrivateLink` are called as they are, and `OnPremise` is left out (it needs the Cloud Connector)',
  },
  Authentication: { to: '`spec.grant.type`' },
  clientId: { to: '`spec.client.id`; `spec.client.bodyId` beside `tokenServiceUser`' },
  clientSecret: { to: '`spec.client.secretRef` and the Secret' },
  clientKey: { to: '`spec.client.id`; `spec.client.bodyId` beside `tokenServiceUser`', of: 'OAuth2SAMLBearerAssertion' },
  tokenServiceURL: { to: '`spec.tokenEndpoint.url`' },
  tokenServiceURLType: {
    to: 'nothing: `Dedicated` is taken as it is; for `Common` write the URL of your tenant into `tokenServiceURL` first',
  },
  tokenServiceUser: { to: '`spec.client.id`, with `spec.client.authentication: ClientSecretBasic`' },
  tokenServicePassword: { to: '`spec.client.secretRef` and the Secret' },
  'tokenService.addClientCredentialsInBody': {
    to: '`spec.client.authentication`: `ClientSecretPost`, or `ClientSecretBasic` if it is `false`',
  },
  'tokenService.KeyStoreLocation': {
    to: "`spec.client.authentication: TLSClientAuth` and `spec.tokenEndpoint.tls.clientCertificate`; the pair from PEM in the answer's `certificates`, or from `--from-file tls.crt=FILE --from-file tls.key=FILE`",
  },
  'tokenService.KeyStorePassword': { unneeded: storePassword },
  'tokenService.body.*': {
    to: '`spec.tokenEndpoint.parameters`, in the body; `scope`, `resource`, `audience`, `client_id`, `company_id` and the token types of a token exchange become their own fields',
  },
  'tokenServiceURL.headers.*': { to: '`spec.tokenEndpoint.parameters`, in headers' },
  'tokenServiceURL.queries.*': { to: '`spec.tokenEndpoint.parameters`, in the query' },
  'tokenServiceURL.ConnectionTimeoutInSeconds': { to: '`spec.tokenEndpoint.timeoutSeconds`, the sum of both' },
  'tokenServiceURL.SocketReadTimeoutInSeconds': { to: '`spec.tokenEndpoint.timeoutSeconds`, the sum of both' },
  'clientAssertion.destinationName': {
    to: '`spec.client.authentication: ClientAssertion`, with the assertion from `--from-file client-assertion=FILE`: no other destination is asked for one',
  },
  'clientAssertion.type': { to: 'nothing: `…:jwt-bearer` alone can be sent' },
  scope: { to: '`spec.grant.scope`' },
  User: { to: '`spec.grant.password.username`', of: 'OAuth2Password' },
  Password: { to: '`spec.grant.password.passwordRef` and the Secret', of: 'OAuth2Password' },
  SystemUser: { to: '`spec.grant.saml2Bearer.assertion.nameID`', of: 'OAuth2SAMLBearerAssertion' },
  nameIdFormat: {
    to: '`spec.grant.saml2Bearer.assertion.nameIDType`: `UserID` (…:unspecified) or `EmailAddress` (…:emailAddress)',
    of: 'OAuth2SAMLBearerAssertion',
  },
  audience: { to: '`spec.grant.saml2Bearer.assertion.audience`', of: 'OAuth2SAMLBearerAssertion' },
  assertionIssuer: { to: '`spec.grant.saml2Bearer.assertion.issuer`', of: 'OAuth2SAMLBearerAssertion' },
  assertionRecipient: { to: '`spec.grant.saml2Bearer.assertion.recipient`', of: 'OAuth2SAMLBearerAssertion' },
  authnContextClassRef: {
    to: 'nothing: every assertion says `…:PreviousSession`, and another value is not carried over',
    of: 'OAuth2SAMLBearerAssertion',
  },
  companyId: { to: '`spec.grant.saml2Bearer.companyId`, with `profile: SuccessFactors`', of: 'OAuth2SAMLBearerAssertion' },
  apiKey: {
    to: 'the attribute `api_key` of the assertion: `spec.grant.saml2Bearer.assertion.attributes`; SuccessFactors gets the client id in it',
    of: 'OAuth2SAMLBearerAssertion',
  },
  KeyStoreLocation: {
    to: "`spec.grant.saml2Bearer.assertion.keyRef` and `certificateRef`; the pair from PEM in the answer's `certificates`, or from `--from-file signing.key=FILE --from-file signing.crt=FILE`",
    of: 'OAuth2SAMLBearerAssertion',
  },
  KeyStorePassword: { unneeded: storePassword },
  nameQualifier: { unsupported: 'the assertion names the subject without a qualifier' },
  userIdSource: { unsupported: callingUser },
  skipUserAttributesPrefixInSAMLAttributes: { unsupported: callingUser },
  'x_user_token.*': { unsupported: callingUser },
  'URL.headers.*': { to: '`spec.upstream.headers`' },
  'URL.queries.*': { to: '`spec.upstream.queryParameters`' },
  'sap-client': { to: "`spec.upstream.headers`, as SAP's libraries send it" },
  'sap-language': { to: "`spec.upstream.headers`, as SAP's libraries send it" },
  TrustStoreLocation: {
    to: "`tls.caBundle` of both endpoints; the authorities from PEM in the answer's `certificates`, or from `--from-file ca.crt=FILE`",
  },
  TrustStorePassword: { unneeded: storePassword },
  TrustAll: { unsupported: 'certificates are always verified: name your own authority in `tls.caBundle`' },
  HostnameVerifier: { unsupported: 'the host in a certificate is always verified: `tls.serverName` names one that differs' },
  CloudConnectorLocationId: { unsupported: 'there is no way through the Cloud Connector' },
  'HTML5.*': { unneeded: otherTools },
  WebIDEEnabled: { unneeded: otherTools },
  WebIDEUsage: { unneeded: otherTools },
  WebIDESystem: { unneeded: otherTools },
  WebIDEAdditionalData: { unneeded: otherTools },
  'sap.cloud.service': { unneeded: otherTools },
  'sap-platform': { unneeded: otherTools },
  'sap-sysid': { unneeded: otherTools },
};

/** Names that other tools use for the same. */
export const aliases: ReadonlyMap<string, string> = new Map([
  ['tokenServiceUsername', 'tokenServiceUser'],
  ['tokenServicePass', 'tokenServicePassword'],
]);
