/** Meant for one connection only (RFC 9110 section 7.6.1), or written anew for the next. */
const hopByHop = [
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
  'host',
  'content-length',
];

/** The credentials that a workload may still send by itself: the sidecar's take their place. */
const credentials = ['authorization', 'proxy-authorization'];

/** For most aliases it is all: one set for them, which is then at hand in the processor's cache, whichever of a thousand is called. */
const alwaysDropped: ReadonlySet<string> = new Set([...hopByHop, ...credentials]);

/** They no longer hold once something is put into a body (RFC 9530; RFC 3230). */
export const bodyDigests = ['content-md5', 'digest', 'content-digest', 'repr-digest'];

/** Lower-case names of all that a caller's request loses on its way to an upstream; `more`: what this one sets itself. */
export function droppedRequestHeaders(more: readonly string[]): ReadonlySet<string> {
  const names = more.map((name) => name.toLowerCase());
  return names.every((name) => alwaysDropped.has(name)) ? alwaysDropped : new Set([...alwaysDropped, ...names]);
}

/**
 * Appends to `into` what passes of the caller's headers, a flat list in its order and spelling. `connection` names further
 * headers to drop. Says whether the caller sent an Authorization of its own.
 */
export function appendRequestHeaders(
  into: string[],
  raw: readonly string[],
  dropped: ReadonlySet<string>,
  connection: string | undefined,
): boolean {
  const nominated = connection === undefined ? undefined : nominatedHeaders(connection);
  let sawAuthorization = false;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    const lower = name.toLowerCase();
    if (dropped.has(lower)) sawAuthorization ||= lower === 'authorization';
    else if (nominated === undefined || !nominated.has(lower)) into.push(name, raw[i + 1] as string);
  }
  return sawAuthorization;
}

/** The header names in a Connection header; undefined for the values that nearly all have. */
export function nominatedHeaders(connection: string): ReadonlySet<string> | undefined {
  const lower = connection.toLowerCase();
  if (lower === 'keep-alive' || lower === 'close' || lower === '') return undefined;
  return new Set(lower.split(',').map((name) => name.trim()));
}
