import { generateKeyPairSync, createPrivateKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { canarySecret } from '../support/canary.ts';
import { acmeRealm, clientSecret, keys, keySet, serviceAccount, special, user } from '../support/keycloak/acme-realm.ts';
import { changeClient, replaceSigningKey } from '../support/keycloak/change-realm.ts';
import { startClusterIssuer } from '../support/keycloak/cluster-issuer.ts';
import { installKeycloak } from '../support/keycloak/install-keycloak.ts';
import { Keycloak } from '../support/keycloak/keycloak.ts';
import { verifyRealmToken } from '../support/keycloak/verify-realm-token.ts';
import type { Listening } from '../support/listen-on-loopback.ts';
import { makeCertificate } from '../support/make-certificate.ts';
import type { VerifyToken } from '../support/resource-server.ts';
import { type Declared, type ProviderStage, setProviderStage } from './provider-stage.ts';

// The first run on a machine downloads and prepares it.
const home = await installKeycloak();

const partner = 'https://partner.example';
const endpoint = '/realms/acme/protocol/openid-connect/token';
const assertionRef = { name: 'acme-secret', key: 'assertion' };

type Spec = Pick<Declared, 'client' | 'grant' | 'secrets'> & { readonly tls?: object };

describe.skipIf(home === undefined)('part B: Keycloak', { timeout: 60_000 }, () => {
  let keycloak: Keycloak;
  let cluster: Listening;
  let verifyToken: VerifyToken;

  beforeAll(async () => {
    keycloak = new Keycloak(home ?? '');
    cluster = await startClusterIssuer(keys.ec);
    await keycloak.listening();
    await keycloak.administer('POST', '', acmeRealm({ partner, partnerKey: keys.rsa, cluster: cluster.url }));
    verifyToken = verifyRealmToken(keycloak);
  }, 300_000);

  afterAll(async () => {
    await keycloak?.[Symbol.asyncDispose]();
    await cluster?.close();
  });

  const declared = ({ tls, client, grant, secrets }: Spec): Declared => ({
    tokenEndpoint: tls === undefined ? { url: keycloak.url + endpoint } : { url: keycloak.httpsUrl + endpoint, tls },
    ...(client && { client }),
    ...(grant && { grant }),
    secrets: { 'client-secret': clientSecret, ...secrets },
  });
  const stageOf = (spec: Spec, projectedTokenFile?: string): Promise<ProviderStage> => {
    const projectedToken = projectedTokenFile === undefined ? undefined : { file: projectedTokenFile, hosts: ['127.0.0.1'] };
    return setProviderStage({ verifyToken, ...declared(spec), ...(projectedToken && { projectedToken }) });
  };
  const outcomeOf = async (spec: Spec, projectedTokenFile?: string) => {
    await using stage = await stageOf(spec, projectedTokenFile);
    return stage.callApi();
  };
  const realm = (): string => `${keycloak.url}/realms/acme`;

  /** As a person would get tokens for a credential's Secret. */
  async function tokensOf(clientId: string, scope = 'openid'): Promise<{ readonly access_token: string; readonly refresh_token: string }> {
    const form = {
      grant_type: 'password',
      client_id: clientId,
      client_secret: clientSecret,
      username: user.name,
      password: user.password,
      scope,
    };
    const response = await fetch(keycloak.url + endpoint, { method: 'POST', body: new URLSearchParams(form) });
    return (await response.json()) as { readonly access_token: string; readonly refresh_token: string };
  }

  describe('client authentications', () => {
    it.each(['ClientSecretBasic', 'ClientSecretPost'])('A6 A16 %s', async (authentication) => {
      expect(await outcomeOf({ client: { id: 'basic', authentication } })).toMatchObject({ claims: { azp: 'basic' } });
    });

    it('A17 special characters by Basic: Keycloak decodes them, as RFC 6749 has it, and Raw is refused with that hint', async () => {
      const { id, secret } = special;
      const secrets = { 'client-secret': secret };
      expect(await outcomeOf({ client: { id, basicEncoding: 'FormURLEncoded' }, secrets })).toMatchObject({ claims: { azp: id } });
      expect(await outcomeOf({ client: { id }, secrets })).toMatchObject({
        code: 'token_rejected',
        hint: expect.stringContaining('client.basicEncoding: FormURLEncoded'),
      });
    });

    it.each([
      ['RS256', keys.rsa],
      ['PS256', keys.rsa],
      ['ES256', keys.ec],
      ['EdDSA', keys.ed25519],
    ])('B22 PrivateKeyJWT with %s, with and without a key id', async (algorithm, key) => {
      const id = algorithm.toLowerCase();
      for (const named of [{ keyId: 'k1' }, {}]) {
        expect(await outcomeOf(signing(id, key, { algorithm, ...named }))).toMatchObject({ claims: { azp: id } });
      }
    });

    it('B22 ClientSecretJWT', async () => {
      const client = { id: 'secret-jwt', authentication: 'ClientSecretJWT' };
      expect(await outcomeOf({ client })).toMatchObject({ claims: { azp: 'secret-jwt' } });
    });

    it("B22 the realm's issuer as the audience", async () => {
      const client = { id: 'secret-jwt', authentication: 'ClientSecretJWT', assertionAudience: realm() };
      expect(await outcomeOf({ client })).toMatchObject({ claims: { azp: 'secret-jwt' } });
    });

    it('B21 TLSClientAuth: the certificate of another client does not help', async () => {
      expect(await outcomeOf(withCertificate('mtls', keycloak))).toMatchObject({ claims: { azp: 'mtls' } });
      expect(await outcomeOf(withCertificate('stranger', keycloak))).toMatchObject({
        code: 'token_rejected',
        hint: expect.stringContaining('the certificate of tokenEndpoint.tls.clientCertificate is registered for it'),
      });
    });

    it('B23 ClientAssertion: a projected service account token, and no secret at all; another service account is refused', async () => {
      await using file = tokenFile();
      const client = { id: 'workload', authentication: 'ClientAssertion', clientAssertion: { assertionFrom: 'ProjectedToken' } };
      file.write(await signed({ iss: cluster.url, sub: serviceAccount, aud: realm() }, keys.ec));
      await using stage = await stageOf({ client }, file.name);
      expect(await stage.callApi()).toMatchObject({ claims: { azp: 'workload' } });

      file.write(await signed({ iss: cluster.url, sub: 'system:serviceaccount:hr:other', aud: realm() }, keys.ec));
      await stage.declare(declared({ client, grant: { scope: 'email' } }));
      expect(await stage.callApi()).toMatchObject({
        code: 'token_rejected',
        tokenEndpoint: { error: 'invalid_client' },
        hint: expect.stringContaining("with the pod's service account as subject"),
      });
    });
  });

  describe('grants', () => {
    it('B20 Password', async () => {
      expect(await outcomeOf(passwordGrant(user.password))).toMatchObject({ claims: { azp: 'password', preferred_username: user.name } });
    });

    it("B24 JWTBearer: an assertion signed here, taken by the realm's identity provider for assertions (a preview of Keycloak)", async () => {
      const assertion = {
        issuer: partner,
        subject: 'partner-job',
        audience: realm(),
        keyRef: { name: 'acme-secret', key: 'key' },
        keyId: 'k1',
      };
      const spec = { client: { id: 'jwt-bearer' }, grant: { type: 'JWTBearer', jwtBearer: { assertion } }, secrets: { key: keys.rsa } };
      expect(await outcomeOf(spec)).toMatchObject({ claims: { azp: 'jwt-bearer', preferred_username: user.name } });
    });

    it("B25 TokenExchange: a user's token for another client (RFC 8693)", async () => {
      const { access_token: subjectToken } = await tokensOf('password');
      const tokenExchange = { subjectTokenRef: { name: 'acme-secret', key: 'subject' } };
      const spec = { client: { id: 'exchange' }, grant: { type: 'TokenExchange', tokenExchange }, secrets: { subject: subjectToken } };
      expect(await outcomeOf(spec)).toMatchObject({ claims: { azp: 'exchange', preferred_username: user.name } });
    });

    it('B26 RefreshToken: an offline token, once the client is set not to get another one with each answer', async () => {
      const { refresh_token: refreshToken } = await tokensOf('offline', 'openid offline_access');
      const refreshTokenRef = { name: 'acme-secret' };
      const grant = { type: 'RefreshToken', refreshToken: { refreshTokenRef } };
      await using stage = await stageOf({ client: { id: 'offline' }, grant, secrets: { 'refresh-token': refreshToken } });
      // Even where the old one stays valid (the realm does not revoke refresh tokens), there is a new one in each answer.
      expect(await stage.callApi()).toMatchObject({ code: 'token_malformed', hint: expect.stringContaining('Use refresh tokens') });

      await changeClient(keycloak, 'offline', { attributes: { 'use.refresh.tokens': 'false' } });
      stage.sidecar.clock.pass(120_000);
      expect(await stage.callApi()).toMatchObject({ claims: { azp: 'offline', preferred_username: user.name } });
      stage.sidecar.clock.pass(300_000);
      expect(await stage.callApi()).toMatchObject({ claims: { azp: 'offline' } });
    });
  });

  describe('keys and secrets that change while the sidecar runs', () => {
    it('a new key of the client, at Keycloak and in the Secret: the old one is refused, the new one works', async () => {
      const newKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
      await using stage = await stageOf(signing('rotated', keys.rsa));
      expect(await stage.callApi()).toMatchObject({ claims: { azp: 'rotated' } });

      await changeClient(keycloak, 'rotated', { attributes: { 'jwks.string': JSON.stringify(keySet(newKey, 'RS256')) } });
      stage.sidecar.clock.pass(2_500);
      expect(await stage.callApi()).toMatchObject({ code: 'token_rejected', tokenEndpoint: { error: 'invalid_client' } });
      await stage.declare(declared(signing('rotated', newKey)));
      expect(await stage.callApi()).toMatchObject({ claims: { azp: 'rotated' } });
    });

    it('a mended secret counts at once', async () => {
      await using stage = await stageOf({ client: { id: 'basic' }, secrets: { 'client-secret': canarySecret('wrong') } });
      expect(await stage.callApi()).toMatchObject({ code: 'token_rejected' });
      await stage.declare(declared({ client: { id: 'basic' } }));
      expect(await stage.callApi()).toMatchObject({ claims: { azp: 'basic' } });
    });

    it('new keys of the realm: the API refuses the old token once, and the caller never hears of it', async () => {
      await using stage = await stageOf({ client: { id: 'basic' } });
      expect(await stage.callApi()).toMatchObject({ claims: { azp: 'basic' } });
      const [first] = stage.tokens;
      await replaceSigningKey(keycloak);
      expect(await stage.callApi()).toMatchObject({ claims: { azp: 'basic' } });
      expect(stage.tokens).toHaveProperty('size', 2);
      expect(await verifyToken(first ?? '')).toBeUndefined();
    });
  });

  describe('refusals', () => {
    it.each<[name: string, spec: Spec, tokenEndpoint: object, hint: string]>([
      [
        'a wrong secret',
        { client: { id: 'basic' }, secrets: { 'client-secret': canarySecret('wrong') } },
        { status: 401, error: 'unauthorized_client' },
        'Check client.id and the secret that client.secretRef names',
      ],
      ['an unknown client', { client: { id: 'nobody' } }, { status: 401, error: 'invalid_client' }, 'Check client.id'],
      ['a disabled client', { client: { id: 'disabled' } }, { status: 401, error: 'invalid_client' }, 'Check client.id'],
      ['an unknown scope', { client: { id: 'basic' }, grant: { scope: 'nope' } }, { status: 400, error: 'invalid_scope' }, 'grant.scope'],
      ['a wrong password', passwordGrant(canarySecret('wrong')), { status: 400, error: 'invalid_grant' }, 'Check grant.password'],
      [
        'a grant that the client may not use',
        { ...passwordGrant(user.password), client: { id: 'basic' } },
        { status: 400, error: 'unauthorized_client' },
        'The client may not use this grant (password)',
      ],
      [
        'the key of another client',
        signing('es256', keys.rsa, { algorithm: 'RS256' }),
        { status: 400, error: 'invalid_client' },
        'that the endpoint knows the public key for RS256',
      ],
      [
        'a key id that it does not know',
        signing('rs256', keys.rsa, { keyId: 'k9' }),
        { status: 400, error: 'invalid_client' },
        'under the key id of client.privateKeyJWT.keyId',
      ],
      [
        'an assertion for another audience',
        { client: { id: 'secret-jwt', authentication: 'ClientSecretJWT', assertionAudience: 'https://idp.example' } },
        { status: 400, error: 'invalid_client' },
        "that client.assertionAudience is the assertion's audience that it wants",
      ],
    ])('C43 %s', async (_name, spec, tokenEndpoint, hint) => {
      expect(await outcomeOf(spec)).toMatchObject({
        status: 502,
        code: 'token_rejected',
        tokenEndpoint,
        hint: expect.stringContaining(hint),
      });
    });

    it.each<[name: string, claims: (url: string) => Claims, spec: Spec, error: string]>([
      [
        'client assertion',
        (url) => ({ iss: 'rs256', sub: 'rs256', aud: url + endpoint }),
        { client: { id: 'rs256', authentication: 'ClientAssertion', clientAssertion: { assertionRef } } },
        'invalid_client',
      ],
      [
        'assertion of a user',
        (url) => ({ iss: partner, sub: 'partner-job', aud: `${url}/realms/acme` }),
        { client: { id: 'jwt-bearer' }, grant: { type: 'JWTBearer', jwtBearer: { assertionRef } } },
        'invalid_grant',
      ],
    ])('B23 B24 a supplied %s works once; Keycloak knows it again', async (_name, claims, spec, error) => {
      const secrets = { assertion: await signed(claims(keycloak.url), keys.rsa) };
      await using stage = await stageOf({ ...spec, secrets });
      expect(await stage.callApi()).toMatchObject({ claims: { azp: spec.client?.['id'] } });

      await stage.declare(declared({ ...spec, grant: { ...spec.grant, scope: 'email' }, secrets }));
      const hint = expect.stringContaining('was not used before') as unknown;
      expect(await stage.callApi()).toMatchObject({ code: 'token_rejected', tokenEndpoint: { status: 400, error }, hint });
    });
  });
});

interface Claims {
  readonly iss: string;
  readonly sub: string;
  readonly aud: string;
}

const signing = (id: string, key: string, more: object = {}): Spec => ({
  client: { id, authentication: 'PrivateKeyJWT', privateKeyJWT: { keyRef: { name: 'acme-secret', key: 'key' }, ...more } },
  secrets: { key },
});

const passwordGrant = (password: string): Spec => ({
  client: { id: 'password' },
  grant: { type: 'Password', password: { username: user.name, passwordRef: { name: 'acme-secret' } } },
  secrets: { password },
});

function withCertificate(commonName: string, { authority }: Keycloak): Spec {
  const { certificate, key } = makeCertificate(commonName, { issuer: authority, rsaBits: 2048 });
  return {
    tls: { caBundle: { secretKeyRef: { name: 'acme-secret', key: 'ca.crt' } }, clientCertificate: { secretName: 'acme-secret' } },
    client: { id: 'mtls', authentication: 'TLSClientAuth' },
    secrets: { 'ca.crt': authority.certificate, 'tls.crt': certificate, 'tls.key': key },
  };
}

/** A JWT that was made elsewhere than in the sidecar. */
function signed(claims: Claims, key: string): Promise<string> {
  const alg = key === keys.ec ? 'ES256' : 'RS256';
  const jwt = new SignJWT({ ...claims }).setProtectedHeader({ alg, typ: 'JWT', kid: 'k1' });
  return jwt.setIssuedAt().setExpirationTime('5m').setJti(crypto.randomUUID()).sign(createPrivateKey(key));
}

function tokenFile() {
  const folder = mkdtempSync(join(tmpdir(), 'tokenward-token-'));
  const name = join(folder, 'token');
  return {
    name,
    write: (text: string) => writeFileSync(name, text),
    [Symbol.asyncDispose]: async () => rmSync(folder, { recursive: true }),
  };
}
