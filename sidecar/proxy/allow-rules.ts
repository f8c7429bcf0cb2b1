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
    paths: paths?.map((path) => path.split('/').slice(1)),
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

function decodeSegments(path: string): string[] | undefined {
  if (/\\|%2f|%5c/i.test(path)) return undefined;
  try {
    return path.split('/').slice(1).map(decodeURIComponent);
  } catch {
    return undefined;
  }
}

/** Takes back only the last `**` when it goes wrong, so that no path makes it slow. */
function matchSegments(pattern: readonly string[], segments: readonly string[]): boolean {
  let at = 0;
  let next = 0;
  let anyAt = -1;
  let anyNext = 0;
  while (next < segments.length) {
    if (pattern[at] === '**') {
      anyAt = at++;
      anyNext = next;
    } else if (at < pattern.length && matchSegment(pattern[at] as string, segments[next] as string)) {
      at++;
      next++;
    } else if (anyAt !== -1) {
      at = anyAt + 1;
      next = ++anyNext;
    } else {
      return false;
    }
  }
  while (pattern[at] === '**') at++;
  return at === pattern.length;
}

function matchSegment(pattern: string, segment: string): boolean {
  return pattern === '*' ? segment !== '' : pattern === segment;
}
