import { describe, expect, test } from 'vitest';
import { configWith } from '../../test/support/hints-page.ts';
import { tokenHint } from './token-hints.ts';

function hintFor(error: string | undefined, client: object, grant: object = {}): string {
  return tokenHint({ status: 401, error, content: 'members' }, configWith(client, grant)).hint ?? '';
}

const signing = { key: 'k' };
const projected = { from: 'ProjectedToken' };
const supplied = { value: 'v' };
const samlAssertion = { nameID: 'u', key: 'k', certificate: 'c' };
const exchange = { subjectTokenType: 't' };

describe('tokenHint', () => {
  test.each<[string, object, string[]]>([
    ['ClientSecretBasic', {}, ['client.secretRef', 'ClientSecretPost', 'FormURLEncoded']],
    ['ClientSecretPost', {}, ['client.secretRef', 'ClientSecretBasic']],
    ['ClientSecretJWT', {}, ['client.secretRef', 'client.assertionAudience', 'clock']],
    ['PrivateKeyJWT', { privateKeyJWT: signing }, ['public key', 'RS256', 'keyId', 'client.assertionAudience', 'clock']],
    ['PrivateKeyJWT', { privateKeyJWT: { ...signing, thumbprint: 'x' } }, ['certificateRef']],
    ['TLSClientAuth', {}, ['tokenEndpoint.tls.clientCertificate', 'tokenEndpoint.url']],
    ['ClientAssertion', { clientAssertion: projected }, ['service account', 'tokenward.dev/assertion-audience']],
    ['ClientAssertion', { clientAssertion: supplied }, ['client.clientAssertion.assertionRef', 'expired']],
    ['None', {}, ['client.authentication: None']],
  ])('a client that is refused and authenticates by %s (%j) is told what to check', (authentication, client, words) => {
    for (const error of ['invalid_client', 'unauthorized_client', undefined]) {
      const hint = hintFor(error, { authentication, ...client });
      for (const word of words) expect(hint).toContain(word);
      expect(hint).not.toMatch(/undefined|\.\.|\s\s/);
    }
  });

  test.each<[string, object, string[]]>([
    ['ClientCredentials', {}, ['client']],
    ['Password', {}, ['grant.password', 'locked']],
    ['SAML2Bearer', { saml2Bearer: { supplied: 'x' } }, ['grant.saml2Bearer.assertionRef', 'expired', 'recipient']],
    ['SAML2Bearer', { saml2Bearer: { assertion: samlAssertion } }, ['certificateRef', 'audience', 'recipient', 'clock']],
    ['SAML2Bearer', { saml2Bearer: { profile: 'SuccessFactors', assertion: samlAssertion } }, ['API key', 'companyId', 'nameIDType']],
    ['JWTBearer', { jwtBearer: { supplied: 'x' } }, ['grant.jwtBearer.assertionRef', 'expired']],
    ['JWTBearer', { jwtBearer: { assertion: { subject: 'u', ...signing } } }, ['grant.jwtBearer.assertion.keyRef', 'audience', 'clock']],
    [
      'TokenExchange',
      { tokenExchange: { subjectToken: supplied, ...exchange } },
      ['grant.tokenExchange.subjectTokenRef', 'subjectTokenType'],
    ],
    ['TokenExchange', { tokenExchange: { subjectToken: projected, ...exchange } }, ['tokenward.dev/assertion-audience']],
    ['RefreshToken', {}, ['grant.refreshToken.refreshTokenRef']],
    ['None', {}, ['tokenEndpoint.parameters']],
  ])('a grant %s (%j) that is refused is told what to check', (type, grant, words) => {
    const hint = hintFor('invalid_grant', { authentication: 'None' }, { type, ...grant });
    for (const word of words) expect(hint).toContain(word);
    expect(hint).not.toMatch(/undefined|\.\.|\s\s/);
  });

  test('a refusal that names nothing is about the grant where a person is meant or the client shows no secret', () => {
    const grant = { type: 'RefreshToken' };
    expect(hintFor(undefined, {}, { type: 'Password' })).toContain('grant.password');
    expect(hintFor('unauthorized', {}, { type: 'Password' })).toContain('grant.password');
    expect(hintFor(undefined, { authentication: 'None' }, grant)).toContain('grant.refreshToken');
    expect(hintFor(undefined, {}, grant)).toContain('client.secretRef');
  });

  test('a client that may not use the grant is told which', () => {
    expect(hintFor('unauthorized_client', {}, { type: 'TokenExchange' })).toContain('urn:ietf:params:oauth:grant-type:token-exchange');
  });

  test('a login that sends no grant type is told to, where one is wanted', () => {
    expect(hintFor('unsupported_grant_type', {}, { type: 'None' })).toContain('set grant.type');
  });
});
