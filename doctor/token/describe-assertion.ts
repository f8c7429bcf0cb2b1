import type { Sensitive } from '../../crds/sensitive.ts';
import { readJwt } from '../api/read-jwt.ts';
import { shown, shownTime } from '../api/shown.ts';

/** What an assertion says, line by line and without its signature: of no use to whoever reads it. */
export function describeAssertion(assertion: Sensitive): readonly string[] {
  const text = assertion.reveal();
  const jwt = readJwt(text);
  if (jwt !== undefined) return [`header: ${members(jwt.header)}`, `claims: ${members(jwt.claims)}`];
  const xml = Buffer.from(text, 'base64').toString('utf8');
  return xml.trimStart().startsWith('<') ? samlFacts(xml) : [];
}

const times = new Set(['iat', 'nbf', 'exp', 'auth_time']);
const mostMembers = 20;

function members(object: Readonly<Record<string, unknown>>): string {
  const shownMember = ([name, value]: readonly [string, unknown]): string =>
    `${shown(name)}=${times.has(name) && typeof value === 'number' ? time(value) : shown(value)}`;
  const entries = Object.entries(object);
  const more = entries.length > mostMembers ? [`and ${entries.length - mostMembers} more`] : [];
  return [...entries.slice(0, mostMembers).map(shownMember), ...more].join(', ');
}

/** A date that is too far away for one is no date. */
function time(seconds: number): string {
  return Math.abs(seconds) < 1e11 ? shownTime(seconds * 1000) : String(seconds);
}

const attribute = (element: string, name: string): RegExp =>
  new RegExp(`<(?:[\\w.-]+:)?${element}\\b[^<>]*?\\s${name}="([^"<>]{0,2048})"`, 'u');
const content = (element: string): RegExp => new RegExp(`<(?:[\\w.-]+:)?${element}\\b[^<>]*>([^<>]{0,2048})</`, 'u');

/** What a server checks first, in the order in which it is in the assertion. SAML core sections 2.3 to 2.5. */
const samlParts: readonly (readonly [string, RegExp])[] = [
  ['issuer', content('Issuer')],
  ['issued', attribute('Assertion', 'IssueInstant')],
  ['subject', content('NameID')],
  ['subject format', attribute('NameID', 'Format')],
  ['recipient', attribute('SubjectConfirmationData', 'Recipient')],
  ['not before', attribute('Conditions', 'NotBefore')],
  ['not on or after', attribute('Conditions', 'NotOnOrAfter')],
  ['audience', content('Audience')],
];

function samlFacts(xml: string): readonly string[] {
  const facts = samlParts.flatMap(([name, pattern]) => {
    const value = pattern.exec(xml)?.[1];
    return value === undefined ? [] : [`${name}=${shown(value)}`];
  });
  return facts.length === 0 ? [] : [`SAML: ${facts.join(', ')}`];
}
