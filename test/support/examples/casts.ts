import { X509Certificate } from 'node:crypto';
import { createServer } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { canaryToken } from '../canary.ts';
import { listenOnLoopback } from '../listen-on-loopback.ts';
import type { Certificate } from '../make-certificate.ts';
import { startResourceServer, type VerifyToken } from '../resource-server.ts';
import type { AssertionVerifier } from '../saml/assertion-verifier.ts';
import { startBtpTokenServer } from '../saml/btp-token-server.ts';
import { startSuccessFactorsTokenServer } from '../saml/successfactors-token-server.ts';
import { Refusal } from '../saml/token-server.ts';
import type { XmlReader } from '../soap/xml-reader.ts';
import type { Example, Servers } from './example.ts';
import { certificateJwk, type OidcOptions, publicJwk, startOidcTokenServer } from './oidc-token-server.ts';
import { basic, expectAuthorization, expectFields, startTokenEndpoint, type TokenEndpointOptions } from './token-endpoint.ts';
import { verifyJwt } from './verify-jwt.ts';

export interface Circumstances {
  /** Closes the servers. */
  readonly stack: AsyncDisposableStack;
  readonly verifier: AssertionVerifier;
  readonly xml: XmlReader;
  /** Of a server on 127.0.0.1 that the client trusts. */
  readonly serverCertificate: Certificate;
  /** The public key of the cluster that issues service account tokens. */
  readonly clusterKey: string;
}

/** The servers of one example, the call that is to be made, and what comes of it. */
export interface Cast {
  readonly start: (example: Example, circumstances: Circumstances) => Promise<Servers>;
  readonly call: string;
  readonly body?: string;
  /** For whom the token is, as the API understands it. */
  readonly answer: string;
  /** Something that makes the token server refuse, and what it puts in its place. */
  readonly mistake: readonly [string, string];
}

export const serviceAccount = {
  iss: 'https://kubernetes.default.svc.cluster.local',
  sub: 'system:serviceaccount:hr:jobs',
  aud: ['api://AzureADTokenExchange', 'https://iam.acme.example/pools/cluster'],
};

/** An API that says for whom the token is. */
async function startApi(stack: AsyncDisposableStack, verifyToken: VerifyToken): Promise<string> {
  const { url } = stack.use(
    await startResourceServer({ verifyToken, respond: (_request, response, { clientId }) => void response.end(clientId) }),
  );
  return url;
}

/** oidc-provider in front of that API. */
const provider =
  (options: (example: Example, circumstances: Circumstances) => OidcOptions | Promise<OidcOptions>): Cast['start'] =>
  async (example, circumstances) => {
    const { stack } = circumstances;
    const tokens = stack.use(await startOidcTokenServer(await options(example, circumstances)));
    return { tokens: tokens.url, api: await startApi(stack, tokens.verifyToken) };
  };

/** A token endpoint that insists on each part of the request, in front of that API. */
const strict =
  (options: (example: Example, circumstances: Circumstances) => TokenEndpointOptions): Cast['start'] =>
  async (example, circumstances) => {
    const { stack } = circumstances;
    const endpoint = stack.use(await startTokenEndpoint(options(example, circumstances)));
    return { tokens: new URL(endpoint.url).origin, api: await startApi(stack, (token) => endpoint.verifyToken(token)) };
  };

const clientSecret = 'example-client-secret';
const jwtAssertion = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const entra = { id: '2b1c6a52-3f0e-4d59-8f0b-6f1f0d9f7a10', path: '/7d4f7a4e-1c1b-4d3e-9a53-1f0e5a0f2c11/oauth2/v2.0/token' };

/** Microsoft Entra ID, which takes a client's assertion and nothing else. */
const startEntra = (verify: (assertion: string, url: string) => void): TokenEndpointOptions => ({
  path: entra.path,
  admit: ({ request, form, url }) => {
    expectAuthorization(request, undefined);
    expectFields(form, {
      grant_type: 'client_credentials',
      client_id: entra.id,
      client_assertion_type: jwtAssertion,
      client_assertion: (assertion) => verify(assertion, url),
      scope: 'https://graph.entra.example/.default',
    });
    return entra.id;
  },
});

const plainCall = { call: 'GET /things' } as const;

