import type { TokenRequest } from '../../sidecar/token/build-token-request.ts';

export type Field = readonly [name: string, value: string];

/** A token request as a server that is strict about every RFC reads it. */
export interface ParsedTokenRequest {
  readonly path: string;
  readonly query: readonly Field[];
  /** Of a form; of JSON the members, with one entry for each string of an array. Whatever is no string stays JSON text. */
  readonly body: readonly Field[];
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

/** Throws where a server might. */
export function parseTokenRequest({ method, path, headers, body }: TokenRequest): ParsedTokenRequest {
  const [, pathname = '', , query] = /^(\/[^?#]*)(\?([^?#]*))?$/.exec(path) ?? fail('the path', path);
  const lines = headerLines(headers);
  const types = lines.get('content-type') ?? [];
  if ((method === 'GET') !== (body === undefined) || types.length !== (body === undefined ? 0 : 1)) fail('the body', method);
  return {
    path: pathname,
    query: query === undefined ? [] : formFields(query),
    body: body === undefined ? [] : types[0] === 'application/json' ? jsonFields(body) : formFields(body),
    headers: lines,
  };
}

/** RFC 7617 section 2. */
export function parseBasic(authorization: string): { readonly user: string; readonly password: string } {
  const [, base64 = ''] = /^Basic ([A-Za-z0-9+/]+={0,2})$/.exec(authorization) ?? fail('the scheme', authorization);
  const [, user = '', password = ''] = /^([^:]*):(.*)$/s.exec(utf8(decodeBase64(base64, 'base64'))) ?? fail('the pair', base64);
  return { user, password };
}

/** RFC 4648 sections 4, with padding, and 5, without; in their one canonical form. */
export function decodeBase64(text: string, variant: 'base64' | 'base64url'): Buffer {
  const bytes = Buffer.from(text, variant);
  return bytes.toString(variant) === text ? bytes : fail(variant, text);
}

/** RFC 6749 appendix B: nothing is there but what the encoding leaves as it is or makes. */
export function decodeFormValue(text: string): string {
  if (!/^(?:[A-Za-z0-9*._+-]|%[0-9A-F]{2})*$/.test(text)) fail('the encoding', text);
  const bytes = text.replaceAll('+', ' ').replace(/%(..)/g, (_escape, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return utf8(Buffer.from(bytes, 'latin1'));
}

function formFields(text: string): Field[] {
  if (text === '') return [];
  return text.split('&').map((field) => {
    const [, name = '', value = ''] = /^([^=]+)=([^=]*)$/.exec(field) ?? fail('a field', field);
    return [decodeFormValue(name), decodeFormValue(value)];
  });
}

function jsonFields(text: string): Field[] {
  const members: unknown = JSON.parse(text);
  if (typeof members !== 'object' || members === null || Array.isArray(members)) return fail('the object', text);
  // As it was written, and so with no name that comes twice.
  if (JSON.stringify(members) !== text) fail('the JSON', text);
  return Object.entries(members).flatMap(([name, value]: [string, unknown]) =>
    (Array.isArray(value) ? value : [value]).map((item: unknown): Field => [name, typeof item === 'string' ? item : JSON.stringify(item)]),
  );
}

/** RFC 9110 section 5. */
function headerLines(flat: readonly string[]): Map<string, string[]> {
  const lines = new Map<string, string[]>();
  for (let index = 0; index < flat.length; index += 2) {
    const [name = '', value = ''] = flat.slice(index, index + 2);
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name) || !/^(?:[!-~\x80-\xff](?:[ \t!-~\x80-\xff]*[!-~\x80-\xff])?)?$/.test(value))
      fail('a header', name);
    lines.set(name.toLowerCase(), [...(lines.get(name.toLowerCase()) ?? []), value]);
  }
  return lines;
}

const utf8 = (bytes: Buffer): string => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);

function fail(what: string, text: string): never {
  throw new Error(`${what} cannot be read: ${text}`);
}
