import { createHmac, createPublicKey, generateKeyPairSync, verify, X509Certificate, createHash, constants } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sidecarConfigFile, type SidecarConfig } from '../../crds/sidecar-config.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { makeCertificate } from '../../test/support/make-certificate.ts';
import { gatherMaterial, type Gathered, type TokenMaterial } from './token-material.ts';

const tokenUrl = 'https://login.example/token';
const rsa = makeCertificate('rsa', { rsaBits: 2048 });
const ec = makeCertificate('ec');
const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' });

function configOf(client: object, grant: object = {}): SidecarConfig {
  const config = sidecarConfigFile.parse({
    version: 1,
    upstream: { url: 'https://api.example' },
    tokenEndpoint: { url: tokenUrl },
    client: { id: 'acme', ...client },
    grant,
  });
  if ('invalid' in config) throw new Error(config.invalid);
  return config;
}

function gathered(client: object, grant?: object): Promise<Gathered<TokenMaterial>> {
  let made = 0;
  const context = { clock: new FakeClock(), newId: () => `id-${++made}`, projectedToken: undefined };
  return gatherMaterial(configOf(client, grant), context)();
}

async function failureOf(client: object, grant?: object): Promise<{ readonly detail: string; readonly code: string }> {
  const result = await gathered(client, grant);
  if (result.ok) throw new Error('there is material');
  return result.failure;
}

interface Jwt {
  readonly header: unknown;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly signed: Buffer;
  readonly signature: Buffer;
}

function read(jwt: string): Jwt {
  const [header = '', claims = '', signature = ''] = jwt.split('.');
  const json = (part: string): Record<string, unknown> => JSON.parse(Buffer.from(part, 'base64url').toString());
  return {
    header: json(header),
    claims: json(claims),
    signed: Buffer.from(`${header}.${claims}`),
    signature: Buffer.from(signature, 'base64url'),
  };
}

async function clientAssertion(client: object): Promise<Jwt> {
  const result = await gathered(client);
  if (!result.ok) throw new Error(result.failure.detail);
  return read(result.value.clientAssertion?.reveal() ?? '');
}

const nowSeconds = new FakeClock().wallMs() / 1000;
const privateKeyJWT = (fields: object): object => ({ authentication: 'PrivateKeyJWT', privateKeyJWT: fields });

