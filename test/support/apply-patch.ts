type Tree = { readonly [name: string]: unknown };

/** Merge patch (RFC 7396). */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isTree(patch)) return patch;
  const merged: Record<string, unknown> = isTree(target) ? { ...target } : {};
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete merged[name];
    else merged[name] = mergePatch(merged[name], value);
  }
  return merged;
}

/**
 * Server-side apply as far as tests need it: members that the manager applied before and does not any more go away, lists are replaced whole, other
 * managers' members stay.
 */
export function serverSideApply(target: unknown, applied: unknown, before: unknown): unknown {
  if (!isTree(applied)) return applied;
  const merged: Record<string, unknown> = isTree(target) ? { ...target } : {};
  const owned = isTree(before) ? before : {};
  for (const name of Object.keys(owned)) {
    if (applied[name] === undefined) {
      const left = withoutOwned(merged[name], owned[name]);
      if (left === undefined) delete merged[name];
      else merged[name] = left;
    }
  }
  for (const [name, value] of Object.entries(applied)) {
    if (value !== undefined) merged[name] = serverSideApply(merged[name], value, owned[name]);
  }
  return merged;
}

function withoutOwned(target: unknown, owned: unknown): unknown {
  if (!isTree(owned) || !isTree(target)) return undefined;
  const left = Object.fromEntries(
    Object.entries(target)
      .map(([name, value]) => [name, name in owned ? withoutOwned(value, owned[name]) : value])
      .filter(([, value]) => value !== undefined),
  );
  return Object.keys(left).length === 0 ? undefined : left;
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
