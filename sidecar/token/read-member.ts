/** The members of a token answer: a JSON object, or the fields of a form. */
export type Members = Readonly<Record<string, unknown>>;

/** Follows a dotted path such as `data.accessToken`; undefined where it leads nowhere. */
export function readMember(members: Members, path: string): unknown {
  let value: unknown = members;
  for (const name of path.split('.')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = Reflect.get(value, name);
  }
  return value;
}

const deepest = 3;
const mostNames = 12;

/** The paths of the values in an answer, without the values: what a user needs to set `tokenEndpoint.response`. */
export function listPaths(members: Members): string[] {
  const paths: string[] = [];
  const visit = (value: unknown, path: string[]): void => {
    if (paths.length >= mostNames) return;
    const entries = typeof value === 'object' && value !== null && path.length < deepest ? Object.entries(value) : [];
    if (entries.length === 0 && path.length > 0) paths.push(path.join('.'));
    for (const [name, child] of entries) visit(child, [...path, name]);
  };
  visit(members, []);
  return paths;
}
