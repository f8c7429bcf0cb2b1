import { createHash } from 'node:crypto';
import { Sensitive } from '../../crds/sensitive.ts';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';

/**
 * Equal for two configurations exactly if they ask for tokens in the same way: endpoint with its TLS and proxy, client, grant. A digest of
 * secrets too: for comparing only, never for logs, since a weak secret could be guessed from it.
 */
export function tokenIdentity({ tokenEndpoint, client, grant }: SidecarConfig): string {
  return createHash('sha256')
    .update(JSON.stringify(canonical({ tokenEndpoint, client, grant })))
    .digest('base64url');
}

/** JSON with sorted members, absent ones left out and secrets in the clear: its text differs wherever the value does. */
function canonical(value: unknown): unknown {
  if (value instanceof Sensitive) return value.reveal();
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, member]) => [name, canonical(member)]));
}
