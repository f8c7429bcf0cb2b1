import { nominatedHeaders } from './request-headers.ts';
import { hasDotSegment } from './resolve-target.ts';

const dropped = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  // Trailers come through unannounced; where none can (HEAD, HTTP/1.0), Node refuses to send this.
  'trailer',
  'transfer-encoding',
  'upgrade',
  // Only Tokenward says this: a caller tells by it whose failure it is.
  'tokenward-error',
]);

/** Where the answer's references point: the API's base URL and the alias's place on the proxy. */
export interface Rewriting {
  readonly baseUrl: URL;
  /** The base URL's path without its last slash. */
  readonly basePath: string;
  readonly alias: string;
  /** The Host by which the caller knows the proxy. */
  readonly host: string;
}

/** The API's headers for the caller: a flat list in the API's order and spelling, less what concerns one connection only. */
export function responseHeaders(raw: readonly string[], rewriting: Rewriting): string[] {
  const headers: string[] = [];
  let connection = '';
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    const lower = name.toLowerCase();
    const value = raw[i + 1] as string;
    if (lower === 'connection') connection = connection === '' ? value : `${connection},${value}`;
    if (dropped.has(lower)) continue;
    headers.push(name, lower === 'location' || lower === 'content-location' ? rewriteReference(value, rewriting) : value);
  }
  const nominated = nominatedHeaders(connection);
  return nominated === undefined ? headers : without(headers, nominated);
}

/** A flat list as Node wants trailers. */
export function headerPairs(flat: readonly string[]): [string, string][] {
  return Array.from({ length: flat.length / 2 }, (_, i) => [flat[2 * i] ?? '', flat[2 * i + 1] ?? '']);
}

function without(headers: readonly string[], names: ReadonlySet<string>): string[] {
  return headers.filter((_, i) => !names.has((headers[i - (i % 2)] as string).toLowerCase()));
}

const authorityOf = /^(?:https?:)?\/\/[^/?#]*/i;

/** A reference to a place below the base URL becomes one to the alias; any other, and a relative one, stays as it is. */
export function rewriteReference(reference: string, { baseUrl, basePath, alias, host }: Rewriting): string {
  const authority = authorityOf.exec(reference)?.[0] ?? '';
  const rest = reference.slice(authority.length);
  if (authority === '' && !rest.startsWith('/')) return reference;
  if (authority !== '' && URL.parse(authority, baseUrl)?.origin !== baseUrl.origin) return reference;
  if (!rest.startsWith(basePath)) return reference;
  const below = rest.slice(basePath.length);
  if (below !== '' && !/^[/?#]/.test(below)) return reference;
  // What leads out again is not below, and the proxy would refuse it.
  const [path = ''] = below.split(/[?#]/, 1);
  if (hasDotSegment(path)) return reference;
  return `${authority === '' ? '' : `http://${host}`}/${alias}${below}`;
}
