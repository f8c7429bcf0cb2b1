/** A call of the API, as a workload would make it. */
export interface ApiCall {
  /** In upper case. */
  readonly method: string;
  /** Below the base URL, with its query; begins with a slash. Undefined if nobody said which: the doctor chooses one that is permitted. */
  readonly path?: string | undefined;
}

export type ParsedCall = { readonly ok: true; readonly call: ApiCall } | { readonly ok: false; readonly message: string };

/** What a user named. RFC 9110 section 9.1, RFC 9112 section 3.2.1. */
export function parseApiCall(method: string, path: string | undefined): ParsedCall {
  if (!/^[A-Za-z]+(?:-[A-Za-z]+)*$/.test(method)) return { ok: false, message: '--method must be an HTTP method such as GET or POST' };
  const call = { method: method.toUpperCase() };
  if (path === undefined || path === '') return { ok: true, call };
  if (/^[a-z][a-z\d+.-]*:\/\//i.test(path))
    return { ok: false, message: '--path is what follows upstream.url, such as /users?$top=1; it is no URL' };
  if (!/^[!-~]+$/.test(path) || path.includes('#')) {
    return { ok: false, message: '--path must be as it is sent: spaces, # and letters outside ASCII percent-encoded, such as %20' };
  }
  return { ok: true, call: { ...call, path: path.startsWith('/') ? path : `/${path}` } };
}