describe('gatherMaterial', () => {
  it('gathers nothing for a client with a secret that asks on its own account', async () => {
    expect(await gathered({ secret: 's3cr3t' })).toEqual({ ok: true, value: {} });
  });

  it('signs a client assertion with the secret: RFC 7523 section 3, valid for a minute', async () => {
    const { header, claims, signed, signature } = await clientAssertion({ authentication: 'ClientSecretJWT', secret: 'pässword' });
    expect(header).toEqual({ alg: 'HS256', typ: 'JWT' });
    expect(claims).toEqual({ iss: 'acme', sub: 'acme', aud: tokenUrl, iat: nowSeconds, exp: nowSeconds + 60, jti: 'id-1' });
    expect(signature).toEqual(createHmac('sha256', 'pässword').update(signed).digest());
  });

  const pss = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST };
  it.each([
    ['RS256', 'sha256', rsa.key, {}],
    ['PS256', 'sha256', rsa.key, pss],
    ['ES256', 'sha256', ec.key, { dsaEncoding: 'ieee-p1363' as const }],
    ['EdDSA', undefined, ed25519, {}],
  ])('signs a client assertion with a private key by %s', async (algorithm, hash, key, options) => {
    const { header, signed, signature } = await clientAssertion(privateKeyJWT({ key, algorithm }));
    expect(header).toEqual({ alg: algorithm, typ: 'JWT' });
    expect(verify(hash, signed, { key: createPublicKey(key), ...options }, signature)).toBe(true);
  });

  it('names the key by its id, and the certificate by its SHA-256 thumbprint', async () => {
    const thumbprint = createHash('sha256').update(new X509Certificate(rsa.certificate).raw).digest('base64url');
    const { header } = await clientAssertion(privateKeyJWT({ key: rsa.key, keyId: 'k1', thumbprint }));
    expect(header).toEqual({ alg: 'RS256', typ: 'JWT', kid: 'k1', 'x5t#S256': thumbprint });
  });

  it('names another audience where one is configured', async () => {
    const { claims } = await clientAssertion({ ...privateKeyJWT({ key: rsa.key }), assertionAudience: 'https://idp.example/' });
    expect(claims).toMatchObject({ aud: 'https://idp.example/' });
  });

  it('makes each assertion another one', async () => {
    const clock = new FakeClock();
    let made = 0;
    const config = configOf({ authentication: 'ClientSecretJWT', secret: 's3cr3t' });
    const gather = gatherMaterial(config, { clock, newId: () => `id-${++made}`, projectedToken: undefined });
    const claims = [];
    for (const waitMs of [1000, 1000]) {
      const result = await gather();
      if (result.ok) claims.push(read(result.value.clientAssertion?.reveal() ?? '').claims);
      await clock.advance(waitMs);
    }
    expect(claims).toMatchObject([
      { jti: 'id-1', exp: nowSeconds + 60 },
      { jti: 'id-2', exp: nowSeconds + 61 },
    ]);
  });

  it('signs the JWT of a JWT bearer grant; its own claims win over further ones', async () => {
    const claims = [
      { name: 'tenant', value: 't1' },
      { name: 'sub', value: 'somebody else' },
      { name: '__proto__', value: 'x' },
    ];
    const assertion = { subject: 'u1', claims, lifetimeSeconds: 30, key: ec.key, algorithm: 'ES256' };
    const result = await gathered({ authentication: 'None' }, { type: 'JWTBearer', jwtBearer: { assertion } });
    const jwt = read((result.ok && result.value.assertion?.reveal()) || '');
    expect(Object.entries(jwt.claims)).toEqual([
      ['tenant', 't1'],
      ['sub', 'u1'],
      ['__proto__', 'x'],
      ['iss', 'acme'],
      ['aud', tokenUrl],
      ['iat', nowSeconds],
      ['exp', nowSeconds + 30],
      ['jti', 'id-1'],
    ]);
  });

  it('takes what is supplied as it is', async () => {
    const client = { authentication: 'ClientAssertion', clientAssertion: { value: 'c' } };
    const tokenExchange = { subjectToken: { value: 's' }, subjectTokenType: 'x', actorToken: { value: 'a' }, actorTokenType: 'y' };
    const result = await gathered(client, { type: 'TokenExchange', tokenExchange });
    const revealed = result.ok && Object.entries(result.value).map(([name, value]) => [name, value.reveal()]);
    expect(revealed).toEqual([
      ['clientAssertion', 'c'],
      ['subjectToken', 's'],
      ['actorToken', 'a'],
    ]);
  });

  const rsa1024 = generateKeyPairSync('rsa', { modulusLength: 1024 }).privateKey.export({ type: 'pkcs8', format: 'pem' });
  const p384 = makeCertificate('p384', { curve: 'P-384' }).key;
  const damaged = rsa.key.replace(/\n.{20}/, '\n');
  it.each([
    ['no key', 'RS256', 'hello', 'it holds no private key'],
    ['a damaged key', 'RS256', damaged, 'it holds a damaged private key'],
    ['a key of another type', 'RS256', ec.key, 'it is no RSA key, which RS256 takes'],
    ['a key of another type', 'EdDSA', rsa.key, 'it is no Ed25519 key, which EdDSA takes'],
    ['another curve', 'ES256', p384, 'it is no key on the curve P-256'],
    ['a short key', 'PS256', rsa1024, 'it is an RSA key of 1024 bits'],
  ])('fails with a reason and without the key: %s for %s', async (_name, algorithm, key, why) => {
    const failure = await failureOf(privateKeyJWT({ key, algorithm }));
    expect(failure).toMatchObject({
      code: 'token_not_requested',
      detail: expect.stringContaining(`client.privateKeyJWT.keyRef names: ${why}`),
    });
    for (const line of key.split('\n').filter((text) => text.length > 10)) expect(JSON.stringify(failure)).not.toContain(line);
  });

  it('fails without quoting a SAML key that is none, a certificate that is none, and an empty secret', async () => {
    const saml = (fields: object): object => ({
      type: 'SAML2Bearer',
      saml2Bearer: { assertion: { nameID: 'u1', key: rsa.key, certificate: rsa.certificate, ...fields } },
    });
    const failures = [
      await failureOf({ authentication: 'None' }, saml({ key: ec.key })),
      await failureOf({ authentication: 'None' }, saml({ certificate: 'hello' })),
      await failureOf({ authentication: 'ClientSecretJWT', secret: '' }),
    ];
    expect(failures.map(({ code, detail }) => `${code}: ${detail}`)).toEqual([
      expect.stringMatching(/^token_not_requested: .*grant\.saml2Bearer\.assertion\.keyRef names: it is no RSA key/),
      expect.stringMatching(/^token_not_requested: .*it goes with a certificate that is none/),
      expect.stringMatching(/^token_not_requested: .*client\.secretRef names: it fails with DataError/),
    ]);
  });
});
