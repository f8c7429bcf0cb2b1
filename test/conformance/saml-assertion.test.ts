import { createHash, createHmac, randomUUID, X509Certificate } from 'node:crypto';
import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Sensitive } from '../../crds/sensitive.ts';
import { samlAssertion, type SamlAssertionInput } from '../../sidecar/token/saml-assertion.ts';
import { makeCertificate } from '../support/make-certificate.ts';
import { requireTool } from '../support/require-tool.ts';
import { AssertionVerifier, type Expectation, type Verdict } from '../support/saml/assertion-verifier.ts';
import { verifyWithXmlsec, type XmlsecVerdict } from '../support/saml/verify-with-xmlsec.ts';

const java = requireTool('java', 'to verify SAML assertions with javax.xml.crypto.dsig');
const xmlsec1 = requireTool('xmlsec1', 'to verify SAML assertions');

const idp = makeCertificate('idp', { rsaBits: 2048 });
const stranger = makeCertificate('idp', { rsaBits: 2048 });
const nowMs = Date.UTC(2026, 10, 22, 12);
const expected: Expectation = {
  certificate: idp.certificate,
  audience: 'www.successfactors.com',
  recipient: 'https://api.sf.example/oauth/token',
  nowMs,
};

type Part = Partial<SamlAssertionInput['assertion']>;

function inputWith(assertion: Part = {}, signer = idp): SamlAssertionInput {
  return {
    profile: 'SuccessFactors',
    clientId: 'api-key-1',
    companyId: 'acme',
    tokenUrl: expected.recipient,
    assertion: {
      nameID: 'sfadmin',
      nameIDType: 'UserID',
      attributes: [],
      lifetimeSeconds: 600,
      key: new Sensitive(signer.key),
      certificate: signer.certificate,
      ...assertion,
    },
  };
}

const issue = (assertion: Part = {}, signer = idp): string => samlAssertion(inputWith(assertion, signer), { nowMs, id: randomUUID() });

let verifier: AssertionVerifier;
beforeAll(() => {
  verifier = new AssertionVerifier(java ?? '');
});
afterAll(() => verifier[Symbol.asyncDispose]());

const byJava = (document: string, more: Partial<Expectation> = {}): Promise<Verdict> => verifier.verify(document, { ...expected, ...more });
const byXmlsec = (...documents: readonly string[]): Promise<XmlsecVerdict> => verifyWithXmlsec(xmlsec1 ?? '', documents, idp.certificate);

/** What stands between two texts, or in place of it. */
function between(document: string, start: string, end: string): string {
  const from = document.indexOf(start);
  const to = document.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`no ${start} … ${end} in it`);
  return document.slice(from, to + end.length);
}

function swap(document: string, old: string, replacement: string): string {
  if (document.split(old).length !== 2) throw new Error(`${old} is not in it once`);
  return document.replace(old, () => replacement);
}

const signatureOf = (document: string): string => between(document, '<ds:Signature ', '</ds:Signature>');
const digestOf = (document: string): string =>
  createHash('sha256')
    .update(swap(document, signatureOf(document), ''))
    .digest('base64');
const evil = (document: string): string => swap(document, '>sfadmin<', '>root<');
const unsigned = (document: string): string => swap(document, signatureOf(document), '');
const otherId = (document: string): string => document.replace(/ ID="[^"]*"/, ' ID="_evil"');
const certificateText = (pem: string): string => new X509Certificate(pem).raw.toString('base64');

