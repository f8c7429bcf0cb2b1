import { describe, expect, test } from 'vitest';
import { unsignedJwt } from '../../test/support/unsigned-jwt.ts';
import { cleanSupplied, endOfSupplied } from './supplied-token.ts';

const taken = (value: string) => ({ ok: true, value, trimmed: false });
const refused = (message: string) => ({ ok: false, message: expect.stringMatching(new RegExp(`^${message}`, 'u')) });

describe('a JWT', () => {
  const jwt = `${unsignedJwt({ sub: 'u' })}c2ln`;

  test.each([jwt, `${jwt}\n`, ` \t${jwt} \r\n`, `\ufeff${jwt}`])('is taken without the space around it: %j', (stored) => {
    expect(cleanSupplied(stored, 'jwt')).toEqual(taken(jwt));
  });

  test.each([
    ['', 'is empty'],
    [' \n', 'is empty'],
    ['opaque', 'is no signed JWT'],
    ['a.b', 'is no signed JWT'],
    ['a.b.', 'is no signed JWT'],
    ['a.b.c.d.e', 'is no signed JWT'],
    ['a.b+.c', 'is no signed JWT'],
    [`Bearer ${jwt}`, 'holds a space'],
    [`${jwt.slice(0, 20)}\n${jwt.slice(20)}`, 'holds a space'],
    ['a.\ufffd.c', 'holds a space or a character'],
  ])('%j is none', (stored, message) => {
    expect(cleanSupplied(stored, 'jwt')).toEqual(refused(message));
  });
});

describe('a token to exchange', () => {
  test.each(['opaque', 'a.b.c', '0+/=~|'])('may be anything that a token can be: %s', (token) => {
    expect(cleanSupplied(` ${token}\n`, 'token')).toEqual(taken(token));
  });

  test.each(['', 'a b', 'a\u0000', 'ä'])('%j is none', (stored) => {
    expect(cleanSupplied(stored, 'token')).toMatchObject({ ok: false });
  });
});

describe('a SAML assertion', () => {
  const xml = '<saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion">\r\n\t<a>ü~ÿ?</a>\n</saml2:Assertion>';
  const base64 = Buffer.from(xml).toString('base64');
  const wrapped = base64.replace(/.{20}/gu, '$&\r\n');

  test.each([
    ['XML', xml],
    ['XML with space around', `\n ${xml}\n`],
    ['base64', base64],
    ['base64 with line breaks', `${wrapped}\n`],
    ['base64url', Buffer.from(xml).toString('base64url')],
    ['base64 of what has space around', Buffer.from(`\n${xml}\n`).toString('base64')],
  ])('is taken as XML, its inside untouched, from %s', (_, stored) => {
    expect(cleanSupplied(stored, 'samlAssertion')).toEqual(taken(xml));
  });

  test.each([
    '<Assertion/>',
    `<?xml version="1.0" encoding="UTF-8"?>\n${xml}`,
    `<!-- a --> <!-- b -->${xml}`,
    '<saml:EncryptedAssertion></saml:EncryptedAssertion>',
  ])('may begin otherwise: %.40s', (stored) => {
    expect(cleanSupplied(stored, 'samlAssertion')).toEqual(taken(stored));
  });

  test.each([
    ['', 'is empty'],
    ['s3cr3t', 'is no SAML assertion'],
    ['%%%', 'is no SAML assertion'],
    [`<samlp:Response>${xml}</samlp:Response>`, 'is no SAML assertion'],
    [`<!DOCTYPE a [<!ENTITY b "c">]>${xml}`, 'is no SAML assertion'],
    ['<AssertionID/>', 'is no SAML assertion'],
    [`<Assertion>\u0000</Assertion>`, 'holds a character that XML cannot carry'],
    [Buffer.from('<Assertion>ü</Assertion>', 'latin1').toString('base64'), 'holds a character that XML cannot carry'],
  ])('%.40j is none', (stored, message) => {
    expect(cleanSupplied(stored, 'samlAssertion')).toEqual(refused(message));
  });
});

describe('the end of what is supplied', () => {
  const end = Date.parse('2026-03-04T05:06:07Z');
  const conditions = (attributes: string) => `<a:Assertion ID="x"><a:Conditions ${attributes}><b/></a:Conditions></a:Assertion>`;

  test.each<[string, string, 'jwt' | 'token' | 'samlAssertion']>([
    ['exp of a JWT', unsignedJwt({ exp: end / 1000 }), 'jwt'],
    ['exp of a token that is a JWT', unsignedJwt({ exp: end / 1000 }), 'token'],
    ['the Conditions of an assertion', conditions('NotOnOrAfter="2026-03-04T05:06:07Z"'), 'samlAssertion'],
    [
      'the same beside NotBefore, in single quotes',
      conditions("\n NotBefore='2020-01-01T00:00:00Z' NotOnOrAfter = '2026-03-04T05:06:07.000Z'"),
      'samlAssertion',
    ],
  ])('is %s', (_, value, use) => {
    expect(endOfSupplied(value, use)).toBe(end);
  });

  test.each<[string, 'jwt' | 'token' | 'samlAssertion']>([
    ['opaque', 'token'],
    ['a.b.c', 'token'],
    [unsignedJwt({}), 'jwt'],
    [unsignedJwt({ exp: '1' }), 'jwt'],
    [unsignedJwt({ exp: -1e300 }), 'jwt'],
    [conditions('NotBefore="2020-01-01T00:00:00Z"'), 'samlAssertion'],
    [conditions('NotOnOrAfter="soon"'), 'samlAssertion'],
    ['<Assertion><SubjectConfirmationData NotOnOrAfter="2020-01-01T00:00:00Z"/></Assertion>', 'samlAssertion'],
  ])('is not known of %s', (value, use) => {
    expect(endOfSupplied(value, use)).toBeUndefined();
  });
});
