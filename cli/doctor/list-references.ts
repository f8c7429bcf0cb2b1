/** An object that a credential refers to, and the keys that it reads of it. */
export interface Reference {
  readonly kind: 'Secret' | 'ConfigMap';
  readonly name: string;
  readonly keys: readonly string[];
  /** The first field that names it. */
  readonly path: string;
}

/** All that a spec, with its defaults, refers to: one entry for each object. */
export function listReferences(spec: unknown): readonly Reference[] {
  const found = new Map<string, Reference>();
  for (const reference of referencesIn(spec, 'spec')) {
    const id = `${reference.kind} ${reference.name}`;
    const known = found.get(id);
    found.set(id, known === undefined ? reference : { ...known, keys: [...new Set([...known.keys, ...reference.keys])] });
  }
  return [...found.values()];
}

/** Where the value of a field, or of a reference right below it, lies; undefined if the field refers to nothing. */
export function findSource(spec: unknown, field: string): string | undefined {
  const found = referencesIn(spec, 'spec').find(({ path }) => path === field || path.startsWith(`${field}.`));
  return found && `${found.kind} ${found.name}, key ${found.keys.join(' and ')}`;
}

function referencesIn(value: unknown, path: string): Reference[] {
  if (Array.isArray(value)) return value.flatMap((item, index) => referencesIn(item, `${path}[${index}]`));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([field, inner]) => {
    const at = `${path}.${field}`;
    // A certificate for TLS, and the login of a proxy, are under keys that cannot be chosen.
    if (field === 'secretName' && typeof inner === 'string')
      return [{ kind: 'Secret', name: inner, keys: ['tls.crt', 'tls.key'], path: at }];
    const reference = field.endsWith('Ref') ? asReference(inner) : undefined;
    if (reference === undefined) return referencesIn(inner, at);
    const kind = field === 'configMapKeyRef' ? 'ConfigMap' : 'Secret';
    return [{ kind, name: reference.name, keys: reference.key === undefined ? ['username', 'password'] : [reference.key], path: at }];
  });
}

function asReference(value: unknown): { readonly name: string; readonly key?: string } | undefined {
  if (typeof value !== 'object' || value === null || !('name' in value) || typeof value.name !== 'string') return undefined;
  return { name: value.name, ...('key' in value && typeof value.key === 'string' && { key: value.key }) };
}
