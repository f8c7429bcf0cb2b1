import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { jwtClaims } from '../../crds/jwt-claims.ts';
import type { TokenMaterial } from './token-material.ts';

/** Says which of the JWTs that were sent had expired; the endpoint need not. By our clock, which may be wrong. */
export function expiredMaterial({ grant }: SidecarConfig, material: TokenMaterial, wallMs: number): string | undefined {
  const sent = {
    'client assertion': material.clientAssertion,
    assertion: material.assertion,
    'subject token': material.subjectToken,
    'actor token': material.actorToken,
    'refresh token': grant.refreshToken?.refreshToken,
  };
  for (const [name, token] of Object.entries(sent)) {
    const exp = token && jwtClaims(token.reveal())?.['exp'];
    if (typeof exp === 'number' && exp * 1000 <= wallMs && exp > 0) return `The ${name} expired at ${new Date(exp * 1000).toISOString()}.`;
  }
  return undefined;
}
