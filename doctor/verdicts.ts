/** Who said no. */
type Blame = 'nobody' | 'credential' | 'network' | 'tokenEndpoint' | 'api' | 'allow';

/** Every verdict, with who it is that says no. Scripts may rely on the codes; a test of the gallery shows each. */
export const verdicts = {
  works: { blame: 'nobody' },

  // The credential, before anything is sent.
  credential_missing: { blame: 'credential' },
  credential_pending: { blame: 'credential' },
  credential_invalid: { blame: 'credential' },
  manifest_invalid: { blame: 'credential' },
  secret_invalid: { blame: 'credential' },

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
