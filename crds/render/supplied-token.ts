import { jwtClaims } from '../jwt-claims.ts';
import type { CleanValue } from './secret-value.ts';

/**
 * What is there already and only handed on: a JWT, any token, or a SAML assertion (as XML, or encoded as RFC 7522 section 2.1 has
 * it; always rendered as XML). Space around it, and within an encoding, is what an editor or a mail left there.
 */
export type SuppliedUse = 'jwt' | 'token' | 'samlAssertion';

const suppliedUses: readonly string[] = ['jwt', 'token', 'samlAssertion'] satisfies SuppliedUse[];
export const isSupplied = (use: string): use is SuppliedUse => suppliedUses.includes(use);

export function cleanSupplied(stored: string, use: SuppliedUse): CleanValue {
  const text = stored.trim();
  if (text === '') return { ok: false, message: 'is empty: store the value' };
  if (use === 'samlAssertion') return cleanSamlAssertion(text);
  if (/[^!-~]/u.test(text)) return { ok: false, message: 'holds a space or a character that no token has: store the token alone' };
  if (use === 'jwt' && !/^[\w-]+\.[\w-]+\.[\w-]+$/u.test(text))
    return { ok: false, message: 'is no signed JWT: it must be three parts of base64url, joined by dots' };
  return { ok: true, value: text, trimmed: false };
}

/**
 * When it says that it ends, in milliseconds since the Unix epoch: exp (RFC 7519 section 4.1.4), or NotOnOrAfter of the Conditions (SAML
 * core section 2.5.1). An opaque or encrypted one does not say.
 */
export function endOfSupplied(value: string, use: SuppliedUse): number | undefined {
  if (use !== 'samlAssertion') {
    const exp = jwtClaims(value)?.['exp'];
    return typeof exp === 'number' && exp > 0 ? exp * 1000 : undefined;
  }
  const [, end = ''] = /<(?:[\w.-]+:)?Conditions\s[^<>]*?\bNotOnOrAfter\s*=\s*["']([^"'<>]*)["']/u.exec(value) ?? [];
  const endMs = Date.parse(end);
  return Number.isNaN(endMs) ? undefined : endMs;
}

const noAssertion = {
  ok: false,
  message: 'is no SAML assertion: it must be XML whose outermost element is Assertion, or that in base64 or base64url',
} as const;

/** SAML core section 2.3: the root, after what may precede it. */
const assertionRoot = /^(?:<\?xml[^>]*\?>\s*)?(?:<!--(?:(?!-->)[^])*-->\s*)*<(?:[\w.-]+:)?(?:Encrypted)?Assertion[\s/>]/u;
/** XML 1.0 section 2.2, and what bytes that are no UTF-8 have become. */
// oxlint-disable-next-line no-control-regex -- they are what is looked for
const notXml = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffd-\uffff]/u;

function cleanSamlAssertion(text: string): CleanValue {
  const xml = text.startsWith('<') ? text : decoded(text);
  if (xml === undefined || !assertionRoot.test(xml)) return noAssertion;
  if (notXml.test(xml)) return { ok: false, message: 'holds a character that XML cannot carry: store the assertion as UTF-8' };
  return { ok: true, value: xml, trimmed: false };
}

function decoded(text: string): string | undefined {
  const compact = text.replace(/\s/gu, '');
  return /^[\w+/-]+={0,2}$/u.test(compact) ? Buffer.from(compact, 'base64').toString('utf8').trim() : undefined;
}
