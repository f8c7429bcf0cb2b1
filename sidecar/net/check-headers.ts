import { ClientError } from './client-error.ts';

const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const notInValue = /[^\t\x20-\x7e\x80-\xff]/;

/** They are the client's own to write. */
const ownHeaders: ReadonlySet<string> = new Set(['connection', 'content-length', 'expect', 'keep-alive', 'transfer-encoding', 'upgrade']);

/**
 * Takes apart and checks headers that a configuration sets: a flat list. Throws if one is not valid, or concerns the connection or the
 * framing.
 */
export function checkHeaders(headers: readonly string[]): { readonly list: readonly string[]; readonly host: string | undefined } {
  const list: string[] = [];
  let host: string | undefined;
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const [name = '', value = ''] = headers.slice(i, i + 2);
    const lower = name.toLowerCase();
    const isSecondHost = lower === 'host' && host !== undefined;
    if (!tokenPattern.test(name) || notInValue.test(value) || ownHeaders.has(lower) || isSecondHost) {
      throw new ClientError('REQUEST_INVALID', 'A configured header is not valid, or not to be set');
    }
    if (lower === 'host') host = value;
    else list.push(name, value);
  }
  return { list, host };
}
