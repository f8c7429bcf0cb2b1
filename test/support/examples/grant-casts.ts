import { createServer } from 'node:http';
import { Sensitive } from '../../../crds/sensitive.ts';
import { samlAssertion } from '../../../sidecar/token/saml-assertion.ts';
import { canaryToken } from '../canary.ts';
import { listenOnLoopback } from '../listen-on-loopback.ts';
import { makeCertificate } from '../make-certificate.ts';
import { startBtpTokenServer } from '../saml/btp-token-server.ts';
import { startSuccessFactorsTokenServer } from '../saml/successfactors-token-server.ts';
import {
  type Cast,
  type Circumstances,
  claims,
  clientSecret,
  plainCall,
  provider,
  serviceAccount,
  startApi,
  strict,
  suppliedJwt,
  thumbprintOf,
  verifyServiceAccount,
} from './cast.ts';
import type { Example, Servers } from './example.ts';
import { basic, expectAuthorization, expectFields } from './token-endpoint.ts';
import { verifyJwt } from './verify-jwt.ts';

/** Of examples/grants, by the file's name. */
export const grantCasts: Readonly<Record<string, Cast>> = {
  'grants/password.yaml': {
    ...plainCall,
    answer: 'jobs@acme.example',
    mistake: ['id: sb-partners', 'id: sb-others'],
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
      const known = {
        clientId: 'sb-orders!t1',
        clientSecret,
        issuer: 'https://jobs.acme.example',
        audience: 'https://acme.authentication.example',
      };
      const tokens = stack.use(await startBtpTokenServer({ verifier, certificate: example.made('tls.crt'), ...known }));
      return { tokens: new URL(tokens.url).origin, api: await startApi(stack, (token) => claims(tokens.userOf(token))) };
    },
  },
  'grants/supplied-saml.yaml': {
    ...plainCall,
    answer: 'jobs@acme.example',
    mistake: ['id: sb-orders!t1', 'id: sb-orders!t2'],
    start: async (example, { stack, verifier }) => {
      const [issuer, audience] = ['https://jobs.acme.example', 'https://acme.authentication.example'];
      const { key, certificate } = makeCertificate('jobs.acme.example', { rsaBits: 2048 });
      const known = { clientId: 'sb-orders!t1', clientSecret, issuer, audience };
      const tokens = stack.use(await startBtpTokenServer({ verifier, certificate, ...known }));
      const subject = { nameID: 'jobs@acme.example', nameIDType: 'EmailAddress', lifetimeSeconds: 600 } as const;
      const assertion = { ...subject, attributes: [], issuer, audience, key: new Sensitive(key), certificate };
      const input = { assertion, clientId: 'sb-orders!t1', profile: 'RFC7522', tokenUrl: tokens.url } as const;
      example.give('assertion.xml', samlAssertion(input, { nowMs: Date.now(), id: '_made-elsewhere' }));
      return { tokens: new URL(tokens.url).origin, api: await startApi(stack, (token) => claims(tokens.userOf(token))) };
    },
  },
  'grants/supplied-jwt.yaml': {
    ...plainCall,
    answer: 'jobs@acme.example',
    mistake: ['id: acme', 'id: another'],
    start: strict((example) => {
      const supplied = suppliedJwt(example, 'assertion.jwt', { iss: 'idp.acme.example', sub: 'jobs@acme.example', aud: 'login' });
      return {
        path: '/token',
        admit: ({ request, form }) => {
          expectAuthorization(request, undefined);
          const assertion = (token: string): void => verifyJwt(token, supplied);
          expectFields(form, { grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer', client_id: 'acme', assertion });
          return 'jobs@acme.example';
        },
      };
    }),
  },
  'grants/delegation.yaml': {
    ...plainCall,
    answer: 'someone',
    mistake: ['[ ledger ]', '[ another ]'],
    start: strict((example, { clusterKey }) => {
      example.give('subject-token', 'opaque-token-of-someone');
      return {
        path: '/token',
        admit: ({ request, form }) => {
          expectAuthorization(request, basic('ledger-sync', clientSecret));
          expectFields(form, {
            grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
            subject_token: 'opaque-token-of-someone',
            subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
            actor_token: (token) => verifyServiceAccount(token, clusterKey),
            actor_token_type: 'urn:ietf:params:oauth:token-type:jwt',
            audience: 'ledger',
          });
          return 'someone';
        },
      };
    }),
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
          const key = example.made('tls.crt');
          const header = { kid: 'key-1', 'x5t#S256': thumbprintOf(key) };
          const expected = { key, algorithm: 'RS256', header, longestSeconds: 3600, seen } as const;
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
};

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
