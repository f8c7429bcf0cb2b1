import { X509Certificate, createHash, generateKeyPairSync } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { canarySecret, canaryToken } from '../support/canary.ts';
import { certificateJwk, type OidcOptions, publicJwk, startOidcTokenServer } from '../support/examples/oidc-token-server.ts';
import { makeCertificate } from '../support/make-certificate.ts';
import { serve } from '../support/serve.ts';
import { type Declared, type ProviderStage, setProviderStage } from './provider-stage.ts';

const secret = canarySecret('acme');
const basic = { client_id: 'acme', client_secret: secret, token_endpoint_auth_method: 'client_secret_basic' };
const key = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
const keyClient = {
  client_id: 'acme',
  token_endpoint_auth_method: 'private_key_jwt',
  token_endpoint_auth_signing_alg: 'ES256',
  jwks: { keys: [await publicJwk(key, { kid: 'k1', use: 'sig' })] },
};
const privateKeyJWT = { keyRef: { name: 'acme-secret', key: 'key' }, algorithm: 'ES256', keyId: 'k1' };

type Relay = (...exchange: Parameters<RequestListener>) => Promise<void>;
type Spec = Omit<Declared, 'tokenEndpoint'> & { readonly tls?: object };

/** A sidecar and an API of one provider, all of which go with the stage. */
async function stageOf(provider: OidcOptions, spec: Spec, tokenUrl?: (url: string) => string): Promise<ProviderStage & { url: string }> {
  const server = await startOidcTokenServer(provider);
  const url = tokenUrl?.(server.url) ?? `${server.url}/token`;
  const stage = await setProviderStage({ verifyToken: server.verifyToken, ...declared(url, spec) });
  const dispose = stage[Symbol.asyncDispose].bind(stage);
  return Object.assign(stage, {
    url,
    [Symbol.asyncDispose]: async () => {
      await dispose();
      await server.close();
    },
  });
}

function declared(url: string, { tls, secrets, ...spec }: Spec): Declared {
  return { tokenEndpoint: { url, ...(tls && { tls }) }, ...spec, secrets: { 'client-secret': secret, ...secrets } };
}

