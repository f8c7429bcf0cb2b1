import type { Sources } from '../../crds/sources.ts';
import type { Verdict } from '../../doctor/examination.ts';
import { collectManifests, type CredentialManifest } from '../manifests/collect-manifests.ts';
import { formatProblem, type ManifestProblem } from '../manifests/manifest-problem.ts';
import { parseManifests } from '../manifests/parse-manifests.ts';
import type { ManifestTexts } from '../manifests/read-manifest-files.ts';

export interface FoundCredential {
  readonly manifest: CredentialManifest;
  readonly sources: Sources;
  /** What could not be read beside it: a Secret that seems to be missing may be in there. */
  readonly unread: readonly ManifestProblem[];
}

export type Search = { readonly ok: true; readonly found: FoundCredential } | { readonly ok: false; readonly verdict: Verdict };

/** The one credential that `tokenward run` would serve under this alias, which is its name. */
export function findCredential({ texts, problems }: ManifestTexts, alias: string): Search {
  const parsed = texts.map(({ file, text }) => parseManifests(file, text));
  const collected = collectManifests(parsed.flatMap(({ objects }) => objects));
  const unread = [...problems, ...parsed.flatMap((file) => file.problems), ...collected.problems];
  const [manifest, ...others] = collected.credentials.filter(({ name }) => name === alias);
  if (manifest === undefined)
    return { ok: false, verdict: unread.length > 0 ? unreadable(alias, unread) : missing(alias, collected.credentials) };
  if (others.length > 0) return { ok: false, verdict: ambiguous([manifest, ...others]) };
  const none: Sources = { secrets: new Map(), configMaps: new Map() };
  return { ok: true, found: { manifest, sources: collected.sources.get(manifest.namespace) ?? none, unread } };
}

function missing(alias: string, credentials: readonly CredentialManifest[]): Verdict {
  const names = [...new Set(credentials.map(({ name }) => name))].toSorted();
  const others = names.length === 0 ? 'there is none' : `there ${names.length === 1 ? 'is' : 'are'}: ${names.join(', ')}`;
  return {
    code: 'credential_missing',
    sentence: `There is no OAuth2Credential ${alias} in these files; ${others}.`,
    mend: {
      kind: 'elsewhere',
      advice: names.length === 0 ? 'Name the file that has it by -f.' : 'Name one of these by --alias, or the file that has it by -f.',
    },
    failure: 'unknown_alias',
  };
}

function unreadable(alias: string, [first, ...others]: readonly ManifestProblem[]): Verdict {
  const more = others.length === 0 ? '' : `, and ${others.length} more ${others.length === 1 ? 'problem' : 'problems'}`;
  return {
    code: 'manifest_invalid',
    sentence: `There is no OAuth2Credential ${alias} in what can be read of these files: ${first === undefined ? '' : formatProblem(first)}${more}.`,
    mend: { kind: 'elsewhere', advice: 'Mend the files; tokenward validate lists all that is wrong.' },
  };
}

function ambiguous(manifests: readonly CredentialManifest[]): Verdict {
  const places = manifests.map(({ object, namespace }) => `${object.file}:${object.lineOf(['metadata', 'name'])} (namespace ${namespace})`);
  return {
    code: 'manifest_invalid',
    sentence: `There are ${manifests.length} credentials of that name: in ${places.join(' and ')}.`,
    mend: { kind: 'elsewhere', advice: 'Leave all but one out of -f.' },
  };
}
