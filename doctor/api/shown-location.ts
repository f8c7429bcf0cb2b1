import type { Redact } from '../../sidecar/token/redactor.ts';
import { shown } from './shown.ts';

/** Where a redirect leads, without what it takes along: a query may hold anything, a session above all, and userinfo a password. */
export function shownLocation(location: string, base: string, redact: Redact): string {
  const url = URL.parse(location, base);
  if (url === null) return '[not a URL]';
  const origin = url.host === '' ? url.protocol : `${url.protocol}//${url.host}`;
  return `${shown(redact(origin))}${shown(redact(url.pathname))}${url.search === '' ? '' : '?…'}`;
}
