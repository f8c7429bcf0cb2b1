import { colonInClientId } from '../rules/client-rules.ts';
import { cleanSupplied, isSupplied, type SuppliedUse } from './supplied-token.ts';

/** What a value is used for decides what it may hold. */
export type Use = 'credential' | 'userName' | 'clientIdForRawBasic' | 'proxyUserName' | 'header' | 'parameter' | SuppliedUse;

export type CleanValue =
  | { readonly ok: true; readonly value: string; readonly trimmed: boolean }
  | { readonly ok: false; readonly message: string };

const maxEntryLength = 1024;

/**
 * A value as it will be sent. One line break at the end is what `echo` or an editor left there, and is trimmed; anything
 * else that cannot be sent is refused.
 */
export function cleanValue(stored: string, use: Use): CleanValue {
  if (isSupplied(use)) return cleanSupplied(stored, use);
  const value = stored.replace(/\r?\n$/u, '');
  const message = faultOf(value, use);
  return message === undefined ? { ok: true, value, trimmed: value !== stored } : { ok: false, message };
}

function faultOf(value: string, use: Exclude<Use, SuppliedUse>): string | undefined {
  if (value === '') return 'is empty: store the value';
  if (value.includes('\uFFFD')) return 'is not UTF-8 text: store it as text, in base64 under data or as it is under stringData';
  // Some editors put one before the text; no eye sees it, and no server takes it.
  if (value.startsWith('\uFEFF')) return 'begins with a byte order mark (U+FEFF): store the value without it';
  const control = Array.from(value).findIndex((character) => isControl(character) && !(use === 'parameter' && /[\t\n\r]/u.test(character)));
  if (control >= 0)
    return `holds a control character at offset ${control}, such as a line break, which cannot be sent: store the value without it`;
  if (use === 'header' && !/^[ -~]*$/u.test(value)) return 'holds a character that a header cannot carry: use printable ASCII only';
  // RFC 7617 section 2: the user-id ends at the first colon.
  if (use === 'clientIdForRawBasic' && value.includes(':')) return colonInClientId;
  if (use === 'proxyUserName' && value.includes(':'))
    return 'holds a colon, which a user name in a Basic header cannot: choose another user';
  if ((use === 'header' || use === 'parameter') && Array.from(value).length > maxEntryLength)
    return `has more than ${maxEntryLength} characters: shorten it`;
  return undefined;
}

function isControl(character: string): boolean {
  const codePoint = character.codePointAt(0) ?? 0;
  // The last two are no characters at all.
  return codePoint < 0x20 || codePoint === 0x7f || codePoint === 0xfffe || codePoint === 0xffff;
}
