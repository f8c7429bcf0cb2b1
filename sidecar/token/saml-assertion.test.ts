import { describe, expect, it } from 'vitest';
import { makeCertificate } from '../../test/support/make-certificate.ts';
import { Sensitive } from '../../crds/sensitive.ts';
import { encodeSamlAssertion, samlAssertion, type SamlAssertionInput } from './saml-assertion.ts';

const { key, certificate } = makeCertificate('idp', { rsaBits: 2048 });
const moment = { nowMs: Date.UTC(2026, 10, 22, 12), id: 'one' };

function inputWith(assertion: Partial<SamlAssertionInput['assertion']> = {}): SamlAssertionInput {
  return {
    profile: 'SuccessFactors',
    clientId: 'api-key-1',
    companyId: 'acme',
    tokenUrl: 'https://api.sf.example/oauth/token',
    assertion: {
      nameID: 'sfadmin',
      nameIDType: 'UserID',
      attributes: [],
      lifetimeSeconds: 600,
      key: new Sensitive(key),
      certificate,
      ...assertion,
    },
  };
}

// What it says is told by independent readers: test/conformance/saml-assertion.test.ts.
describe('samlAssertion', () => {
  it('is the same for the same input at the same moment, and another one for another id', () => {
    const one = samlAssertion(inputWith(), moment);
    expect(samlAssertion(inputWith(), moment)).toBe(one);
    expect(samlAssertion(inputWith(), { ...moment, id: 'two' })).not.toBe(one);
  });

  it('shows the first certificate of a chain, and no other', () => {
    const chain = `${certificate}${makeCertificate('authority').certificate}`;
    expect(samlAssertion(inputWith({ certificate: chain }), moment)).toBe(samlAssertion(inputWith(), moment));
  });

  it('has no attribute statement where there is no attribute: an empty one is not valid', () => {
    const document = samlAssertion({ ...inputWith(), profile: 'RFC7522' }, moment);
    expect(document).not.toContain('AttributeStatement');
  });

  it('does not sign with a key that is no RSA key', () => {
    const other = makeCertificate('idp');
    expect(() => samlAssertion(inputWith({ key: new Sensitive(other.key) }), moment)).toThrow('the private key is no RSA key');
  });

  it('does not say a key that is none', () => {
    const input = inputWith({ key: new Sensitive('s3cr3t') });
    expect(() => samlAssertion(input, moment)).toThrow(expect.objectContaining({ message: expect.not.stringContaining('s3cr3t') }));
  });
});

describe('encodeSamlAssertion', () => {
  const xml = '<a>\u{3ff}?>~</a>';
  const base64 = 'PGE+z78/Pn48L2E+';
  const base64url = 'PGE-z78_Pn48L2E-';

  it.each([
    ['SuccessFactors', 'XML', xml, base64],
    ['SuccessFactors', 'base64', base64, base64],
    ['SuccessFactors', 'base64url', base64url, base64],
    ['RFC7522', 'XML', xml, base64url],
    ['RFC7522', 'base64 in lines', `${base64.slice(0, 6)}\n${base64.slice(6)}`, base64url],
    ['RFC7522', 'base64url', base64url, base64url],
  ] as const)('for %s takes %s', (profile, _form, assertion, encoded) => {
    expect(encodeSamlAssertion(profile, assertion)).toBe(encoded);
  });

  it('pads for SuccessFactors and not for RFC 7522 section 2.1', () => {
    expect(encodeSamlAssertion('SuccessFactors', '<a/>')).toBe('PGEvPg==');
    expect(encodeSamlAssertion('RFC7522', '<a/>')).toBe('PGEvPg');
  });
});
