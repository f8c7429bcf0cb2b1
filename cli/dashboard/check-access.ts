import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

/** What a request is judged by. */
export interface Asked {
  readonly method: string;
  /** As it is in the request line. */
  readonly target: string;
  readonly headers: IncomingHttpHeaders;
}

/** What is defended. */
export interface Guarded {
  readonly token: string;
  readonly port: number;
}

export type Access =
  /** `path`: what follows the token, with a slash at its beginning. */
  | { readonly ok: true; readonly path: string; readonly query: URLSearchParams }
  | { readonly ok: false; readonly status: 400 | 403; readonly why: string };

/**
 * Who may look: whoever has the token, which is the first segment of every path. There is no cookie, which a browser would show to every
 * other server on this machine's loopback. A name that resolves to loopback (DNS rebinding) is refused, and so are requests that another
 * site's page makes (Fetch Metadata; RFC 6454 section 7); a link to here may be followed from anywhere.
 */
export function checkAccess({ method, target, headers }: Asked, { token, port }: Guarded): Access {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`];
  if (!hosts.includes(headers.host ?? '')) return refuse('This is not a host that the dashboard is called by.');
  if (!isOwnPage(method, headers)) return refuse('Another page asked for this.');
  if (!target.startsWith('/') || !URL.canParse(`http://dashboard${target}`)) {
    return { ok: false, status: 400, why: 'This is no path.' };
  }
  const { pathname, searchParams } = new URL(`http://dashboard${target}`);
  const [, given = '', ...rest] = pathname.split('/');
  if (!isSame(given, token))
    return refuse('Open the whole URL that the command has printed: its token is missing here, or is that of an earlier run.');
  return { ok: true, path: `/${rest.join('/')}`, query: searchParams };
}

function refuse(why: string): Access {
  return { ok: false, status: 403, why };
}

/** A browser says who asks by Sec-Fetch-Site; an older one by Origin, which no form leaves out. */
function isOwnPage(method: string, headers: IncomingHttpHeaders): boolean {
  const site = headers['sec-fetch-site'];
  const { origin } = headers;
  // `null` is what a form's request has under `Referrer-Policy: no-referrer`.
  if (origin !== undefined && origin !== `http://${headers.host}` && !(origin === 'null' && site === 'same-origin')) return false;
  if (method !== 'GET' && method !== 'HEAD') return site === 'same-origin' || (site === undefined && origin !== undefined);
  return site === undefined || site === 'same-origin' || site === 'none' || headers['sec-fetch-dest'] === 'document';
}

/** Takes the same time whatever is different. */
function isSame(given: string, token: string): boolean {
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(given), digest(token));
}
