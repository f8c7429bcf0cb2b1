import { aliasUrlVariable, containerName, injectedLabel, podAnnotations, statusAnnotation, urlVariable } from '../naming.ts';
import { findObstacles, findPortConflicts } from './find-obstacles.ts';
import type { InjectionSettings } from './injection-settings.ts';
import { type PatchOperation, pointer, prepend } from './json-patch.ts';
import { parseAnnotations, type InjectionWish } from './parse-annotations.ts';
import type { Container, Pod } from './pod.ts';
import { restoreSidecar, restoreVolumes } from './restore-sidecar.ts';
import { sidecarContainer } from './sidecar-container.ts';
import { isMeshContainer, sidecarPosition } from './sidecar-position.ts';

export type Injection =
  /** The pod has not asked for a sidecar, or has it already. */
  | { readonly outcome: 'untouched'; readonly warnings: readonly string[] }
  | { readonly outcome: 'injected' | 'restored'; readonly patch: readonly PatchOperation[]; readonly warnings: readonly string[] }
  /** Each problem says what is wrong and how to mend it. */
  | { readonly outcome: 'denied'; readonly problems: readonly string[] };

/**
 * Decides what becomes of a pod that is about to be created. Depends on the pod and the settings alone, never on a credential: the order of
 * creation does not matter, and whatever a credential says can change while the pod runs.
 */
export function injectSidecar(pod: Pod, settings: InjectionSettings): Injection {
  const annotations = pod.metadata?.annotations ?? {};
  if (annotations[podAnnotations.inject] === undefined) return { outcome: 'untouched', warnings: [] };
  const parsed = parseAnnotations(annotations, settings);
  const conflicts = parsed.ok ? findPortConflicts(pod, parsed.wish) : parsed.problems;
  const problems = [...findObstacles(pod), ...conflicts];
  if (!parsed.ok || problems.length > 0) return { outcome: 'denied', problems };

  const { wish } = parsed;
  const warnings = findWarnings(pod);
  // Ours: anyone else's of this name is an obstacle.
  const isPresent = pod.spec.initContainers?.some(({ name }) => name === containerName) ?? false;
  if (!isPresent) return { outcome: 'injected', patch: fullPatch(pod, wish, settings), warnings };
  const patch = [...restoreVolumes(pod, wish), ...restoreSidecar(pod, wish)];
  return patch.length === 0 ? { outcome: 'untouched', warnings } : { outcome: 'restored', patch, warnings };
}

function findWarnings({ spec }: Pod): string[] {
  const shared = (['shareProcessNamespace', 'hostPID'] as const).filter((field) => spec[field] === true);
  return shared.map((field) => `${field}: root in another container of this pod can read the Tokenward sidecar's files and memory`);
}

function fullPatch(pod: Pod, wish: InjectionWish, settings: InjectionSettings): PatchOperation[] {
  const { initContainers } = pod.spec;
  const position = sidecarPosition(initContainers ?? []);
  const container = sidecarContainer(wish, settings);
  return [
    ...markInjected(pod, wish, settings),
    ...restoreVolumes(pod, wish),
    // Before the list is shifted by one.
    ...addVariables(pod, wish),
    initContainers === undefined
      ? { op: 'add', path: '/spec/initContainers', value: [container] }
      : { op: 'add', path: pointer('spec', 'initContainers', position), value: container },
  ];
}

/** There are annotations: one of them brought us here. */
function markInjected({ metadata }: Pod, { credentials }: InjectionWish, { version, image }: InjectionSettings): PatchOperation[] {
  const status = JSON.stringify({ version, image, aliases: credentials.map(({ alias }) => alias) });
  return [
    { op: 'add', path: pointer('metadata', 'annotations', statusAnnotation), value: status },
    metadata?.labels === undefined
      ? { op: 'add', path: '/metadata/labels', value: { [injectedLabel]: 'true' } }
      : { op: 'add', path: pointer('metadata', 'labels', injectedLabel), value: 'true' },
  ];
}

/** For every container of the app's: only a service mesh's start before the sidecar. In front of its own variables, whose values may then refer to ours: `$(TOKENWARD_URL)`. */
function addVariables({ spec }: Pod, wish: InjectionWish): PatchOperation[] {
  const url = `http://127.0.0.1:${wish.proxyPort}`;
  const variables = [
    { name: urlVariable, value: url },
    ...wish.credentials.map(({ alias }) => ({ name: aliasUrlVariable(alias), value: `${url}/${alias}` })),
  ];
  const addTo = (list: string, containers: readonly Container[]): PatchOperation[] =>
    containers.flatMap((container, index) => {
      if (isMeshContainer(container)) return [];
      const missing = variables.filter(({ name }) => !container.env?.some((own) => own.name === name));
      return prepend(pointer('spec', list, index, 'env'), container.env, missing);
    });
  return [...addTo('initContainers', spec.initContainers ?? []), ...addTo('containers', spec.containers)];
}
