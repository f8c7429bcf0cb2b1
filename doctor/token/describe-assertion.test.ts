import { expect, it } from 'vitest';
import { Sensitive } from '../../crds/sensitive.ts';
import { canarySecret, canaryToken } from '../../test/support/canary.ts';
import { unsignedJwt } from '../../test/support/unsigned-jwt.ts';
import { describeAssertion } from './describe-assertion.ts';

it('tells what a JWT says, with times that can be read', () => {
  const jwt = unsignedJwt({ iss: 'acme', aud: ['a', 'b'], exp: 1_800_000_000, iat: 1e300, note: 'two\nlines' });
  expect(describeAssertion(new Sensitive(jwt))).toEqual([
    'header: alg=none',
    'claims: iss=acme, aud=["a","b"], exp=2027-01-15T08:00:00Z, iat=1e+300, note=two lines',
  ]);
});

it.each(['base64', 'base64url'] as const)('tells what a SAML assertion in %s says, and nothing of its signature', (encoding) => {
  const signature = canarySecret('signature');
  const xml =
    '<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" IssueInstant="2026-01-01T00:00:00Z" Version="2.0">' +
    `<saml:Issuer>www.successfactors.com</saml:Issuer><SignatureValue>${signature}</SignatureValue>` +
    '<saml:Subject><saml:NameID Format="urn:x">admin</saml:NameID><saml:SubjectConfirmation>' +
    '<saml:SubjectConfirmationData NotOnOrAfter="2026-01-01T00:10:00Z" Recipient="https://login.example/token"/></saml:SubjectConfirmation></saml:Subject>' +
    '<saml:Conditions NotBefore="2025-12-31T23:59:00Z" NotOnOrAfter="2026-01-01T00:10:00Z"><saml:AudienceRestriction><saml:Audience>sf</saml:Audience>' +
    '</saml:AudienceRestriction></saml:Conditions></saml:Assertion>';
  expect(describeAssertion(new Sensitive(Buffer.from(xml).toString(encoding)))).toEqual([
    'SAML: issuer=www.successfactors.com, issued=2026-01-01T00:00:00Z, subject=admin, subject format=urn:x, recipient=https://login.example/token,' +
      ' not before=2025-12-31T23:59:00Z, not on or after=2026-01-01T00:10:00Z, audience=sf',
  ]);
});

it('tells nothing of what only its issuer can read', () => {
  expect(describeAssertion(new Sensitive(canaryToken('opaque')))).toEqual([]);
});
