/** RFC 9110 section 9.2.2, QUERY, and WebDAV's reading. */
const idempotentMethods = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'QUERY', 'PROPFIND']);

/** Says whether a request may be sent again although the first one may have been carried out. */
export function isIdempotent(method: string | undefined): boolean {
  return method !== undefined && idempotentMethods.has(method);
}
