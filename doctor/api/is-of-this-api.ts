import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { Change } from '../examination.ts';
import { areRelated } from './odd-claims.ts';

/**
 * Whether a token with these changes is for the API that suggested them, as far as names tell. An API that names another one's audience, or a
 * scope of it, would be given a token for that: RFC 9728 section 3.3 forbids that.
 */
export function isOfThisApi(changes: readonly Change[], { grant, upstream }: SidecarConfig): boolean {
  const { host } = new URL(upstream.url);
  const isRelated = (name: string): boolean => {
    const named = URL.parse(name)?.host ?? '';
    return named !== '' && areRelated(named, host);
  };
  const asked = new Set((grant.scope ?? '').split(' '));
  return changes.every(({ path, value }) => {
    const names = [value].flat().filter((name) => typeof name === 'string');
    if (path === 'spec.grant.audience' || path === 'spec.grant.resource') return names.every(isRelated);
    if (path !== 'spec.grant.scope') return true;
    // What is no URL is a word of this API's own.
    return names.flatMap((name) => name.split(' ')).every((scope) => asked.has(scope) || !scope.includes(':/') || isRelated(scope));
  });
}
