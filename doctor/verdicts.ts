/** Who said no. */
type Blame = 'nobody' | 'credential' | 'network' | 'tokenEndpoint' | 'api' | 'allow';

/** Every verdict, with who it is that says no. Scripts may rely on the codes; docs/troubleshooting.md lists them. */
export const verdicts = {
  works: { blame: 'nobody' },

  // The credential, before anything is sent.
  credential_missing: { blame: 'credential' },
  credential_pending: { blame: 'credential' },
  credential_invalid: { blame: 'credential' },
  manifest_invalid: { blame: 'credential' },
  secret_invalid: { blame: 'credential' },

  // The way to the token endpoint, or to the API.
  address_family: { blame: 'network' },
  connection_broken: { blame: 'network' },
  dns_no_answer: { blame: 'network' },
  dns_unknown: { blame: 'network' },
  proxy_credentials: { blame: 'network' },
  proxy_needed: { blame: 'network' },
  proxy_refused: { blame: 'network' },
  proxy_unreachable: { blame: 'network' },
  tcp_refused: { blame: 'network' },
  tcp_timeout: { blame: 'network' },
  tcp_unreachable: { blame: 'network' },
  tls_authority_unknown: { blame: 'network' },
  tls_chain_incomplete: { blame: 'network' },
  tls_client_certificate: { blame: 'network' },
  tls_expired: { blame: 'network' },
  tls_failed: { blame: 'network' },
  tls_name: { blame: 'network' },
  tls_not_spoken: { blame: 'network' },
  tls_not_yet_valid: { blame: 'network' },
  tls_self_signed: { blame: 'network' },
  tls_wanted: { blame: 'network' },

  // The token endpoint's answer.
  clock_skew: { blame: 'tokenEndpoint' },
  token_client_refused: { blame: 'tokenEndpoint' },
  token_empty: { blame: 'tokenEndpoint' },
  token_endpoint_failed: { blame: 'tokenEndpoint' },
  token_error_in_success: { blame: 'tokenEndpoint' },
  token_forbidden: { blame: 'tokenEndpoint' },
  token_grant_refused: { blame: 'tokenEndpoint' },
  token_grant_unsupported: { blame: 'tokenEndpoint' },
  token_malformed: { blame: 'tokenEndpoint' },
  token_method_refused: { blame: 'tokenEndpoint' },
  token_missing: { blame: 'tokenEndpoint' },
  token_no_answer: { blame: 'tokenEndpoint' },
  token_not_found: { blame: 'tokenEndpoint' },
  token_not_requested: { blame: 'credential' },
  token_redirected: { blame: 'tokenEndpoint' },
  token_request_refused: { blame: 'tokenEndpoint' },
  token_scope_refused: { blame: 'tokenEndpoint' },
  token_throttled: { blame: 'tokenEndpoint' },
  token_web_page: { blame: 'tokenEndpoint' },
  token_wrong_way: { blame: 'tokenEndpoint' },

  // upstream.allow.
  call_not_allowed: { blame: 'allow' },

  // The API's answer.
  api_address_refused: { blame: 'api' },
  api_audience_refused: { blame: 'api' },
  api_csrf_token_wanted: { blame: 'api' },
  api_failed: { blame: 'api' },
  api_forbidden: { blame: 'api' },
  api_issuer_refused: { blame: 'api' },
  api_key_wanted: { blame: 'api' },
  api_login_page: { blame: 'api' },
  api_method_refused: { blame: 'api' },
  api_no_answer: { blame: 'api' },
  api_path_refused: { blame: 'api' },
  api_request_refused: { blame: 'api' },
  api_scheme_refused: { blame: 'api' },
  api_scope_missing: { blame: 'api' },
  api_tenant_refused: { blame: 'api' },
  api_throttled: { blame: 'api' },
  api_token_expired: { blame: 'api' },
  api_token_not_seen: { blame: 'api' },
  api_token_refused: { blame: 'api' },
  api_token_revoked: { blame: 'api' },
  api_token_too_early: { blame: 'api' },
  api_user_wanted: { blame: 'api' },
  api_wrong_token: { blame: 'api' },
} as const satisfies Record<string, { blame: Blame }>;

export type VerdictCode = keyof typeof verdicts;

/** The process's exit code, by who said no; 2 and 70 as for every command. */
export const exitCodeOf: Readonly<Record<Blame, number>> = { nobody: 0, credential: 1, allow: 1, network: 3, tokenEndpoint: 4, api: 5 };
