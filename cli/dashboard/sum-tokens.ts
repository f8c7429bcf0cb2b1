import type { Consumer, Tally } from './overview.ts';

/** The tokens of all consumers of a credential together. */
export interface TokenSum {
  readonly valid: number;
  readonly failing: number;
  /** Nobody has asked for one there. */
  readonly none: number;
  /** Why they fail, each once. */
  readonly codes: readonly string[];
  /** When the first of the tokens that are good ends. */
  readonly endsAtMs?: number;
  /** Undefined: not known of any. */
  readonly requests?: Tally;
}

export function sumTokens(consumers: readonly Consumer[]): TokenSum {
  const count = (kind: Consumer['token']['kind']): number => consumers.filter(({ token }) => token.kind === kind).length;
  const ends = consumers.flatMap(({ token }) => ('expiresAtMs' in token && token.expiresAtMs !== undefined ? [token.expiresAtMs] : []));
  const tallies = consumers.flatMap(({ tokenRequests }) => tokenRequests ?? []);
  return {
    valid: count('valid'),
    failing: count('failing'),
    none: count('none'),
    codes: [...new Set(consumers.flatMap(({ token }) => (token.kind === 'failing' ? [token.code] : [])))],
    ...(ends.length > 0 && { endsAtMs: Math.min(...ends) }),
    ...(tallies.length > 0 && {
      requests: tallies.reduce((sum, { ok, failed }) => ({ ok: sum.ok + ok, failed: sum.failed + failed }), { ok: 0, failed: 0 }),
    }),
  };
}