const tamperings: Readonly<Record<string, (document: string) => string>> = {
  'the subject is another one': evil,
  'the subject has one blank more': (document) => swap(document, '>sfadmin<', '>sfadmin <'),
  'the subject is cut in two by a comment, which is not signed': (document) => swap(document, '>sfadmin<', '>sf<!---->admin<'),
  'the subject is cut in two by a processing instruction': (document) => swap(document, '>sfadmin<', '>sf<?x?>admin<'),
  "the subject's format is another one": (document) => swap(document, 'format:unspecified', 'format:emailAddress'),
  'the audience is another one': (document) => swap(document, '<saml:Audience>www', '<saml:Audience>api'),
  'there is a second audience': (document) =>
    swap(document, '</saml:AudienceRestriction>', '<saml:Audience>other</saml:Audience></saml:AudienceRestriction>'),
  'the issuer is another one': (document) => swap(document, '<saml:Issuer>www', '<saml:Issuer>api'),
  'the recipient is another one': (document) => swap(document, 'Recipient="https://api', 'Recipient="https://evil'),
  'it lives longer': (document) => document.replaceAll('2026-11-22T12:10', '2026-11-22T22:10'),
  'it has been valid for longer': (document) => swap(document, 'NotBefore="2026-11-22T11:59', 'NotBefore="2026-11-21T11:59'),
  'an attribute is changed': (document) => swap(document, '>api-key-1<', '>api-key-2<'),
  'an attribute is added': (document) => {
    const attribute = between(document, '<saml:Attribute ', '</saml:Attribute>');
    return swap(document, attribute, attribute + attribute.replace('"api_key"', '"use_username"'));
  },
  'the conditions are gone': (document) => swap(document, between(document, '<saml:Conditions', '</saml:Conditions>'), ''),
  'the signature is gone': unsigned,
  'the signature value is gone': (document) =>
    swap(document, between(document, '<ds:SignatureValue>', '</ds:SignatureValue>'), '<ds:SignatureValue></ds:SignatureValue>'),
  'the signature value is another one': (document) =>
    document.replace(/<ds:SignatureValue>(.)/, (_all, first: string) => `<ds:SignatureValue>${first === 'A' ? 'B' : 'A'}`),
  'the subject and, to match, the digest are others': (document) => {
    const changed = evil(document);
    return swap(changed, digestOf(document), digestOf(changed));
  },
  'the signature is of another assertion': (document) => swap(document, signatureOf(document), signatureOf(issue())),
  'the signature refers to nothing': (document) => document.replace(/ URI="[^"]*"/, ' URI="#_other"'),
  'it says HMAC, with the certificate as the secret': (document) => {
    const info = between(document, '<ds:SignedInfo', '</ds:SignedInfo>').replace('#rsa-sha256', '#hmac-sha256');
    const value = createHmac('sha256', idp.certificate).update(info).digest('base64');
    return document
      .replace(/<ds:SignedInfo.*<\/ds:SignedInfo>/, () => info)
      .replace(/<ds:SignatureValue>[^<]*/, () => `<ds:SignatureValue>${value}`);
  },
  'a stranger signed it, who shows a certificate of the same name': () => issue({ nameID: 'root' }, stranger),
  'a stranger signed it, and shows the certificate that is known': () =>
    swap(issue({}, stranger), certificateText(stranger.certificate), certificateText(idp.certificate)),
  "it shows a stranger's certificate": (document) =>
    swap(document, certificateText(idp.certificate), certificateText(stranger.certificate)),
  'another assertion is around the signed one, in its advice': (document) =>
    swap(unsigned(otherId(evil(document))), '</saml:Conditions>', `</saml:Conditions><saml:Advice>${document}</saml:Advice>`),
  'another assertion is around the signed one, in the signature': (document) =>
    swap(
      otherId(evil(document)),
      signatureOf(document),
      swap(signatureOf(document), '</ds:Signature>', `<ds:Object>${unsigned(document)}</ds:Object></ds:Signature>`),
    ),
  'another assertion of the same ID is around the signed one': (document) =>
    swap(
      evil(document),
      signatureOf(document),
      swap(signatureOf(document), '</ds:Signature>', `<ds:Object>${unsigned(document)}</ds:Object></ds:Signature>`),
    ),
  'another assertion is in the signature of this one': (document) =>
    swap(document, '</ds:Signature>', `<ds:Object>${unsigned(otherId(evil(document)))}</ds:Object></ds:Signature>`),
  'another assertion is before the signed one, in a response': (document) =>
    `<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol">${unsigned(otherId(evil(document)))}${document}</samlp:Response>`,
  'an entity is declared': (document) => `<!DOCTYPE saml:Assertion [<!ENTITY user "root">]>${document}`,
  'the subject is an entity': (document) =>
    `<!DOCTYPE saml:Assertion [<!ENTITY user "sfadmin">]>${swap(document, '>sfadmin<', '>&user;<')}`,
  'it ends early': (document) => document.slice(0, -1),
};

