import * as z from 'zod/mini';
import { readyConfig, type SidecarConfig } from '../crds/sidecar-config.ts';
import type { Change } from './examination.ts';

type Tree = Record<string, unknown>;

/**
 * The configuration as it would be rendered from a manifest with these changes: it mirrors the spec. Only for values that stand in the
 * manifest itself. Throws if what comes of it is no configuration.
 */
export function applyChanges(config: SidecarConfig, changes: readonly Change[]): SidecarConfig {
  const tree = structuredClone(z.encode(readyConfig, config)) as Tree;
  for (const { path, value } of changes) change(tree, path.split('.').slice(1), value);
  return z.decode(readyConfig, tree as Parameters<typeof z.decode<typeof readyConfig>>[1]);
}

function change(tree: Tree, keys: readonly string[], value: unknown): void {
  const [last = '', ...above] = keys.toReversed();
  let at = tree;
  for (const key of above.toReversed()) at = (at[key] ??= {}) as Tree;
  if (last.endsWith('[]')) {
    const name = last.slice(0, -2);
    at[name] = [...((at[name] as readonly unknown[] | undefined) ?? []), value];
  } else if (value === undefined) delete at[last];
  else at[last] = value;
}
