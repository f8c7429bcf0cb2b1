import { createHash, createPrivateKey, X509Certificate } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyCredential } from '../../test/support/any-credential.ts';
import { credential, opaque, sources } from '../../test/support/credential.ts';
import { makeCertificate } from '../../test/support/make-certificate.ts';
import { unsignedJwt } from '../../test/support/unsigned-jwt.ts';
import { Sensitive } from '../sensitive.ts';
import { renderCredential } from './render-credential.ts';

const nowMs = Date.parse('2026-01-01');
const authority = makeCertificate('authority', { rsaBits: 2048 });
const signer = makeCertificate('signer', { rsaBits: 2048, issuer: authority });
const onCurve = makeCertificate('on a curve');

const ref = { name: 'material', key: 'value' };
const keyRef = { name: 'material' };
const certificateRef = { name: 'material' };
const withKey = (key: string, certificate = signer.certificate) => ({ 'tls.key': key, 'tls.crt': certificate });
const successFactors = (assertion: object = {}) => ({
  type: 'SAML2Bearer',
  saml2Bearer: { profile: 'SuccessFactors', companyId: 'acme', assertion: { nameID: 'u', keyRef, certificateRef, ...assertion } },
});

/** The rendered grant, or what is wrong with it, as `path: message`. */
function rendered(grant: object, data: Readonly<Record<string, string>>, client: object = {}) {
  const document = credential({ client: { authentication: 'None', secretRef: undefined, ...client }, rest: { grant } });
  const result = renderCredential(document, sources([opaque('material', data)]), nowMs);
  if (!result.ok) return { problems: result.problems.map(({ path, message }) => `${path}: ${message}`), warnings: [] };
  const config = JSON.parse(result.text.reveal());
  return {
    grant: config.grant,
    client: config.client,
    warnings: result.warnings.map(({ reason, path, message }) => `${reason} ${path}: ${message}`),
  };
}

describe('a SAML assertion that is signed here', () => {
  test.each([
    ['PEM', signer.key],
    ['PKCS#1', createPrivateKey(signer.key).export({ type: 'pkcs1', format: 'pem' })],
    ['what SuccessFactors generates', Buffer.from(`${signer.key.replace(/-----[^-]+-----|\s/gu, '')}###x`).toString('base64')],
  ])('has its key as PEM, from %s, and the certificate of that key alone', (_, key) => {
    const { grant, warnings } = rendered(successFactors(), withKey(key, signer.certificate + authority.certificate));
    expect(grant.saml2Bearer).toEqual({
      profile: 'SuccessFactors',
      companyId: 'acme',
      assertion: { nameID: 'u', key: signer.key, certificate: signer.certificate },
    });
    expect(warnings).toEqual([]);
  });

  test('is not signed by a key that is none, does not fit, or belongs to another certificate', () => {
    const at = 'spec.grant.saml2Bearer.assertion';
    const key = `${at}.keyRef: the key tls.key of the Secret material`;
    expect(rendered(successFactors(), withKey('x')).problems).toEqual([
      `${key} holds no private key: it must be PEM, beginning with -----BEGIN PRIVATE KEY-----`,
    ]);
    expect(rendered(successFactors(), withKey(onCurve.key, onCurve.certificate)).problems).toEqual([
      `${key} is no RSA key, which RSA-SHA256 takes: store one`,
    ]);
    expect(rendered(successFactors(), withKey(authority.key)).problems).toEqual([
      `${key} is not the certificate's private key: store the two that belong together`,
    ]);
    expect(rendered(successFactors(), withKey(signer.key, 'x')).problems).toEqual([
      `${at}.certificateRef: the key tls.crt of the Secret material holds no certificate: it must be PEM, beginning with -----BEGIN CERTIFICATE-----`,
    ]);
    expect(rendered(successFactors(), {}).problems).toHaveLength(2);
  });

  test('by a certificate that has ended is a warning, for the operator and the command line alike', () => {
    const document = credential({ client: { authentication: 'None', secretRef: undefined }, rest: { grant: successFactors() } });
    const from = sources([opaque('material', withKey(signer.key))]);
    const end = Date.parse('2120-01-01T00:00:00Z');
    const warningsAt = (ms: number) => {
      const result = renderCredential(document, from, ms);
      return result.ok ? result.warnings : result.problems;
    };
    expect(warningsAt(end - 1)).toEqual([]);
    expect(warningsAt(end)).toEqual([
      {
        condition: 'SecretsResolved',
        reason: 'CertificateExpired',
        path: 'spec.grant.saml2Bearer.assertion.certificateRef',
        message:
          'the key tls.crt of the Secret material holds a certificate that ended on 2120-01-01: renew it, and tell the server of the new one',
      },
    ]);
  });
});