/** By the file's name. An example that is not in here has no test, which is a failure. */
export const casts: Readonly<Record<string, Cast>> = {
  'grants/password.yaml': {
    ...plainCall,
    answer: 'jobs@acme.example',
    mistake: ['jobs@acme.example', 'nobody@acme.example'],
    start: strict(() => ({
      path: '/oauth/token',
      admit: ({ request, form }) => {
        expectAuthorization(request, basic('sb-partners!b1|xsuaa!b2', clientSecret));
        expectFields(form, { grant_type: 'password', username: 'jobs@acme.example', password: 'example-password' });
        return 'jobs@acme.example';
      },
    })),
  },
  'grants/successfactors-odata.yaml': {
    call: 'GET /odata/v2/User?$top=1&$format=json',
    answer: 'sfjobs',
    mistake: ['nameID: sfjobs', 'nameID: nobody'],
    start: async (example, { stack, verifier }) => {
      const options = { verifier, certificate: example.made('tls.crt'), companyId: 'acme', users: [{ userId: 'sfjobs' }] };
      const tokens = stack.use(await startSuccessFactorsTokenServer({ ...options, clientId: 'NTg4MDZkYmE0ZTk3' }));
      return { tokens: new URL(tokens.url).origin, api: await startApi(stack, (token) => claims(tokens.userOf(token))) };
    },
  },
  'grants/btp-saml.yaml': {
    ...plainCall,
    answer: 'jobs@acme.example',
    mistake: ['issuer: https://jobs.acme.example', 'issuer: https://another.example'],
    start: async (example, { stack, verifier }) => {
      const known = { clientId: 'sb-orders!t1', clientSecret, issuer: 'https://jobs.acme.example', audience: 'https://acme.authentication.example' };
      const tokens = stack.use(await startBtpTokenServer({ verifier, certificate: example.made('tls.crt'), ...known }));
      return { tokens: new URL(tokens.url).origin, api: await startApi(stack, (token) => claims(tokens.userOf(token))) };
    },
  },
  'grants/jwt-bearer.yaml': {
    ...plainCall,
    answer: 'jobs@acme.example',
    mistake: ['auth.acme.example/storage.read', 'auth.acme.example/storage.write'],
    start: strict((example) => {
      const seen = new Set();
      return {
        path: '/token',
        admit: ({ request, form, url }) => {
          expectAuthorization(request, undefined);
          const [iss, scope] = ['jobs@acme.example', 'https://auth.acme.example/storage.read'];
          const expected = { key: example.made('tls.crt'), algorithm: 'RS256', header: { kid: 'key-1' }, longestSeconds: 3600, seen } as const;
          expectFields(form, {
            grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
            assertion: (token) => verifyJwt(token, { ...expected, claims: { iss, sub: iss, aud: url, scope } }),
          });
          return iss;
        },
      };
    }),
  },
  'grants/token-exchange.yaml': {
    ...plainCall,
    answer: serviceAccount.sub,
    mistake: ['providers/kubernetes', 'providers/another'],
    start: strict((_example, { clusterKey }) => ({
      path: '/v1/token',
      admit: ({ request, form }) => {
        expectAuthorization(request, undefined);
        expectFields(form, {
          grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
          subject_token: (token) => verifyServiceAccount(token, clusterKey),
          subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
          requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
          scope: 'https://auth.acme.example/storage.read',
          audience: '//iam.acme.example/pools/cluster/providers/kubernetes',
        });
        return serviceAccount.sub;
      },
    })),
  },
  'grants/refresh-token.yaml': {
    ...plainCall,
    answer: 'calendar-sync',
    mistake: ['id: calendar-sync', 'id: another'],
    start: provider(() => ({
      refreshToken: 'example-refresh-token',
      client: { client_id: 'calendar-sync', client_secret: clientSecret, token_endpoint_auth_method: 'client_secret_basic' },
    })),
  },
  'grants/custom-login.yaml': {
    call: 'GET /Orders',
    answer: '/odata/Orders',
    mistake: ['value: acme', 'value: another'],
    start: startCustomLogin,
  },
  'authentications/client-secret-post.yaml': {
    ...plainCall,
    answer: 'acme',
    mistake: ['id: acme', 'id: another'],
    start: provider(() => ({
      client: { client_id: 'acme', client_secret: clientSecret, token_endpoint_auth_method: 'client_secret_post' },
    })),
  },
  'authentications/client-secret-jwt.yaml': {
    ...plainCall,
    answer: 'acme',
    mistake: ['id: acme', 'id: another'],
    start: provider(() => ({
      client: {
        client_id: 'acme',
        client_secret: 'example-client-secret-of-32-bytes-or-more',
        token_endpoint_auth_method: 'client_secret_jwt',
      },
    })),
  },
  'authentications/private-key-jwt.yaml': {
    ...plainCall,
    answer: 'acme',
    mistake: ['keyId: key-1', 'keyId: another'],
    start: provider(async (example) => ({
      client: {
        client_id: 'acme',
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [await publicJwk(example.made('client.pub'), { kid: 'key-1', alg: 'ES256', use: 'sig' })] },
      },
    })),
  },
  'authentications/entra-certificate.yaml': {
    ...plainCall,
    answer: entra.id,
    mistake: ['algorithm: PS256', 'algorithm: RS256'],
    start: strict((example) => {
      const key = example.made('tls.crt');
      const thumbprint = new X509Certificate(key).fingerprint256.replaceAll(':', '');
      const header = { 'x5t#S256': Buffer.from(thumbprint, 'hex').toString('base64url') };
      const expected = { key, algorithm: 'PS256', header, longestSeconds: 600, seen: new Set() } as const;
      return startEntra((assertion, aud) => verifyJwt(assertion, { ...expected, claims: { iss: entra.id, sub: entra.id, aud } }));
    }),
  },
  'authentications/mutual-tls.yaml': {
    ...plainCall,
    answer: 'acme',
    mistake: ['id: acme', 'id: another'],
    start: provider(async (example, { serverCertificate }) => ({
      tls: serverCertificate,
      client: {
        client_id: 'acme',
        token_endpoint_auth_method: 'self_signed_tls_client_auth',
        jwks: { keys: [await certificateJwk(example.made('tls.crt'))] },
      },
    })),
  },
  'authentications/workload-identity.yaml': {
    ...plainCall,
    answer: entra.id,
    mistake: ['graph.entra.example/.default', 'graph.entra.example/another'],
    start: strict((_example, { clusterKey }) => startEntra((assertion) => verifyServiceAccount(assertion, clusterKey))),
  },
  'authentications/public-client.yaml': {
    ...plainCall,
    answer: 'acme-cli',
    mistake: ['id: acme-cli', 'id: another'],
    start: provider(() => ({
      refreshToken: 'example-refresh-token',
      client: { client_id: 'acme-cli', application_type: 'native', token_endpoint_auth_method: 'none' },
    })),
  },
  'authentications/ias.yaml': {
    ...plainCall,
    answer: '7d4f7a4e-1c1b-4d3e-9a53-1f0e5a0f2c11',
    mistake: ['basicEncoding: FormURLEncoded', 'basicEncoding: Raw'],
    start: strict(() => ({
      path: '/oauth2/token',
      admit: ({ request, form }) => {
        // "+" and "/" and "=" of the secret, written as a form would.
        expectAuthorization(request, basic('7d4f7a4e-1c1b-4d3e-9a53-1f0e5a0f2c11', 'example%2Bclient%2Fsecret%3D'));
        expectFields(form, { grant_type: 'client_credentials', resource: 'urn:sap:identity:application:provider:name:orders' });
        return '7d4f7a4e-1c1b-4d3e-9a53-1f0e5a0f2c11';
      },
    })),
  },
  'injection/soap-header.yaml': {
    call: 'POST /catalogue',
    body: '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/><s:Body><GetItem xmlns="urn:acme:items"/></s:Body></s:Envelope>',
    answer: 'acme',
    mistake: ['id: acme', 'id: another'],
    start: async (_example, { stack, xml }) => {
      const client = { client_id: 'acme', client_secret: clientSecret, token_endpoint_auth_method: 'client_secret_basic' };
      const tokens = stack.use(await startOidcTokenServer({ client }));
      return { tokens: tokens.url, api: await startSoapApi(stack, xml, tokens.verifyToken) };
    },
  },
};

