/** What an API asks for in a WWW-Authenticate header: RFC 9110 section 11.6.1. */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const parameter = new RegExp(`^\\s*(${token})\\s*=\\s*("(?:[^"\\\\]|\\\\.)*"|[^\\s,]*)\\s*,?`);
const scheme = new RegExp(`^[\\s,]*(${token})(?:\\s+|\\s*(?:,|$))`);
const token68 = /^[A-Za-z0-9._~+/-]+=*\s*(?:,|$)/;

/** More is nobody's honest answer. */
const longest = 8192;

/** All challenges of all such headers; what cannot be read ends the reading. */
export function readChallenges(header: string | readonly string[] | undefined): readonly Challenge[] {
  return [header ?? []].flat().flatMap((value) => readOne(value.slice(0, longest)));
}

function readOne(value: string): Challenge[] {
  const challenges: Challenge[] = [];
  let rest = value;
  for (;;) {
    const [beginning, name] = scheme.exec(rest) ?? [];
    if (beginning === undefined || name === undefined) return challenges;
    rest = rest.slice(beginning.length);
    const parameters = new Map<string, string>();
    challenges.push({ scheme: name.toLowerCase(), parameters });
    // The comma has been read: another challenge follows.
    if (/,\s*$/.test(beginning)) continue;
    rest = rest.replace(token68, '');
    for (;;) {
      const [whole, key, text] = parameter.exec(rest) ?? [];
      if (whole === undefined || key === undefined || text === undefined) break;
      if (!parameters.has(key.toLowerCase())) parameters.set(key.toLowerCase(), unquote(text));
      rest = rest.slice(whole.length);
    }
  }
}

function unquote(text: string): string {
  return text.startsWith('"') ? text.slice(1, -1).replaceAll(/\\(.)/g, '$1') : text;
}
