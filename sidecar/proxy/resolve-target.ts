/** Where a request wants to go: the alias, and what follows it, byte for byte as it came. */
export interface Target {
  readonly alias: string;
  /** Empty, or begins with a slash. */
  readonly path: string;
  /** Without the question mark; undefined if there is none. */
  readonly query: string | undefined;
}

/**
 * `/<alias>/<path>?<query>`; undefined for whatever is not origin-form (RFC 9112 section 3.2.1). A path that has a `#` is not: where a
 * server takes it for the beginning of a fragment, the path ends before it, and might be one that is not permitted.
 */
export function resolveTarget(url: string): Target | undefined {
  if (url.charCodeAt(0) !== 0x2f) return undefined;
  const mark = url.indexOf('?');
  const end = mark === -1 ? url.length : mark;
  const hash = url.indexOf('#');
  if (hash !== -1 && hash < end) return undefined;
  const slash = url.indexOf('/', 1);
  const aliasEnd = slash === -1 || slash > end ? end : slash;
  return { alias: url.slice(1, aliasEnd), path: url.slice(aliasEnd, end), query: mark === -1 ? undefined : url.slice(mark + 1) };
}

/**
 * One expression for: decode once, split at `/` and backslash, cut every segment at `;`; is one of them `.` or `..`? Servers disagree
 * on when they remove dot segments, so what any of them could take for one does not pass.
 */
const dotSegment = /(?:^|[/\\]|%2f|%5c)(?:\.|%2e){1,2}(?:$|[/\\;]|%2f|%5c|%3b)/i;

export function hasDotSegment(path: string): boolean {
  return dotSegment.test(path);
}
