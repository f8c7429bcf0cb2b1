import type { RenderedCredential } from './check-manifests.ts';
import { problemAt } from './manifests/manifest-object.ts';
import type { ManifestProblem } from './manifests/manifest-problem.ts';

export interface AssignedAliases {
  readonly aliases: ReadonlyMap<string, RenderedCredential>;
  readonly problems: readonly ManifestProblem[];
}

/** On a laptop a credential's alias is its name; two of one name, in different namespaces, cannot both be served. */
export function assignAliases(rendered: readonly RenderedCredential[]): AssignedAliases {
  const aliases = new Map<string, RenderedCredential>();
  const problems: ManifestProblem[] = [];
  for (const credential of rendered) {
    const { name, namespace, object } = credential.manifest;
    const first = aliases.get(name)?.manifest;
    if (first === undefined) {
      aliases.set(name, credential);
      continue;
    }
    const place = `${first.object.file}:${first.object.lineOf(['metadata', 'name'])}, namespace ${first.namespace}`;
    const message = `would be served as ${name}, as is the one in ${place}; leave one of the two (here: namespace ${namespace}) out of -f`;
    problems.push({ ...problemAt(object, ['metadata', 'name'], message), credential: name });
  }
  return { aliases, problems };
}
