import type { SidecarConfig } from '../../crds/sidecar-config.ts';

export type AllowRules = NonNullable<SidecarConfig['upstream']['allow']>;

/** Says whether `upstream.allow` permits a method on a path (as it came, relative to the base URL). */
export type Allows = (method: string, path: string) => boolean;

/**
 * Patterns are relative to the base URL: `*` is one segment, `**` any number. Segments are compared decoded, so that a caller may
 * write `%20` where the pattern has a space; a path with an encoded slash or a backslash matches nothing, for it
 * has more segments than it shows.
 */
export function compileAllow(rules: AllowRules): Allows {
  const compiled = rules.map(({ methods, paths }) => ({
    methods: methods && new Set(methods.includes('GET') ? [...methods, 'HEAD'] : methods),
    paths: paths?.map(compilePattern),
  }));
  return (method, path) => {
    const segments = decodeSegments(path);
    return (
      segments !== undefined &&
      compiled.some(
        (rule) => (rule.methods?.has(method) ?? true) && (rule.paths?.some((pattern) => matchSegments(pattern, segments)) ?? true),
      )
    );
  };
}

type PatternSegment = { readonly wildcard: '*' | '**' } | { readonly literal: string };

function compilePattern(pattern: string): PatternSegment[] {
  return pattern
    .split('/')
    .slice(1)
    .map((segment) => (segment === '*' || segment === '**' ? { wildcard: segment } : { literal: decodeURIComponent(segment) }));
}

function decodeSegments(path: string): string[] | undefined {
  if (/\\|%2f|%5c/i.test(path)) return undefined;
  try {
    return path.split('/').slice(1).map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

/** Takes back only the last `**` when it goes wrong, so that no path makes it slow. */
function matchSegments(pattern: readonly PatternSegment[], segments: readonly string[]): boolean {
  let at = 0;
  let next = 0;
  let anyAt = -1;
  let anyNext = 0;
  while (next < segments.length) {
    if (isAny(pattern[at])) {
      anyAt = at++;
      anyNext = next;
    } else if (matchSegment(pattern[at], segments[next] ?? '')) {
      at++;
      next++;
    } else if (anyAt !== -1) {
      at = anyAt + 1;
      next = ++anyNext;
    } else {
      return false;
    }
  }
  while (isAny(pattern[at])) at++;
  return at === pattern.length;
}

function isAny(pattern: PatternSegment | undefined): boolean {
  return pattern !== undefined && 'wildcard' in pattern && pattern.wildcard === '**';
}

function matchSegment(pattern: PatternSegment | undefined, segment: string): boolean {
  if (pattern === undefined) return false;
  return 'wildcard' in pattern ? segment !== '' : pattern.literal === segment;
}
