import { createHash, createPrivateKey, type KeyObject, sign, X509Certificate } from 'node:crypto';
import type { Sensitive } from '../../crds/sensitive.ts';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { element, text } from './canonical-xml.ts';

type Saml2Bearer = NonNullable<SidecarConfig['grant']['saml2Bearer']>;
type Profile = Saml2Bearer['profile'];
type AssertionConfig = NonNullable<Saml2Bearer['assertion']>;

export interface SamlAssertionInput {
  readonly profile: Profile;
  readonly assertion: AssertionConfig;
  /** The attribute `api_key` of SuccessFactors. */
  readonly clientId: string;
  readonly companyId?: string | undefined;
  /** The recipient, unless the configuration names another one. */
  readonly tokenUrl: string;
}

export interface SamlAssertionMoment {
  /** Milliseconds since the Unix epoch. */
  readonly nowMs: number;
  /** Another one for each assertion: a UUID. */
  readonly id: string;
}

/** The server's clock may be behind ours by this much. */
const backdatedMs = 60_000;

const successFactors = 'www.successfactors.com';

/**
 * A bearer assertion of SAML 2.0 (RFC 7522 section 3; SAML core sections 2 and 5.4), signed by RSA-SHA256, as XML in its canonical form.
 * Throws if the key is none, or a value cannot be written in XML; neither is quoted.
 */
export function samlAssertion(input: SamlAssertionInput, moment: SamlAssertionMoment): string {
  const { issuer = successFactors, key, certificate } = input.assertion;
  const id = `_${moment.id}`;
  const assertion = (signature: string): string =>
    element(
      'saml:Assertion',
      { 'xmlns:saml': 'urn:oasis:names:tc:SAML:2.0:assertion', ID: id, IssueInstant: time(moment.nowMs), Version: '2.0' },
      element('saml:Issuer', {}, text(issuer)),
      signature,
      subject(input, moment),
      conditions(input.assertion, moment),
      authentication(moment),
      attributeStatement(input),
    );
  // The enveloped signature is not part of what it signs.
  const signedInfo = signedInfoOf(id, createHash('sha256').update(assertion('')).digest('base64'));
  const signature = sign('sha256', Buffer.from(signedInfo), rsaKey(key)).toString('base64');
  return assertion(signatureElement(signedInfo, signature, new X509Certificate(certificate).raw.toString('base64')));
}

/**
 * An assertion as it goes over the wire: base64url (RFC 7522 section 2.1), or the standard base64 that SuccessFactors wants. One that is
 * supplied may be encoded already, in either way.
 */
export function encodeSamlAssertion(profile: Profile, assertion: string): string {
  const xml = assertion.trimStart().startsWith('<') ? Buffer.from(assertion) : Buffer.from(assertion, 'base64');
  return xml.toString(profile === 'SuccessFactors' ? 'base64' : 'base64url');
}

/** Another kind of key would sign too, but not as the signature says. */
function rsaKey(pem: Sensitive): KeyObject {
  const key = createPrivateKey(pem.reveal());
  if (key.asymmetricKeyType !== 'rsa') throw new Error('the private key is no RSA key');
  return key;
}

const time = (ms: number): string => new Date(ms).toISOString();

const endOf = ({ lifetimeSeconds }: AssertionConfig, { nowMs }: SamlAssertionMoment): string => time(nowMs + lifetimeSeconds * 1000);

function subject({ assertion, companyId = '', tokenUrl }: SamlAssertionInput, moment: SamlAssertionMoment): string {
  const { nameID, nameIDType, recipient = tokenUrl } = assertion;
  const format = nameIDType === 'EmailAddress' ? 'emailAddress' : 'unspecified';
  const name = nameIDType === 'ExternalLearningUser' ? `${nameID}#DIV#${companyId}` : nameID;
  return element(
    'saml:Subject',
    {},
    element('saml:NameID', { Format: `urn:oasis:names:tc:SAML:1.1:nameid-format:${format}` }, text(name)),
    element(
      'saml:SubjectConfirmation',
      { Method: 'urn:oasis:names:tc:SAML:2.0:cm:bearer' },
      element('saml:SubjectConfirmationData', { NotOnOrAfter: endOf(assertion, moment), Recipient: recipient }),
    ),
  );
}

function conditions(assertion: AssertionConfig, moment: SamlAssertionMoment): string {
  return element(
    'saml:Conditions',
    { NotBefore: time(moment.nowMs - backdatedMs), NotOnOrAfter: endOf(assertion, moment) },
    element('saml:AudienceRestriction', {}, element('saml:Audience', {}, text(assertion.audience ?? successFactors))),
  );
}

/** Nobody logs in for a technical user: the session is said to be there already. */
function authentication({ nowMs, id }: SamlAssertionMoment): string {
  const method = 'urn:oasis:names:tc:SAML:2.0:ac:classes:PreviousSession';
  return element(
    'saml:AuthnStatement',
    { AuthnInstant: time(nowMs), SessionIndex: id },
    element('saml:AuthnContext', {}, element('saml:AuthnContextClassRef', {}, text(method))),
  );
}

function attributeStatement({ profile, assertion, clientId }: SamlAssertionInput): string {
  const { nameIDType, attributes } = assertion;
  const all = [
    ...(profile === 'SuccessFactors' ? [{ name: 'api_key', value: clientId }] : []),
    ...(nameIDType === 'UserName' ? [{ name: 'use_username', value: 'true' }] : []),
    ...(nameIDType === 'ExternalLearningUser' ? [{ name: 'external_user', value: 'true' }] : []),
    ...attributes,
  ];
  return all.length === 0 ? '' : element('saml:AttributeStatement', {}, ...all.map(attribute));
}

function attribute({ name, value }: { readonly name: string; readonly value: string }): string {
  const type = {
    'xmlns:xs': 'http://www.w3.org/2001/XMLSchema',
    'xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
    'xsi:type': 'xs:string',
  };
  return element('saml:Attribute', { Name: name }, element('saml:AttributeValue', type, text(value)));
}

const exclusive = 'http://www.w3.org/2001/10/xml-exc-c14n#';
const signatureNamespace = { 'xmlns:ds': 'http://www.w3.org/2000/09/xmldsig#' };

/** Apart from the element around it, SignedInfo is signed with a namespace declaration of its own: it keeps it there. */
function signedInfoOf(id: string, digest: string): string {
  // The prefix xs stands in values only: exclusive canonicalization must be told to keep its declaration.
  const prefixes = element('ec:InclusiveNamespaces', { 'xmlns:ec': exclusive, PrefixList: 'xs' });
  return element(
    'ds:SignedInfo',
    signatureNamespace,
    element('ds:CanonicalizationMethod', { Algorithm: exclusive }),
    element('ds:SignatureMethod', { Algorithm: 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256' }),
    element(
      'ds:Reference',
      { URI: `#${id}` },
      element(
        'ds:Transforms',
        {},
        element('ds:Transform', { Algorithm: 'http://www.w3.org/2000/09/xmldsig#enveloped-signature' }),
        element('ds:Transform', { Algorithm: exclusive }, prefixes),
      ),
      element('ds:DigestMethod', { Algorithm: 'http://www.w3.org/2001/04/xmlenc#sha256' }),
      element('ds:DigestValue', {}, digest),
    ),
  );
}

function signatureElement(signedInfo: string, signature: string, certificate: string): string {
  return element(
    'ds:Signature',
    signatureNamespace,
    signedInfo,
    element('ds:SignatureValue', {}, signature),
    element('ds:KeyInfo', {}, element('ds:X509Data', {}, element('ds:X509Certificate', {}, certificate))),
  );
}
