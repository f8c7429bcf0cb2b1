import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { readMember, type Members } from './read-member.ts';
import type { Redact } from './redactor.ts';

/** What an error answer says of its reason (RFC 6749 section 5.2), and which parts of it may be shown. */
export interface Refusal {
  /** The RFC's own `error` is there. Other signs may be part of a success: `"msg": "ok"`. */
  readonly isCertain: boolean;
  /** `error`, if it is one that may be passed on. */
  readonly error?: string;
  /** The message of a known format of SAP's, if it may be passed on. */
  readonly message?: string;
  /** All of it, redacted; for the log. */
  readonly log: Readonly<Record<string, string>>;
}

/** RFC 6749 section 5.2 lists these characters; no error code has more of them than this. */
const errorCode = /^[\x20-\x21\x23-\x5b\x5d-\x7e]{1,64}$/;

/** What the APIs of SuccessFactors write instead of a word: an object whose `code` is one of these. */
const successFactorsCode = /^LGN\d{4}$/;

/** A sentence, and nothing that could be markup or a path of somebody's. */
const sentence = /^[\p{L}\p{N} .,:;!'()_-]{1,200}$/u;

const longestLogged = 300;

/**
 * Reads the reason out of an answer that is one: `error` and `error_description`, or what SAP API Management (`ErrorCode`, `Error`) and
 * SuccessFactors (`errorHttpCode`, `errorMessage`) write instead. Undefined if the answer names none.
 */
export function readRefusal(members: Members, response: SidecarConfig['tokenEndpoint']['response'], redact: Redact): Refusal | undefined {
  const error = present(response.error === undefined ? undefined : readMember(members, response.error)) ?? present(members['error']);
  const code = codeWithin(error) ?? error ?? present(members['ErrorCode']);
  const message = members['ErrorCode'] === undefined ? members['errorMessage'] : members['Error'];
  if (code === undefined && present(members['errorHttpCode'] ?? members['errorMessage']) === undefined) return undefined;

  const shown = (value: unknown, allowed: RegExp): string | undefined =>
    typeof value === 'string' && allowed.test(value) && redact(value) === value ? value : undefined;
  const shownCode = shown(code, errorCode);
  const shownMessage = shown(message, sentence);
  const texts = { error: code, description: members['error_description'], message, errorHttpCode: members['errorHttpCode'] };
  return {
    isCertain: present(members['error']) !== undefined,
    ...(shownCode !== undefined && { error: shownCode }),
    ...(shownMessage !== undefined && { message: shownMessage }),
    log: Object.fromEntries(
      Object.entries(texts)
        .filter(([, value]) => value !== undefined)
        .map(([name, value]) => [name, inLine(redact(typeof value === 'string' ? value : JSON.stringify(value))).slice(0, longestLogged)]),
    ),
  };
}

/** Control characters steer the terminal that a log is read on; of those beyond ASCII, and of what turns text round, JSON escapes none. */
export function inLine(text: string): string {
  return text.replace(/[\s\p{C}]+/gu, ' ').trim();
}

function codeWithin(error: unknown): string | undefined {
  const code: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'code') : undefined;
  return typeof code === 'string' && successFactorsCode.test(code) ? code : undefined;
}

/** Some servers always send the member, empty if there is no error. */
function present(value: unknown): unknown {
  return value === null || value === '' || value === false || value === 0 ? undefined : value;
}
