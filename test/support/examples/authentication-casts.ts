import { type Cast, clientSecret, plainCall, provider, strict, suppliedJwt, thumbprintOf, verifyServiceAccount } from './cast.ts';
import { certificateJwk, publicJwk } from './oidc-token-server.ts';
import { basic, expectAuthorization, expectFields, type TokenEndpointOptions } from './token-endpoint.ts';
import { verifyJwt } from './verify-jwt.ts';

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

/** Of examples/authentications, by the file's name. */
export const authenticationCasts: Readonly<Record<string, Cast>> = {
  'authentications/client-secret-post.yaml': {
    ...plainCall,
    answer: 'acme',
    mistake: ['id: acme', 'id: another'],
    start: provider(() => ({
      client: { client_id: 'acme', client_secret: clientSecret, token_endpoint_auth_method: 'client_secret_post' },
    })),
  },
  'authentications/body-id.yaml': {
    ...plainCall,
    answer: 'jobs@acme.example',
    mistake: ['bodyId: acme', 'bodyId: another'],
    start: strict(() => ({
      path: '/token',
      admit: ({ request, form }) => {
        const user = { username: 'jobs@acme.example', password: 'example-password' };
        expectAuthorization(request, basic('token-service', clientSecret));
        expectFields(form, { grant_type: 'password', client_id: 'acme', ...user });
        return user.username;
      },
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
      const header = { 'x5t#S256': thumbprintOf(key) };
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
  'authentications/supplied-assertion.yaml': {
    ...plainCall,
    answer: 'acme',
    mistake: ['id: acme', 'id: another'],
    start: strict((example) => {
      const supplied = suppliedJwt(example, 'assertion.jwt', { iss: 'acme', sub: 'acme', aud: 'login' });
      return {
        path: '/token',
        admit: ({ request, form }) => {
          expectAuthorization(request, undefined);
          expectFields(form, {
            grant_type: 'client_credentials',
            client_id: 'acme',
            client_assertion_type: jwtAssertion,
            client_assertion: (token) => verifyJwt(token, supplied),
          });
          return 'acme';
        },
      };
    }),
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
};
