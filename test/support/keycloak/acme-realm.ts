import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { canarySecret } from '../canary.ts';

/** PEM, PKCS#8. */
export const keys = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
  ec: generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' }),
  ed25519: generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }),
};

export const clientSecret = canarySecret('of-a-client');
export const special = { id: 'sb-job!b1|x', secret: canarySecret('p+s%w:rd ä') };
export const user = { name: 'job', password: canarySecret('of a user') };

/** The public key of a private one (RFC 7517), under the key id `k1`. Keycloak takes an RSA key to be for RS256 unless it is told. */
export function keySet(privateKey: string, alg: string): { keys: object[] } {
  return { keys: [{ ...createPublicKey(privateKey).export({ format: 'jwk' }), kid: 'k1', use: 'sig', alg }] };
}

/** A client that may ask for tokens of its own. */
const client = (clientId: string, attributes: Readonly<Record<string, string>> = {}, more: object = {}): object => ({
  clientId,
  secret: clientSecret,
  serviceAccountsEnabled: true,
  standardFlowEnabled: false,
  attributes,
  ...more,
});

/** private_key_jwt with the public key of this private one. */
const keyClient = (clientId: string, algorithm: string, key: string, more: Readonly<Record<string, string>> = {}): object =>
  client(
    clientId,
    {
      ...more,
      'token.endpoint.auth.signing.alg': algorithm,
      'use.jwks.string': 'true',
      'jwks.string': JSON.stringify(keySet(key, algorithm)),
    },
    { clientAuthenticatorType: 'client-jwt' },
  );

/** Its tokens name another client as a recipient. */
const audience = (of: string): object => ({
  name: of,
  protocol: 'openid-connect',
  protocolMapper: 'oidc-audience-mapper',
  config: { 'included.client.audience': of, 'access.token.claim': 'true' },
});

export interface Issuers {
  /** Of assertions that stand for users. */
  readonly partner: string;
  readonly partnerKey: string;
  /** Of service account tokens: Kubernetes, which shows its keys below this URL. */
  readonly cluster: string;
}

export const serviceAccount = 'system:serviceaccount:hr:job';

export function acmeRealm({ partner, partnerKey, cluster }: Issuers): object {
  return {
    realm: 'acme',
    enabled: true,
    clients: [
      client('basic'),
      client(special.id, {}, { secret: special.secret }),
      client('disabled', {}, { enabled: false }),
      keyClient('rs256', 'RS256', keys.rsa),
      keyClient('ps256', 'PS256', keys.rsa),
      keyClient('es256', 'ES256', keys.ec),
      keyClient('eddsa', 'EdDSA', keys.ed25519),
      keyClient('rotated', 'RS256', keys.rsa, { 'access.token.lifespan': '2' }),
      client('secret-jwt', { 'token.endpoint.auth.signing.alg': 'HS256' }, { clientAuthenticatorType: 'client-secret-jwt' }),
      client(
        'mtls',
        { 'x509.subjectdn': 'CN=mtls', 'x509.allow.regex.pattern.comparison': 'false' },
        { clientAuthenticatorType: 'client-x509' },
      ),
      client('password', {}, { directAccessGrantsEnabled: true, protocolMappers: [audience('exchange')] }),
      client('offline', {}, { directAccessGrantsEnabled: true }),
      client('exchange', { 'standard.token.exchange.enabled': 'true' }),
      client('jwt-bearer', { 'oauth2.jwt.authorization.grant.enabled': 'true', 'oauth2.jwt.authorization.grant.idp': 'partner' }),
      client(
        'workload',
        { 'jwt.credential.issuer': 'cluster', 'jwt.credential.sub': serviceAccount },
        { clientAuthenticatorType: 'federated-jwt' },
      ),
    ],
    identityProviders: [
      {
        alias: 'partner',
        providerId: 'jwt-authorization-grant',
        config: {
          issuer: partner,
          useJwksUrl: 'false',
          publicKeySignatureVerifier: createPublicKey(partnerKey).export({ type: 'spki', format: 'pem' }),
          publicKeySignatureVerifierKeyId: 'k1',
          jwtAuthorizationGrantEnabled: 'true',
        },
      },
      { alias: 'cluster', providerId: 'kubernetes', config: { issuer: cluster } },
    ],
    users: [
      {
        username: user.name,
        enabled: true,
        email: 'job@acme.example',
        emailVerified: true,
        firstName: 'Nightly',
        lastName: 'Job',
        credentials: [{ type: 'password', value: user.password, temporary: false }],
        realmRoles: ['offline_access'],
        federatedIdentities: [{ identityProvider: 'partner', userId: 'partner-job', userName: 'partner-job' }],
      },
    ],
  };
}
