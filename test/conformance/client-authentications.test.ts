import { createPublicKey } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TLSSocket } from 'node:tls';
import { decodeProtectedHeader, jwtVerify, type JWTPayload } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../crds/clock.ts';
import { createTokenRequester } from '../../sidecar/token/create-token-requester.ts';
import { TokenSource } from '../../sidecar/token/token-source.ts';
import { askForToken, failureFrom, version } from '../support/ask-for-token.ts';
import { httpAnswer, jsonAnswer } from '../support/http-answer.ts';
import { makeCertificate } from '../support/make-certificate.ts';
import { configOf, credentialManifest, secretManifest } from '../support/manifest.ts';
import { headerValue, type WireRequest } from '../support/read-requests.ts';
import { startRecordingServer } from '../support/recording-server.ts';
import { unsignedJwt } from '../support/unsigned-jwt.ts';

const key = (name: string): object => ({ name: 'acme-secret', key: name });
const fields = ({ body }: WireRequest): URLSearchParams => new URLSearchParams(body.toString('utf8'));
const refused = jsonAnswer({ error: 'invalid_client' }, { status: 401 });
const assertionType = 'urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer';

const { certificate, key: privateKey } = makeCertificate('acme', { rsaBits: 2048 });
const privateKeyJWT = { authentication: 'PrivateKeyJWT', privateKeyJWT: { keyRef: key('tls.key') } };
const secretData = { 'tls.key': privateKey, 'tls.crt': certificate };