const claims = (user: string | undefined): { readonly clientId: string } | undefined => (user === undefined ? undefined : { clientId: user });

const verifyServiceAccount = (token: string, key: string): void =>
  verifyJwt(token, { key, algorithm: 'RS256', header: { kid: 'cluster' }, longestSeconds: 3600, claims: serviceAccount });

/** An ERP system with a login of its own kind, and a token that only goes by its own header. */
async function startCustomLogin(_example: Example, { stack }: Circumstances): Promise<Servers> {
  const token = canaryToken('erp-session');
  const server = createServer(({ method, url, headers }, response) => {
    response.setHeader('Content-Type', 'application/json');
    const isLogin = method === 'GET' && url === '/odata/Login?tenant=acme';
    if (isLogin && headers.authorization === basic('jobs', 'example-password')) {
      response.end(JSON.stringify({ d: { Login: { SessionToken: token, TimeoutSeconds: '900' } } }));
    } else if (headers['x-acme-session'] === `Session ${token}` && headers.authorization === undefined) response.end(url);
    else response.writeHead(401).end(JSON.stringify({ error: { message: 'Log in first' } }));
  });
  const { url } = stack.use(await listenOnLoopback(server));
  return { tokens: url, api: url };
}

/** A SOAP service that finds the token in the envelope's Header, read by another parser than ours. */
async function startSoapApi(stack: AsyncDisposableStack, xml: XmlReader, verifyToken: VerifyToken): Promise<string> {
  const server = createServer((request, response) => {
    const answer = async (): Promise<string> => {
      const reading = await xml.read(await buffer(request));
      if ('error' in reading) throw new Refusal(reading.error);
      const start = reading.events.findIndex(([kind, name]) => kind === 'start' && name === 'urn:acme:auth AccessToken');
      const [kind, token = ''] = reading.events[start + 1] ?? [];
      if (start === -1 || kind !== 'text' || request.headers.authorization !== undefined) throw new Refusal('no token');
      return (await verifyToken(token))?.clientId ?? '';
    };
    answer().then(
      (body) => response.end(body),
      (error: unknown) => response.writeHead(401).end(String(error)),
    );
  });
  return stack.use(await listenOnLoopback(server)).url;
}