describe('a JWT that is signed here', () => {
  const assertion = (more: object) => ({ type: 'JWTBearer', jwtBearer: { assertion: { subject: 's', keyRef, ...more } } });

  test('names its key by the thumbprint of the certificate (RFC 7515 section 4.1.8)', () => {
    const thumbprint = createHash('sha256').update(new X509Certificate(signer.certificate).raw).digest('base64url');
    const data = withKey(signer.key, signer.certificate + authority.certificate);
    expect(rendered(assertion({ certificateRef, keyId: 'k' }), data).grant.jwtBearer.assertion).toEqual({
      subject: 's',
      key: signer.key,
      keyId: 'k',
      thumbprint,
    });
    const privateKeyJWT = { authentication: 'PrivateKeyJWT', privateKeyJWT: { keyRef, certificateRef } };
    expect(rendered({}, data, privateKeyJWT).client.privateKeyJWT).toEqual({ key: signer.key, thumbprint });
  });

  test('takes the key of its algorithm', () => {
    const data = withKey(onCurve.key, onCurve.certificate);
    expect(rendered(assertion({ algorithm: 'ES256', keyId: '' }), data).grant.jwtBearer.assertion).toEqual({
      subject: 's',
      algorithm: 'ES256',
      key: onCurve.key,
    });
    const at = 'the key tls.key of the Secret material';
    expect(rendered(assertion({}), data).problems).toEqual([
      `spec.grant.jwtBearer.assertion.keyRef: ${at} is no RSA key, which RS256 takes: store one, or choose the algorithm that goes with this key`,
    ]);
    const short = makeCertificate('short', { rsaBits: 1024 });
    const privateKeyJWT = { authentication: 'PrivateKeyJWT', privateKeyJWT: { keyRef, algorithm: 'PS256' } };
    expect(rendered({}, withKey(short.key), privateKeyJWT).problems).toEqual([
      `spec.client.privateKeyJWT.keyRef: ${at} is an RSA key of 1024 bits, and PS256 takes at least 2048: have a longer one made`,
    ]);
  });
});