describe('part B: clients that show no secret', () => {
  const authority = makeCertificate('Test authority');
  const server = makeCertificate('here', { hosts: ['127.0.0.1'], issuer: authority });
  const ours = makeCertificate('acme', { issuer: authority });

  it.each([
    ['PEM', (pem: string) => pem],
    ['PEM as it stands in the JSON of a service key, with a literal \\n for each line break', (pem: string) => pem.replaceAll('\n', '\\n')],
  ])(
    'B21 TLSClientAuth: the certificate in the handshake, client_id in the body, no secret (RFC 8705 section 2): %s',
    async (_name, write) => {
      const tls = { cert: server.certificate, key: server.key, ca: authority.certificate, requestCert: true };
      await using endpoint = await startRecordingServer(jsonAnswer({ access_token: 'tok' }), { tls });
      const clientCertificate = { secretName: 'our-certificate' };
      const caBundle = { secretKeyRef: key('ca.crt') };
      const config = configOf(
        credentialManifest({
          tokenEndpoint: { url: `${endpoint.url}/token`, tls: { clientCertificate, caBundle } },
          client: { authentication: 'TLSClientAuth' },
        }),
        secretManifest({ 'ca.crt': authority.certificate }),
        secretManifest({ 'tls.crt': write(ours.certificate), 'tls.key': write(ours.key) }, 'our-certificate'),
      );
      const requester = createTokenRequester(config, systemClock, version);
      expect(await requester(new AbortController().signal)).toMatchObject({ ok: true });
      requester.close();
      expect(endpoint.request.body.toString()).toBe('grant_type=client_credentials&client_id=acme');
      expect(headerValue(endpoint.request, 'authorization')).toBeUndefined();
      const { socket } = endpoint.request.connection;
      expect(socket instanceof TLSSocket && socket.getPeerCertificate().subject.CN).toBe('acme');
    },
  );

  it('B22 PrivateKeyJWT: the assertion, the client_id beside it, and no secret (RFC 7523 section 2.2)', async () => {
    const { request, origin } = await askForToken({ client: privateKeyJWT, grant: { scope: 'a' }, secretData });
    const body = request.body.toString();
    expect(body.replace(/client_assertion=[^&]*/, 'client_assertion=JWT')).toBe(
      `grant_type=client_credentials&client_id=acme&client_assertion_type=${assertionType}&client_assertion=JWT&scope=a`,
    );
    expect(headerValue(request, 'authorization')).toBeUndefined();
    const { payload } = await jwtVerify(fields(request).get('client_assertion') ?? '', createPublicKey(certificate), {
      issuer: 'acme',
      subject: 'acme',
      audience: `${origin}/token`,
      requiredClaims: ['exp', 'iat', 'jti'],
      maxTokenAge: 60,
    });
    expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(60);
  });

  it('B22 PrivateKeyJWT: key id, thumbprint (Microsoft Entra ID), another audience, and another client_id in the body; as JSON', async () => {
    const { request } = await askForToken({
      tokenEndpoint: { contentType: 'application/json' },
      client: {
        authentication: 'PrivateKeyJWT',
        privateKeyJWT: { keyRef: key('tls.key'), algorithm: 'PS256', keyId: 'k1', certificateRef: key('tls.crt') },
        assertionAudience: 'https://login.example/tenant/v2.0',
        bodyId: 'other',
      },
      secretData,
    });
    const { client_id: id, client_assertion: assertion } = JSON.parse(request.body.toString()) as Record<string, string>;
    expect(id).toBe('other');
    expect(decodeProtectedHeader(assertion ?? '')).toEqual({
      alg: 'PS256',
      typ: 'JWT',
      kid: 'k1',
      'x5t#S256': expect.stringMatching(/^[\w-]{43}$/),
    });
    await jwtVerify(assertion ?? '', createPublicKey(certificate), { audience: 'https://login.example/tenant/v2.0', issuer: 'acme' });
  });

  it('B22 ClientSecretJWT: the same, signed with the secret, which is not sent', async () => {
    const { request } = await askForToken({ client: { authentication: 'ClientSecretJWT' } });
    await jwtVerify(fields(request).get('client_assertion') ?? '', Buffer.from('s3cr3t'), { algorithms: ['HS256'], subject: 'acme' });
    expect(request.raw.toString()).not.toContain('s3cr3t');
  });

  it('B22 the assertion is another one at every try, retries too', async () => {
    await using endpoint = await startRecordingServer([
      httpAnswer({ status: 502 }),
      httpAnswer({ status: 503 }),
      jsonAnswer({ access_token: 'tok' }),
    ]);
    const spec = { tokenEndpoint: { url: `${endpoint.url}/token` }, client: privateKeyJWT };
    const requester = createTokenRequester(configOf(credentialManifest(spec), secretManifest(secretData)), systemClock, version);
    const observer = { attempted: () => {}, obtained: () => {}, failed: () => {} };
    const source = new TokenSource(requester, { clock: systemClock, random: () => 0, observer });
    expect(await source.obtain(0)).toMatchObject({ ok: true });
    source.close();
    requester.close();
    const payloads = await Promise.all(
      endpoint.requests.map(async (request): Promise<JWTPayload> => {
        const { payload } = await jwtVerify(fields(request).get('client_assertion') ?? '', createPublicKey(certificate));
        return payload;
      }),
    );
    expect(new Set(payloads.map(({ jti }) => jti)).size).toBe(3);
  });

  it.each([
    ['PrivateKeyJWT', privateKeyJWT, /public key.*client\.assertionAudience.*clock/],
    ['ClientSecretJWT', { authentication: 'ClientSecretJWT' }, /client\.secretRef.*HS256.*clock/],
    [
      'ClientAssertion',
      { authentication: 'ClientAssertion', clientAssertion: { assertionRef: key('jwt') } },
      /client\.clientAssertion\.assertionRef/,
    ],
  ])('B22 %s: of a client that is refused the hint says what to check', async (_name, client, hint) => {
    const failure = await failureFrom(refused, { client, secretData: { ...secretData, jwt: unsignedJwt({ sub: 'acme' }) } });
    expect(failure.hint).toMatch(hint);
  });

  describe('B23 ClientAssertion', () => {
    let file: string;
    beforeAll(async () => {
      file = join(await mkdtemp(join(tmpdir(), 'projected-')), 'token');
    });
    afterAll(() => rm(join(file, '..'), { recursive: true }));

    const projected = { authentication: 'ClientAssertion', clientAssertion: { assertionFrom: 'ProjectedToken' } };

    it('from a Secret', async () => {
      const jwt = unsignedJwt({ sub: 'acme' });
      const client = { authentication: 'ClientAssertion', clientAssertion: { assertionRef: key('jwt') } };
      const { request } = await askForToken({ client, secretData: { jwt } });
      expect(request.body.toString()).toBe(
        `grant_type=client_credentials&client_id=acme&client_assertion_type=${assertionType}&client_assertion=${jwt}`,
      );
    });

    it('the projected service account token, read afresh for every token request', async () => {
      for (const sub of ['first', 'second']) {
        const jwt = unsignedJwt({ sub });
        await writeFile(file, `${jwt}\n`);
        const { request } = await askForToken({ client: projected, projectedTokenFile: file });
        expect(fields(request).get('client_assertion')).toBe(jwt);
        expect(fields(request).get('client_id')).toBe('acme');
      }
    });

    it('the projected token as the subject of a token exchange', async () => {
      const jwt = unsignedJwt({ sub: 'job' });
      await writeFile(file, jwt);
      const grant = { type: 'TokenExchange', tokenExchange: { subjectTokenFrom: 'ProjectedToken' } };
      const { request } = await askForToken({ client: { authentication: 'None' }, grant, projectedTokenFile: file });
      expect(fields(request).get('subject_token')).toBe(jwt);
      expect(fields(request).get('subject_token_type')).toBe('urn:ietf:params:oauth:token-type:jwt');
    });

    it.each([
      ['there is none', undefined, /assertion-audience/],
      ['the pod does not name the host', { file: '/nowhere', hosts: ['login.example'] }, /assertion-hosts/],
      ['it is not mounted', { file: '/nowhere', hosts: ['127.0.0.1'] }, /assertion-audience/],
    ])('nothing is sent if %s, and the hint names the annotation', async (_name, grant, hint) => {
      await using endpoint = await startRecordingServer(jsonAnswer({ access_token: 'tok' }));
      const config = configOf(
        credentialManifest({ tokenEndpoint: { url: `${endpoint.url}/token` }, client: projected }),
        secretManifest({}),
      );
      const requester = createTokenRequester(config, systemClock, version, grant);
      expect(await requester(new AbortController().signal)).toMatchObject({
        ok: false,
        retry: 'never',
        failure: { code: 'token_not_requested', hint: expect.stringMatching(hint) },
      });
      requester.close();
      expect(endpoint.connections).toHaveLength(0);
    });
  });
});
