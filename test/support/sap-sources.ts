import { makeCertificate } from './make-certificate.ts';

/** What every secret in the corpus begins with. It is not the canary's mark, for `tokenward convert` is there to print secrets. */
export const secretMark = 'hidden-';

/** Where the corpus' token endpoint and API are, without a slash at the end. */
export interface SapPlaces {
  readonly login: string;
  readonly api: string;
}

/** What a token endpoint is to get. */
export interface ExpectedRequest {
  readonly target: string;
  readonly authorization?: string;
  /** In order. */
  readonly form: readonly (readonly [name: string, value: string])[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** What SAP's tools write, as found in the field, with names and secrets of our own. */
export interface SapSource {
  readonly title: string;
  readonly file: string;
  readonly text: (at: SapPlaces) => string;
  /** By name what --from-file gives. */
  readonly fromFile?: Readonly<Record<string, string>>;
  readonly args?: readonly string[] | ((at: SapPlaces) => readonly string[]);
  readonly alias: string;
  /** Absent where another test looks at the request. */
  readonly request?: ExpectedRequest;
}

const idp = makeCertificate('idp', { rsaBits: 2048 });
export const signingPair = { 'signing.key': idp.key, 'signing.crt': idp.certificate };

const json = (value: unknown): string => JSON.stringify(value, null, 2);
const basic = (user: string, password: string): string => `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const oneLine = (pem: string): string => pem.replaceAll('\n', '\\n');
const escaped = (url: string): string => url.replaceAll(':', '\\:');

const jwt = `${Buffer.from('{"alg":"RS256"}').toString('base64url')}.${Buffer.from('{"sub":"job"}').toString('base64url')}.${secretMark}x`;

const destinations: readonly SapSource[] = [
  {
    title: 'OAuth2ClientCredentials as the cockpit exports it, without its secret',
    file: 'LMS_ADMIN',
    text: ({ login, api }) =>
      [
        '#',
        '#clientSecret=<< Existing password/certificate removed on export >>',
        '#',
        '#Sun Nov 22 14:01:52 UTC 2026',
        'Type=HTTP',
        'HTML5.DynamicDestination=true',
        'clientId=sb-lms\\!b1|xsuaa\\!b2',
        'Description=Calls for the night\\u2019s \\',
        '    jobs',
        'Authentication=OAuth2ClientCredentials',
        'scope=lms.read lms.write',
        'tokenService.body.response_type=token',
        'Name=LMS_ADMIN',
        `tokenServiceURL=${escaped(login)}/oauth/token`,
        'ProxyType=Internet',
        `URL=${escaped(api)}/learning?sap-client\\=100`,
        'tokenServiceURLType=Dedicated',
        'WebIDEEnabled=true',
        '',
      ].join('\r\n'),
    fromFile: { 'client-secret': `${secretMark}c+%=\n` },
    alias: 'lms-admin',
    request: {
      target: '/oauth/token',
      form: [
        ['grant_type', 'client_credentials'],
        ['client_id', 'sb-lms!b1|xsuaa!b2'],
        ['client_secret', `${secretMark}c+%=`],
        ['scope', 'lms.read lms.write'],
        ['response_type', 'token'],
      ],
    },
  },
  {
    title: 'OAuth2ClientCredentials with the secret in the header, and further parameters',
    file: 'orders.json',
    text: ({ login, api }) =>
      json({
        Name: 'Orders API',
        Type: 'HTTP',
        URL: `${api}/`,
        Authentication: 'OAuth2ClientCredentials',
        ProxyType: 'Internet',
        tokenServiceURL: `${login}/oauth/token`,
        tokenServiceURLType: 'Dedicated',
        clientId: 'orders',
        clientSecret: `${secretMark}s`,
        'tokenService.addClientCredentialsInBody': 'false',
        'tokenServiceURL.headers.X-Zid': 'zone-1',
        'tokenServiceURL.headers.Content-Type': 'text/plain',
        'tokenServiceURL.queries.grant_type': 'client_credentials',
        'tokenServiceURL.queries.tenant': 'acme',
        'tokenServiceURL.SocketReadTimeoutInSeconds': '20',
        'tokenService.body.resource': 'urn:sap:identity:application:provider:name:dep',
        'tokenService.body.pin': `${secretMark}pin`,
        'URL.headers.X-Api-Key': `${secretMark}key`,
        'URL.queries.format': 'json',
        'sap-client': '100',
      }),
    alias: 'orders-api',
    request: {
      target: '/oauth/token?grant_type=client_credentials&tenant=acme',
      authorization: basic('orders', `${secretMark}s`),
      form: [
        ['resource', 'urn:sap:identity:application:provider:name:dep'],
        ['pin', `${secretMark}pin`],
      ],
      headers: { 'x-zid': 'zone-1' },
    },
  },
  {
    title: 'OAuth2ClientCredentials with a token service user, as the Neo environment wants it',
    file: 'neo.properties',
    text: ({ login, api }) =>
      `Name=sapOAuthCC\nURL=${api}\nProxyType=Internet\nType=HTTP\nAuthentication=OAuth2ClientCredentials\n` +
      `tokenServiceURL=${login}/oauth2/apitoken/v1?grant_type=client_credentials\ntokenServiceUser=neo\n` +
      `tokenServicePassword=${secretMark}n\nclientId=neo\nclientSecret=${secretMark}n\n`,
    alias: 'sapoauthcc',
    request: {
      target: '/oauth2/apitoken/v1?grant_type=client_credentials',
      authorization: basic('neo', `${secretMark}n`),
      form: [['client_id', 'neo']],
    },
  },
  {
    title: 'OAuth2ClientCredentials with an assertion of the client',
    file: 'assertion.json',
    text: ({ login, api }) =>
      json({
        Name: 'assertion',
        Type: 'HTTP',
        URL: api,
        Authentication: 'OAuth2ClientCredentials',
        ProxyType: 'Internet',
        tokenServiceURL: `${login}/token`,
        clientId: 'job',
        'clientAssertion.destinationName': 'provider',
        'clientAssertion.type': 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      }),
    fromFile: { 'client-assertion': jwt },
    alias: 'assertion',
    request: {
      target: '/token',
      form: [
        ['grant_type', 'client_credentials'],
        ['client_id', 'job'],
        ['client_assertion_type', 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer'],
        ['client_assertion', jwt],
      ],
    },
  },
  {
    title: 'OAuth2Password as the Destination service answers',
    file: 'password.json',
    text: ({ login, api }) =>
      json({
        owner: { SubaccountId: '9acf4877-5a3d-43d2-b67d-7516efe15b11', InstanceId: null },
        destinationConfiguration: {
          Name: 'SapOAuthPassGrant',
          Type: 'HTTP',
          URL: api,
          ProxyType: 'Internet',
          Authentication: 'OAuth2Password',
          clientId: 'my-client-id',
          clientSecret: `${secretMark}client`,
          User: 'technical@acme.example',
          Password: `${secretMark}p@ss wörd`,
          tokenServiceURL: `${login}/oauth/token`,
        },
        authTokens: [
          { type: 'Bearer', value: `${secretMark}token`, http_header: { key: 'Authorization', value: `Bearer ${secretMark}token` } },
        ],
      }),
    alias: 'sapoauthpassgrant',
    request: {
      target: '/oauth/token',
      form: [
        ['grant_type', 'password'],
        ['client_id', 'my-client-id'],
        ['client_secret', `${secretMark}client`],
        ['username', 'technical@acme.example'],
        ['password', `${secretMark}p@ss wörd`],
      ],
    },
  },
  {
    title: 'OAuth2SAMLBearerAssertion for SuccessFactors',
    file: 'SFSF.json',
    text: ({ login, api }) =>
      json({
        Name: 'SFSF_ODATA',
        Type: 'HTTP',
        URL: `${api}/odata/v2`,
        Authentication: 'OAuth2SAMLBearerAssertion',
        ProxyType: 'Internet',
        SystemUser: 'sfadmin',
        authnContextClassRef: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PreviousSession',
        nameIdFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
        audience: 'www.successfactors.com',
        companyId: 'acme',
        clientKey: 'NTg4MDZkYmE',
        apiKey: 'NTg4MDZkYmE',
        assertionIssuer: 'www.successfactors.com',
        tokenServiceURL: `${login}/oauth/token`,
        tokenServiceURLType: 'Dedicated',
      }),
    fromFile: signingPair,
    alias: 'sfsf-odata',
  },
  {
    title: 'OAuth2SAMLBearerAssertion for SAP BTP, with the signing key of the Destination service',
    file: 'btp.json',
    text: ({ login, api }) =>
      json({
        destinationConfiguration: {
          Name: 'btp',
          Type: 'HTTP',
          URL: api,
          Authentication: 'OAuth2SAMLBearerAssertion',
          ProxyType: 'Internet',
          systemUser: 'jobs@acme.example',
          nameIdFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress',
          userIdSource: 'email',
          audience: 'acme.aws-live-eu10',
          clientKey: 'sb-acme!t1',
          tokenServiceUser: 'sb-acme!t1',
          tokenServicePassword: `${secretMark}b`,
          assertionIssuer: 'idp.acme.example',
          KeyStoreLocation: 'signing.pem',
          tokenServiceURL: `${login}/oauth/token/alias/acme.aws-live-eu10`,
          tokenServiceURLType: 'Dedicated',
        },
        certificates: [
          { Name: 'signing.pem', Content: Buffer.from(`${idp.certificate}${idp.key}`).toString('base64'), Type: 'CERTIFICATE' },
        ],
      }),
    alias: 'btp',
  },
  {
    title: 'OAuth2JWTBearer with a technical JWT',
    file: 'jwt.json',
    text: ({ login, api }) =>
      json({
        Name: 'jwt',
        Type: 'HTTP',
        URL: api,
        Authentication: 'OAuth2JWTBearer',
        ProxyType: 'Internet',
        clientId: 'agent',
        clientSecret: `${secretMark}j`,
        tokenServiceURL: `${login}/oauth2/token`,
        tokenServiceURLType: 'Dedicated',
        'tokenService.addClientCredentialsInBody': 'false',
        'tokenService.body.client_id': 'agent',
        'tokenService.body.token_format': 'jwt',
        'x_user_token.jwks_uri': `${login}/oauth2/certs`,
      }),
    fromFile: { assertion: jwt },
    alias: 'jwt',
    request: {
      target: '/oauth2/token',
      authorization: basic('agent', `${secretMark}j`),
      form: [
        ['grant_type', 'urn:ietf:params:oauth:grant-type:jwt-bearer'],
        ['client_id', 'agent'],
        ['assertion', jwt],
        ['token_format', 'jwt'],
      ],
    },
  },
  {
    title: 'OAuth2TokenExchange with a technical token',
    file: 'exchange.json',
    text: ({ login, api }) =>
      json([
        {
          Name: 'exchange',
          Type: 'HTTP',
          URL: api,
          Authentication: 'OAuth2TokenExchange',
          ProxyType: 'Internet',
          clientId: 'gateway',
          tokenServiceURL: `${login}/token`,
          'tokenService.body.subject_token_type': 'urn:ietf:params:oauth:token-type:jwt',
          'tokenService.body.requested_token_type': 'urn:ietf:params:oauth:token-type:access_token',
          'tokenService.body.audience': 'orders',
        },
        { Name: 'static', Type: 'HTTP', URL: api, Authentication: 'NoAuthentication', ProxyType: 'Internet' },
      ]),
    fromFile: { 'subject-token': jwt },
    alias: 'exchange',
    request: {
      target: '/token',
      form: [
        ['grant_type', 'urn:ietf:params:oauth:grant-type:token-exchange'],
        ['client_id', 'gateway'],
        ['subject_token', jwt],
        ['subject_token_type', 'urn:ietf:params:oauth:token-type:jwt'],
        ['requested_token_type', 'urn:ietf:params:oauth:token-type:access_token'],
        ['audience', 'orders'],
      ],
    },
  },
  {
    title: 'OAuth2RefreshToken with a refresh token',
    file: 'refresh.properties',
    text: ({ login, api }) =>
      `Name : refresh\nType HTTP\nURL = ${api}\nProxyType=PrivateLink\nAuthentication=OAuth2RefreshToken\nclientId=r\nclientSecret=${secretMark}r\n` +
      `tokenServiceURL=${login}/token\n`,
    fromFile: { 'refresh-token': `${secretMark}refresh` },
    alias: 'refresh',
    request: {
      target: '/token',
      form: [
        ['grant_type', 'refresh_token'],
        ['client_id', 'r'],
        ['client_secret', `${secretMark}r`],
        ['refresh_token', `${secretMark}refresh`],
      ],
    },
  },
];

const uaa = (login: string): object => ({
  apiurl: 'https://api.authentication.eu10.hana.ondemand.com',
  clientid: 'sb-iot!b1|iotae!b2',
  clientsecret: `${secretMark}x$%+/=`,
  'credential-type': 'binding-secret',
  identityzone: 'acme',
  identityzoneid: '1e505bb1-2fa9-4d2b-8c15-8c3e6e6279c6',
  subaccountid: '1e505bb1-2fa9-4d2b-8c15-8c3e6e6279c6',
  tenantid: '1e505bb1-2fa9-4d2b-8c15-8c3e6e6279c6',
  tenantmode: 'dedicated',
  uaadomain: 'authentication.eu10.hana.ondemand.com',
  url: login,
  verificationkey: '-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkq\n-----END PUBLIC KEY-----',
  xsappname: 'iot!b1',
  zoneid: '1e505bb1-2fa9-4d2b-8c15-8c3e6e6279c6',
});

const fromXsuaa: ExpectedRequest = {
  target: '/oauth/token',
  authorization: basic('sb-iot!b1|iotae!b2', `${secretMark}x$%+/=`),
  form: [['grant_type', 'client_credentials']],
};

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const bindingMetadata = json({
  metaDataProperties: ['instance_name', 'instance_guid', 'plan', 'label', 'type', 'tags'].map((name) => ({ name, format: 'text' })),
  credentialProperties: [
    { name: 'uaa', format: 'json' },
    { name: 'url', format: 'text' },
  ],
});

const serviceKeys: readonly SapSource[] = [
  {
    title: 'a service key of XSUAA',
    file: 'xsuaa-key.json',
    text: ({ login }) => json(uaa(login)),
    args: ({ api }) => ['--upstream-url', api],
    alias: 'xsuaa-key',
    request: fromXsuaa,
  },
  {
    title: 'a service key of XSUAA as the CF command line prints it',
    file: 'cf.json',
    text: ({ login }) => json({ credentials: uaa(`${login}/`) }),
    args: ({ api }) => ['--upstream-url', api, '--name', 'from-cf', '--namespace', 'hr'],
    alias: 'from-cf',
    request: fromXsuaa,
  },
  {
    title: 'a service key with uaa and one endpoint',
    file: 'abap.json',
    text: ({ login, api }) => json({ uaa: uaa(login), endpoints: { abap: api }, catalogs: { abap: { path: '/sap', type: 'sap_abap' } } }),
    alias: 'abap',
    request: fromXsuaa,
  },
  {
    title: 'a service key of SAP Integration Suite',
    file: 'it-rt.json',
    text: ({ login, api }) =>
      json({
        oauth: { clientid: 'sb-it!b1', clientsecret: `${secretMark}it`, tokenurl: `${login}/oauth/token`, url: api, createdate: '2026' },
      }),
    alias: 'it-rt',
    request: {
      target: '/oauth/token',
      authorization: basic('sb-it!b1', `${secretMark}it`),
      form: [['grant_type', 'client_credentials']],
    },
  },
  {
    title: 'a service key of Identity Authentication',
    file: 'ias.json',
    text: ({ login }) =>
      json({
        clientid: '7d4f7a4e-1c1b-4d3e-9a53-1f0e5a0f2c11',
        clientsecret: `${secretMark}a:b+c`,
        url: login,
        authorization_endpoint: `${login}/oauth2/authorize`,
        end_session_endpoint: `${login}/oauth2/logout`,
        domain: 'accounts.ondemand.com',
        domains: ['accounts.ondemand.com'],
        app_tid: '1e505bb1-2fa9-4d2b-8c15-8c3e6e6279c6',
        'credential-type': 'SECRET',
      }),
    args: ({ api }) => ['--upstream-url', api],
    alias: 'ias',
    request: {
      target: '/oauth2/token',
      authorization: basic('7d4f7a4e-1c1b-4d3e-9a53-1f0e5a0f2c11', `${secretMark}a%3Ab%2Bc`),
      form: [['grant_type', 'client_credentials']],
    },
  },
  {
    title: "a service binding's Secret of the SAP BTP service operator",
    file: 'binding.yaml',
    text: ({ login, api }) =>
      [
        'apiVersion: v1',
        'kind: Secret',
        'metadata:',
        '  name: iot-binding',
        '  namespace: iot',
        'type: Opaque',
        'data:',
        `  .metadata: ${base64(bindingMetadata)}`,
        `  uaa: ${base64(json(uaa(login)))}`,
        `  url: ${base64(api)}`,
        `  instance_guid: ${base64('0b4de8be')}`,
        `  plan: ${base64('standard')}`,
        `  tags: ${base64('[]')}`,
        '',
      ].join('\n'),
    alias: 'iot-binding',
    request: fromXsuaa,
  },
  {
    title: "a service binding's Secret with all in one key",
    file: 'container.json',
    text: ({ login }) =>
      json({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'one-key' }, stringData: { credentials: json(uaa(login)) } }),
    args: ({ api }) => ['--upstream-url', api],
    alias: 'one-key',
    request: fromXsuaa,
  },
];

/** Where a certificate stands for the client: the token endpoint must be https. */
export const certificateSources = (client: { readonly certificate: string; readonly key: string }): readonly SapSource[] => [
  {
    title: 'OAuth2ClientCredentials with a client certificate',
    file: 'mtls.json',
    text: ({ login, api }) =>
      json({
        destinationConfiguration: {
          Name: 'mtls',
          Type: 'HTTP',
          URL: api,
          Authentication: 'OAuth2ClientCredentials',
          ProxyType: 'Internet',
          clientId: 'sb-mtls!b1',
          tokenServiceURL: `${login}/oauth/token`,
          tokenServiceURLType: 'Dedicated',
          'tokenService.KeyStoreLocation': 'client.pem',
          'tokenService.KeyStorePassword': `${secretMark}password`,
        },
        certificates: [{ Name: 'client.pem', Content: base64(client.certificate + client.key), Type: 'CERTIFICATE' }],
      }),
    alias: 'mtls',
    request: {
      target: '/oauth/token',
      form: [
        ['grant_type', 'client_credentials'],
        ['client_id', 'sb-mtls!b1'],
      ],
    },
  },
  {
    title: 'a service key of XSUAA with a certificate, whose lines are escaped twice',
    file: 'x509.json',
    text: ({ login }) =>
      json({
        ...uaa('https://secret.acme.example'),
        clientsecret: undefined,
        'credential-type': 'x509',
        certurl: login,
        certificate: oneLine(client.certificate),
        key: oneLine(client.key),
        'certificate-pinning': true,
        clientx509enabled: true,
      }),
    args: ({ api }) => ['--upstream-url', api],
    alias: 'x509',
    request: {
      target: '/oauth/token',
      form: [
        ['grant_type', 'client_credentials'],
        ['client_id', 'sb-iot!b1|iotae!b2'],
      ],
    },
  },
];

export const sapSources: readonly SapSource[] = [...destinations, ...serviceKeys];