describe('what is supplied', () => {
  test('and has expired is a warning: a new one may come as a change of the Secret alone', () => {
    const assertionOf = (exp: number) => rendered({ type: 'JWTBearer', jwtBearer: { assertionRef: ref } }, { value: unsignedJwt({ exp }) });
    expect(assertionOf(nowMs / 1000 + 1).warnings).toEqual([]);
    expect(assertionOf(nowMs / 1000).warnings).toEqual([
      'AssertionExpired spec.grant.jwtBearer.assertionRef: the value of the key value in the Secret material expired at 2026-01-01T00:00:00.000Z: store a new one',
    ]);
  });

  const jwt = unsignedJwt({ sub: 's' });
  const xml = '<Assertion>\n</Assertion>';

  test('is rendered as it is to be sent, without the space around it', () => {
    expect(rendered({ type: 'JWTBearer', jwtBearer: { assertionRef: ref } }, { value: `${jwt}\n` })).toMatchObject({
      grant: { jwtBearer: { supplied: jwt } },
      warnings: [],
    });
    const saml = { type: 'SAML2Bearer', saml2Bearer: { assertionRef: ref } };
    expect(rendered(saml, { value: Buffer.from(xml).toString('base64url') }).grant.saml2Bearer).toEqual({ supplied: xml });
    const exchange = { type: 'TokenExchange', tokenExchange: { subjectTokenRef: ref, actorTokenFrom: 'ProjectedToken' } };
    expect(rendered(exchange, { value: ' opaque\n' }).grant.tokenExchange).toEqual({
      subjectToken: { value: 'opaque' },
      subjectTokenType: 'urn:ietf:params:oauth:token-type:access_token',
      actorToken: { from: 'ProjectedToken' },
      actorTokenType: 'urn:ietf:params:oauth:token-type:jwt',
    });
    const clientAssertion = { authentication: 'ClientAssertion', clientAssertion: { assertionRef: ref } };
    expect(rendered({}, { value: jwt }, clientAssertion).client.clientAssertion).toEqual({ value: jwt });
  });

  test('is refused if it is something else', () => {
    const where = 'the value of the key value in the Secret material';
    const clientAssertion = { authentication: 'ClientAssertion', clientAssertion: { assertionRef: ref } };
    expect(rendered({}, { value: 'opaque' }, clientAssertion).problems).toEqual([
      `spec.client.clientAssertion.assertionRef: ${where} is no signed JWT: it must be three parts of base64url, joined by dots`,
    ]);
    expect(rendered({ type: 'SAML2Bearer', saml2Bearer: { assertionRef: ref } }, { value: jwt }).problems).toEqual([
      `spec.grant.saml2Bearer.assertionRef: ${where} is no SAML assertion: it must be XML whose outermost element is Assertion, or that in base64 or base64url`,
    ]);
  });
});

test('a password or a refresh token that ends in a line break is a warning, and goes out without', () => {
  const password = { type: 'Password', password: { username: 'u', passwordRef: ref } };
  const { grant, warnings } = rendered(password, { value: 'p w\n' });
  expect(grant.password).toEqual({ username: 'u', password: 'p w' });
  expect(warnings).toEqual([expect.stringMatching(/^TrailingNewlineTrimmed spec\.grant\.password\.passwordRef: /)]);
  const refresh = { type: 'RefreshToken', refreshToken: { refreshTokenRef: ref } };
  expect(rendered(refresh, { value: 'r\n' }).grant.refreshToken).toEqual({ refreshToken: 'r' });
});

test('a Secret serves no other host than those that it lists, whatever it holds', () => {
  fc.assert(
    fc.property(anyCredential, ({ credential: document, data }) => {
      const limited = opaque('material', data, { annotations: { 'tokenward.dev/allowed-hosts': 'acme.example,other.example' } });
      const result = renderCredential(document, sources([limited]), nowMs);
      const isReferredTo = JSON.stringify(document.spec).includes('"material"');
      expect(result.ok).toBe(!isReferredTo);
      const reasons = result.ok ? [] : result.problems.map(({ reason }) => reason);
      expect(new Set(reasons)).toEqual(new Set(isReferredTo ? ['HostNotAllowed'] : []));
    }),
  );
});

test('no message repeats what a Secret holds', () => {
  const canary = 'c4nary c4nary\u0001';
  fc.assert(
    fc.property(anyCredential, ({ credential: document, data, sources: from }) => {
      const spoilt = new Map(Object.keys(data).map((key) => [key, new Sensitive(canary)]));
      const secret = from.secrets.get('material');
      const result = renderCredential(document, sources(secret ? [{ ...secret, data: spoilt }] : []), nowMs);
      expect(JSON.stringify(result)).not.toContain('c4nary');
      expect(result.ok).toBe(!JSON.stringify(document.spec).includes('"material"'));
    }),
  );
});