describe('part B: oidc-provider', () => {
  describe('resource indicators (RFC 8707)', () => {
    const resources = ['https://things.acme.example/', 'urn:acme:orders'] as const;

    it.each(resources)('A11 the token is for the API that is named: %s', async (resource) => {
      await using stage = await stageOf({ client: basic, resources }, { grant: { resource: [resource] } });
      expect(await stage.callApi()).toMatchObject({ claims: { aud: resource, client_id: 'acme' } });
    });

    it.each([
      ['one that it does not know', ['urn:acme:secrets']],
      ['two, where a token is for one', [...resources]],
    ])('A11 %s: invalid_target, and the hint names the field', async (_name, resource) => {
      await using stage = await stageOf({ client: basic, resources }, { grant: { resource } });
      expect(await stage.callApi()).toMatchObject({
        code: 'token_rejected',
        tokenEndpoint: { error: 'invalid_target' },
        hint: expect.stringContaining('Check grant.resource'),
      });
    });
  });

  describe('client certificates (RFC 8705)', () => {
    const authority = makeCertificate('Acme CA');
    const tls = makeCertificate('127.0.0.1', { hosts: ['127.0.0.1'], issuer: authority });
    const first = makeCertificate('acme', { issuer: authority });
    const second = makeCertificate('acme', { issuer: authority });
    const bound = { client_id: 'acme', tls_client_certificate_bound_access_tokens: true };
    const byAuthority = { ...bound, token_endpoint_auth_method: 'tls_client_auth', tls_client_auth_subject_dn: 'CN=acme' };
    const bySelf = async (...certificates: readonly string[]) => ({
      ...bound,
      token_endpoint_auth_method: 'self_signed_tls_client_auth',
      jwks: { keys: await Promise.all(certificates.map(certificateJwk)) },
    });
    const showing = ({ certificate, key: certificateKey }: { readonly certificate: string; readonly key: string }): Spec => ({
      tls: { caBundle: { secretKeyRef: { name: 'acme-secret', key: 'ca.crt' } }, clientCertificate: { secretName: 'acme-secret' } },
      client: { authentication: 'TLSClientAuth' },
      secrets: { 'ca.crt': authority.certificate, 'tls.crt': certificate, 'tls.key': certificateKey },
    });
    const confirmation = ({ certificate }: { readonly certificate: string }) => ({
      'x5t#S256': createHash('sha256').update(new X509Certificate(certificate).raw).digest('base64url'),
    });

    it.each([
      ['by the name that its authority gives it (tls_client_auth)', () => byAuthority],
      ['by itself (self_signed_tls_client_auth)', () => bySelf(first.certificate, second.certificate)],
    ])('B21 TLSClientAuth %s; it rotates in the Secret, and the next token is bound to the new one', async (_name, client) => {
      await using stage = await stageOf({ client: await client(), tls, authority }, showing(first));
      expect(await stage.callApi()).toMatchObject({ claims: { client_id: 'acme', cnf: confirmation(first) } });
      await stage.declare(declared(stage.url, showing(second)));
      expect(await stage.callApi()).toMatchObject({ claims: { client_id: 'acme', cnf: confirmation(second) } });
    });

    it.each([
      ['with another name', () => byAuthority, makeCertificate('stranger', { issuer: authority })],
      ['of another authority', () => byAuthority, makeCertificate('acme')],
      ['that is not registered', () => bySelf(first.certificate), second],
    ])('B21 a certificate %s: refused, and the hint says what to check', async (_name, client, certificate) => {
      await using stage = await stageOf({ client: await client(), tls, authority }, showing(certificate));
      expect(await stage.callApi()).toMatchObject({
        code: 'token_rejected',
        tokenEndpoint: { status: 401, error: 'invalid_client' },
        hint: expect.stringContaining('the certificate of tokenEndpoint.tls.clientCertificate is registered'),
      });
    });
  });

  it('B22 PrivateKeyJWT: an assertion that was seen before is refused, and each try of ours is another one', async () => {
    let provider = '';
    const forms: string[] = [];
    // Between us and the provider: the provider sees the first request, and we do not see its answer.
    const relay: Relay = async (request, response) => {
      const form = await text(request);
      forms.push(form);
      const answer = await postForm(`${provider}/token`, form);
      response.statusCode = forms.length === 1 ? 503 : answer.status;
      response.setHeader('Content-Type', 'application/json').end(forms.length === 1 ? '' : await answer.text());
    };
    await using lossy = await serve((request, response) => void relay(request, response));
    const client = { authentication: 'PrivateKeyJWT', privateKeyJWT };
    await using stage = await stageOf({ client: keyClient }, { client, secrets: { key } }, (url) => {
      provider = url;
      return `${lossy.url}/token`;
    });
    // The audience is the provider's own URL, not that of what stands before it.
    await stage.declare(declared(stage.url, { client: { ...client, assertionAudience: provider }, secrets: { key } }));
    expect(await stage.callApi()).toMatchObject({ claims: { client_id: 'acme' } });
    expect(forms).toHaveLength(2);

    const again = await postForm(`${provider}/token`, forms[0] ?? '');
    expect([again.status, await again.json()]).toMatchObject([401, { error: 'invalid_client' }]);
  });

  it('B26 RefreshToken that rotates: no token, lest another pod lose its own; then the old one is worth nothing, and the hints say why', async () => {
    const refreshToken = canaryToken('refresh');
    const grant = { type: 'RefreshToken', refreshToken: { refreshTokenRef: { name: 'acme-secret' } } };
    const secrets = { 'refresh-token': refreshToken };
    await using stage = await stageOf({ client: basic, refreshToken, rotates: true }, { grant, secrets });
    expect(await stage.callApi()).toMatchObject({
      code: 'token_malformed',
      tokenEndpoint: { status: 200 },
      hint: expect.stringContaining('The endpoint rotates refresh tokens'),
    });
    stage.sidecar.clock.pass(120_000);
    expect(await stage.callApi()).toMatchObject({
      code: 'token_rejected',
      tokenEndpoint: { status: 400, error: 'invalid_grant' },
      hint: expect.stringContaining('has been replaced because the endpoint rotates them'),
    });
  });

  it('B26 RefreshToken that does not rotate: a token, and a further one when it has expired', async () => {
    const refreshToken = canaryToken('lasting');
    const grant = { type: 'RefreshToken', refreshToken: { refreshTokenRef: { name: 'acme-secret' } } };
    await using stage = await stageOf({ client: basic, refreshToken }, { grant, secrets: { 'refresh-token': refreshToken } });
    expect(await stage.callApi()).toMatchObject({ claims: { sub: 'someone' } });
    stage.sidecar.clock.pass(900_000);
    expect(await stage.callApi()).toMatchObject({ claims: { sub: 'someone' } });
    expect(stage.tokens).toHaveProperty('size', 2);
  });
});

function postForm(url: string, body: string): Promise<Response> {
  return fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/x-www-form-urlencoded' }, body });
}
