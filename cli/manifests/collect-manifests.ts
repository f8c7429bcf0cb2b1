import * as z from 'zod';
import { group, kind } from '../../crds/oauth2-credential.ts';
import type { SourceConfigMap, SourceSecret, Sources } from '../../crds/sources.ts';
import { type ManifestObject, problemAt } from './manifest-object.ts';
import type { ManifestProblem } from './manifest-problem.ts';
import { readConfigMap, readSecret } from './read-source.ts';

export interface CredentialManifest {
  readonly name: string;
  readonly namespace: string;
  readonly object: ManifestObject;
}

/** What the credentials of one namespace may refer to. */
export interface NamespaceSources extends Sources {
  /** An object here could not be read: a credential that misses a Secret or ConfigMap is not to blame. */
  readonly broken: boolean;
}

export interface CollectedManifests {
  readonly credentials: readonly CredentialManifest[];
  readonly sources: ReadonlyMap<string, NamespaceSources>;
  /** How many objects are of kinds that have nothing to do with credentials. */
  readonly ignored: number;
  readonly problems: readonly ManifestProblem[];
}

/** Sorts objects by what they are to a credential, and refuses what an API server would refuse or could not tell apart. */
export function collectManifests(objects: readonly ManifestObject[]): CollectedManifests {
  const known = objects.map((object) => ({ object, role: roleOf(object), ...identityOf(object) }));
  const problems: ManifestProblem[] = [];
  const credentials: CredentialManifest[] = [];
  const sources = new Map<string, Collecting>();
  const seen = new Map<string, ManifestObject>();
  for (const { object, role, name, namespace } of known) {
    if (role === 'other') continue;
    if (role === 'unversioned') {
      problems.push(problemAt(object, ['kind'], 'the object needs an apiVersion; that of Secrets and ConfigMaps is v1'));
      sourcesOf(sources, namespace).broken = true;
      continue;
    }
    const identity = `${role} ${namespace}/${name}`;
    const first = name === '' ? undefined : seen.get(identity);
    if (first !== undefined) {
      const place = `${first.file}:${first.lineOf(['metadata', 'name'])}`;
      problems.push(problemAt(object, ['metadata', 'name'], `${identity} is there already, in ${place}; rename or remove one of the two`));
      continue;
    }
    seen.set(identity, object);
    if (role === 'OAuth2Credential') credentials.push({ name, namespace, object });
    else problems.push(...addSource(role, object, sourcesOf(sources, namespace)));
  }
  return { credentials, sources, ignored: known.filter(({ role }) => role === 'other').length, problems };
}

interface Collecting extends NamespaceSources {
  readonly secrets: Map<string, SourceSecret>;
  readonly configMaps: Map<string, SourceConfigMap>;
  broken: boolean;
}

function sourcesOf(sources: Map<string, Collecting>, namespace: string): Collecting {
  const found = sources.get(namespace) ?? { secrets: new Map(), configMaps: new Map(), broken: false };
  sources.set(namespace, found);
  return found;
}

function addSource(role: 'Secret' | 'ConfigMap', object: ManifestObject, sources: Collecting): readonly ManifestProblem[] {
  const read = role === 'Secret' ? readSecret(object) : readConfigMap(object);
  if (!('name' in read)) {
    sources.broken = true;
    return read;
  }
  if ('annotations' in read) sources.secrets.set(read.name, read);
  else sources.configMaps.set(read.name, read);
  return [];
}

type Role = 'OAuth2Credential' | 'Secret' | 'ConfigMap' | 'other' | 'unversioned';

/** Whatever else is in our group, or under our kind, is a credential gone wrong: parsing it says so. */
function roleOf({ value: { apiVersion, kind: found } }: ManifestObject): Role {
  if (found === kind || String(apiVersion).startsWith(`${group}/`)) return kind;
  if (typeof apiVersion !== 'string' || apiVersion === '') return 'unversioned';
  return apiVersion === 'v1' && (found === 'Secret' || found === 'ConfigMap') ? found : 'other';
}

const identified = z.object({ metadata: z.object({ name: z.string().catch(''), namespace: z.string().catch('') }) });

function identityOf({ value }: ManifestObject): { name: string; namespace: string } {
  const { name, namespace } = identified.safeParse(value).data?.metadata ?? { name: '', namespace: '' };
  return { name, namespace: namespace === '' ? 'default' : namespace };
}