describe.skipIf(java === undefined || xmlsec1 === undefined)(
  'part B: the SAML assertion, judged by xmlsec1 and by javax.xml.crypto.dsig',
  () => {
    test('B28 what is issued for SuccessFactors is accepted by both, and read as it was meant', async () => {
      const document = samlAssertion(inputWith(), { nowMs, id: '6a39' });
      expect(await byXmlsec(document)).toEqual({ accepted: true, reason: '' });
      expect(await byJava(document)).toEqual({
        accepted: true,
        id: '_6a39',
        issuer: 'www.successfactors.com',
        issueInstant: '2026-11-22T12:00:00.000Z',
        nameID: 'sfadmin',
        nameIDFormat: 'urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified',
        audience: 'www.successfactors.com',
        recipient: 'https://api.sf.example/oauth/token',
        confirmedUntil: '2026-11-22T12:10:00.000Z',
        notBefore: '2026-11-22T11:59:00.000Z',
        notOnOrAfter: '2026-11-22T12:10:00.000Z',
        authnInstant: '2026-11-22T12:00:00.000Z',
        authnContextClassRef: 'urn:oasis:names:tc:SAML:2.0:ac:classes:PreviousSession',
        attributes: [['api_key', 'api-key-1']],
      });
    });

    test.each(Object.entries(tamperings))('B28 it is refused by both if %s', async (_name, tamper) => {
      const document = issue();
      const tampered = tamper(document);
      expect(tampered).not.toBe(document);
      expect(await byXmlsec(tampered)).toMatchObject({ accepted: false });
      expect(await byJava(tampered)).toMatchObject({ accepted: false });
      expect(await byJava(document), 'untouched').toMatchObject({ accepted: true });
    });

    test.each([
      ['it has expired', {}, { nowMs: nowMs + 600_000 }, 'expired'],
      ['it is not valid yet', {}, { nowMs: nowMs - 60_001 }, 'not valid yet'],
      ['it was issued for another audience', { audience: 'api.other.example' }, {}, 'another audience'],
      ['it was issued for another recipient', { recipient: 'https://other.example/oauth/token' }, {}, 'another recipient'],
      ['another certificate is registered', {}, { certificate: stranger.certificate }, 'the signature is not valid'],
    ])('B28 it is refused, though well signed, if %s', async (_name, assertion, more, reason) => {
      const document = issue(assertion);
      expect(await byXmlsec(document)).toMatchObject({ accepted: true });
      expect(await byJava(document, more)).toEqual({ accepted: false, reason });
    });

    test('B28 whatever the names hold, both accept the assertion and Java reads the same names', async () => {
      const seed = Math.trunc(Math.random() * 2 ** 31);
      const samples = fc.sample(inputs, { seed, numRuns: 100 });
      const documents = samples.map((input) => samlAssertion(input, { nowMs, id: randomUUID() }));
      expect(await byXmlsec(...documents), `with the seed ${seed}`).toEqual({ accepted: true, reason: '' });
      const verdicts = await Promise.all(
        documents.map((document, index) => byJava(document, destinationOf(samples[index] ?? inputWith()))),
      );
      expect(verdicts, `with the seed ${seed}`).toEqual(samples.map((input) => expect.objectContaining(namesOf(input))));
    });
  },
);

/** All that XML can hold, and above all what it writes in another way. */
const character = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...Array.from('&<>"\'\t\n\r \u0085\u00a0\u2028\ufeff\ufffdäß€\u{1f511}]]>/=;#')) },
  { weight: 2, arbitrary: fc.string({ minLength: 1, maxLength: 1, unit: 'binary' }).filter(isXml) },
  {
    weight: 2,
    arbitrary: fc.constantFrom('a', 'Z', '0', '<!--', '-->', '<![CDATA[', '&amp;', '&#13;', '<?xml?>', '\r\n', '</saml:NameID>'),
  },
);
const name = fc.oneof(
  { weight: 9, arbitrary: fc.array(character, { minLength: 1, maxLength: 30 }).map((parts) => parts.join('')) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 20_000 }).map((length) => 'ü<&\r'.repeat(length / 4 + 1)) },
);
const attributes = fc.array(fc.record({ name, value: fc.oneof(name, fc.constant('')) }), { maxLength: 5 });
const inputs: fc.Arbitrary<SamlAssertionInput> = fc
  .record({
    nameID: name,
    nameIDType: fc.constantFrom('UserID', 'EmailAddress', 'UserName', 'ExternalLearningUser'),
    issuer: name,
    audience: name,
    recipient: name,
    attributes,
    clientId: name,
    companyId: name,
    profile: fc.constantFrom('SuccessFactors', 'RFC7522'),
  })
  .map(({ clientId, companyId, profile, ...assertion }) => ({ ...inputWith(assertion), clientId, companyId, profile }));

function isXml(text: string): boolean {
  const code = text.codePointAt(0) ?? 0;
  return (code >= 0x20 && code < 0xd800) || (code >= 0xe000 && code < 0xfffe) || code >= 0x10000;
}

function destinationOf({ assertion }: SamlAssertionInput): Partial<Expectation> {
  const { audience = '', recipient = '' } = assertion;
  return { audience, recipient };
}

function namesOf({ assertion, clientId, companyId, profile }: SamlAssertionInput): Partial<Verdict> {
  const external = assertion.nameIDType === 'ExternalLearningUser';
  return {
    accepted: true,
    issuer: assertion.issuer ?? '',
    nameID: external ? `${assertion.nameID}#DIV#${companyId}` : assertion.nameID,
    attributes: [
      ...(profile === 'SuccessFactors' ? [['api_key', clientId] as const] : []),
      ...(assertion.nameIDType === 'UserName' ? [['use_username', 'true'] as const] : []),
      ...(external ? [['external_user', 'true'] as const] : []),
      ...assertion.attributes.map((attribute) => [attribute.name, attribute.value] as const),
    ],
  };
}
