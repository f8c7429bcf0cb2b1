import { httpDateMs } from './http-date.ts';
import { jwtClaims } from '../../crds/jwt-claims.ts';
import { readMember, type Members } from './read-member.ts';
import { longestLifetimeMs } from './token-limits.ts';

/** What a token's lifetime can be read from. */
export interface LifetimeSources {
  readonly members: Members;
  readonly accessToken: string;
  /** `tokenEndpoint.response.expiresIn`: where the lifetime stands instead of in `expires_in`. */
  readonly expiresInPath: string | undefined;
  readonly defaultLifetimeSeconds: number;
  /** The answer's Date header. */
  readonly date: string | undefined;
  /** Our own clock when the request was sent. */
  readonly sentWallMs: number;
}

/**
 * How long the token lives from the moment its request was sent: `expires_in` (RFC 6749 section 5.1), else `expires_on` or
 * `expiresOn`, else the token's own `exp` (RFC 7519 section 4.1.4), else the default. Between 0 and `longestLifetimeMs`.
 */
export function tokenLifetimeMs(sources: LifetimeSources): number {
  const lifetimeMs = statedLifetimeMs(sources) ?? sources.defaultLifetimeSeconds * 1000;
  return Math.min(Math.max(lifetimeMs, 0), longestLifetimeMs);
}

function statedLifetimeMs(sources: LifetimeSources): number | undefined {
  const { members, expiresInPath } = sources;
  const expiresIn = secondsMs(readMember(members, expiresInPath ?? 'expires_in'));
  if (expiresIn !== undefined) return expiresIn;
  const claims = jwtClaims(sources.accessToken);
  const end = secondsMs(members['expires_on']) ?? secondsMs(members['expiresOn']) ?? secondsMs(claims?.['exp']);
  return end === undefined ? undefined : lifetimeUntil(end, secondsMs(claims?.['iat']), sources);
}

/**
 * A lifetime from an absolute end, by the issuer's clock and not by ours, which may be wrong. Its Date says what is left now; its `iat`
 * what there was at first, which is more if the issuer hands out the same token again: the shorter is the safe one. A start after
 * the end is a clock that is wrong, for nobody issues an expired token.
 */
function lifetimeUntil(endMs: number, issuedAtMs: number | undefined, { date, sentWallMs }: LifetimeSources): number {
  const starts = [httpDateMs(date), issuedAtMs].filter((startMs): startMs is number => startMs !== undefined && startMs < endMs);
  return endMs - (starts.length > 0 ? Math.max(...starts) : sentWallMs);
}

const decimal = /^\s*[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?\s*$/i;

/** Seconds as a number, or as some servers have it a string; in milliseconds. */
function secondsMs(value: unknown): number | undefined {
  if (typeof value === 'number') return value * 1000;
  return typeof value === 'string' && decimal.test(value) ? Number(value) * 1000 : undefined;
}
