import * as z from 'zod';
import { isAllowedHost, parseAllowedHosts } from '../../crds/render/allowed-hosts.ts';
import { allowedHostsAnnotation, credentialLabel, renderingLabel } from '../naming.ts';
import type { ObservedSources } from './observed-sources.ts';

const uidByName = z.record(z.string(), z.string());
const record = z.union([
  z.object({ valid: z.literal(true), secrets: uidByName, configMaps: uidByName, hosts: z.array(z.string()) }),
  z.object({ valid: z.literal(false) }),
]);

/** What a rendering was made from, and whom it lets know: by this it is judged when the spec no longer says. */
export type RenderingRecord = z.output<typeof record>;
export type ValidRecord = Extract<RenderingRecord, { valid: true }>;

/** The same text for the same record. */
export function formatRecord(made: RenderingRecord): string {
  if (!made.valid) return JSON.stringify(made);
  return JSON.stringify({
    valid: true,
    secrets: sorted(made.secrets),
    configMaps: sorted(made.configMaps),
    hosts: [...new Set(made.hosts)].toSorted(),
  });
}

/** Undefined: there is none, or someone has been at it. */
export function parseRecord(annotation: string | undefined): RenderingRecord | undefined {
  if (annotation === undefined) return undefined;
  try {
    return record.safeParse(JSON.parse(annotation)).data;
  } catch {
    return undefined;
  }
}

/** Whether everything that the rendering was made from is still there, has opted in, and may serve the hosts that it names. */
export function stillConsents(made: ValidRecord, sources: ObservedSources): boolean {
  // Both without a shortcut: each source that is asked for here is one whose change is of interest.
  const secrets = Object.entries(made.secrets).map(([name, uid]) => {
    const secret = sources.secrets.get(name);
    if (secret === undefined || secret.uid !== uid) return false;
    if (secret.labels[credentialLabel] !== 'true' || secret.labels[renderingLabel] === 'true') return false;
    return mayServe(secret.annotations[allowedHostsAnnotation], made.hosts);
  });
  const configMaps = Object.entries(made.configMaps).map(([name, uid]) => {
    const configMap = sources.configMaps.get(name);
    return configMap !== undefined && configMap.uid === uid && configMap.labels[credentialLabel] === 'true';
  });
  return [...secrets, ...configMaps].every(Boolean);
}

function mayServe(annotation: string | undefined, hosts: readonly string[]): boolean {
  if (annotation === undefined) return true;
  const allowed = parseAllowedHosts(annotation);
  return allowed.ok && hosts.every((host) => isAllowedHost(host, allowed.patterns));
}

const sorted = (map: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(map).toSorted(([a], [b]) => (a < b ? -1 : 1)));
