/**
 * Every way in which Tokenward itself can fail a call: the code is the `Tokenward-Error` header, the metric's label, the row in
 * docs/errors.md and the name of the test.
 */
export const failures = {
  invalid_path: { status: 400, title: 'The path leaves the base URL or is malformed' },
  malformed_request: { status: 400, title: 'The request is not valid HTTP' },
  soap_invalid: { status: 400, title: 'The request has no SOAP envelope that can take the token' },
  not_allowed: { status: 403, title: "The credential's upstream.allow does not permit this request" },
  forbidden_origin: { status: 403, title: 'The request does not come from this workload' },
  unknown_alias: { status: 404, title: 'No such alias' },
  request_timeout: { status: 408, title: 'The caller was too slow to send its request' },
  body_too_large: { status: 413, title: "The request's body is too large to be kept" },
  headers_too_large: { status: 431, title: "The request's headers are too large" },
  upgrade_refused: { status: 501, title: 'Protocol upgrades are not supported' },
  token_rejected: { status: 502, title: 'The token endpoint refused to issue a token' },
  token_unavailable: { status: 502, title: 'The token endpoint cannot be reached or failed' },
  token_malformed: { status: 502, title: 'The token endpoint did not answer with a usable token' },
  token_not_requested: { status: 502, title: 'The token request could not be made' },
  upstream_unreachable: { status: 502, title: 'The API cannot be reached' },
  upstream_protocol: { status: 502, title: 'The API did not answer with valid HTTP' },
  credential_pending: { status: 503, title: 'There is no credential for this alias yet' },
  credential_invalid: { status: 503, title: "This alias's credential is not valid" },
  draining: { status: 503, title: 'The sidecar is shutting down' },
  overloaded: { status: 503, title: "One of the sidecar's limits is reached" },
  token_timeout: { status: 504, title: 'No token could be had in time' },
  upstream_timeout: { status: 504, title: 'The API did not answer in time' },
} as const satisfies Record<string, { status: number; title: string }>;

export type FailureCode = keyof typeof failures;
export type TokenFailureCode = Extract<FailureCode, `token_${string}`>;

/**
 * One failure. `detail` and `hint` go out to the caller and must hold nothing that the token endpoint or the API wrote, save what has
 * been checked to be harmless: an OAuth error code, a media type, names of fields, the host of a Location, the message of SAP's error
 * formats. `log` is for the log only, and is redacted where it is made.
 */
export interface Failure<Code extends FailureCode = FailureCode> {
  readonly code: Code;
  /** What happened, in a sentence. */
  readonly detail: string;
  /** How to mend it, in a sentence. */
  readonly hint?: string;
  /** An examination by the doctor finds out more; the caller is told how to have one. */
  readonly doctorHelps?: true;
  readonly retryAfterSeconds?: number;
  /** What the token endpoint said: its HTTP status and its `error` (RFC 6749 section 5.2). */
  readonly tokenEndpoint?: { readonly status: number; readonly error?: string };
  readonly log?: Readonly<Record<string, unknown>>;
}

export type TokenFailure = Failure<TokenFailureCode>;
