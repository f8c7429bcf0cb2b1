/** Applies a JSON Patch (RFC 6902: add, replace, remove, move) to a copy of the document; throws where the standard says that it must fail. */
export function applyJsonPatch<T>(document: T, patch: readonly unknown[]): T {
  const root = { document: structuredClone(document) as unknown };
  for (const operation of patch as readonly { op: string; path: string; from?: string; value?: unknown }[]) {
    const { op, path, from, value } = operation;
    if (op === 'add') add(root, path, structuredClone(value));
    else if (op === 'remove') remove(root, path);
    else if (op === 'replace') {
      remove(root, path);
      add(root, path, structuredClone(value));
    } else if (op === 'move' && from !== undefined) {
      if (path.startsWith(`${from}/`)) throw new Error(`${from} cannot be moved into itself`);
      add(root, path, remove(root, from));
    } else throw new Error(`unknown operation ${op}`);
  }
  return root.document as T;
}

function add(root: object, path: string, value: unknown): void {
  const { parent, key } = locate(root, path);
  if (Array.isArray(parent)) parent.splice(key === '-' ? parent.length : indexOf(key, parent.length), 0, value);
  else parent[key] = value;
}

function remove(root: object, path: string): unknown {
  const { parent, key } = locate(root, path);
  if (Array.isArray(parent)) return parent.splice(indexOf(key, parent.length - 1), 1)[0];
  if (!Object.hasOwn(parent, key)) throw new Error(`there is nothing at ${path}`);
  const value = parent[key];
  delete parent[key];
  return value;
}

/** RFC 6901. */
function locate(root: object, path: string): { parent: Record<string, unknown> | unknown[]; key: string } {
  const segments = ['document', ...path.split('/').slice(1)].map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
  const key = segments.pop() ?? '';
  let parent: unknown = root;
  for (const segment of segments) {
    parent = Array.isArray(parent) ? parent[indexOf(segment, parent.length - 1)] : (parent as Record<string, unknown>)[segment];
    if (typeof parent !== 'object' || parent === null) throw new Error(`there is nothing at ${segment} of ${path}`);
  }
  return { parent: parent as Record<string, unknown> | unknown[], key };
}

function indexOf(segment: string, largest: number): number {
  if (!/^(?:0|[1-9]\d*)$/.test(segment) || Number(segment) > largest) throw new Error(`${segment} is no index up to ${largest}`);
  return Number(segment);
}
