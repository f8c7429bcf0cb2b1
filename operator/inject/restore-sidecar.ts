import { containerName } from '../naming.ts';
import { covers } from './covers.ts';
import { append, type PatchOperation, pointer } from './json-patch.ts';
import type { InjectionWish } from './parse-annotations.ts';
import type { Pod } from './pod.ts';
import { nativeSidecarPolicy, sidecarMounts, sidecarVolumes } from './sidecar-container.ts';
import { sidecarPosition } from './sidecar-position.ts';

/** The sidecar's volumes where they are missing or not as they must be. */
export function restoreVolumes({ spec }: Pod, wish: InjectionWish): PatchOperation[] {
  const wanted = sidecarVolumes(wish);
  const existing = spec.volumes ?? [];
  const mended = existing.flatMap((volume, index): PatchOperation[] => {
    const value = wanted.find(({ name }) => name === volume.name);
    return value === undefined || covers(volume, value) ? [] : [{ op: 'replace', path: pointer('spec', 'volumes', index), value }];
  });
  const missing = wanted.filter(({ name }) => !existing.some((volume) => volume.name === name));
  return [...mended, ...append('/spec/volumes', spec.volumes, missing)];
}

/**
 * What another webhook may have taken from our container and without which it does not work: restart policy, mounts, position. All else stays
 * as that webhook left it: it may have put the image of a mirror there.
 */
export function restoreSidecar({ spec }: Pod): PatchOperation[] {
  const containers = spec.initContainers ?? [];
  const index = containers.findIndex(({ name }) => name === containerName);
  const sidecar = containers[index];
  if (sidecar === undefined) return [];
  const path = pointer('spec', 'initContainers', index);
  const patch: PatchOperation[] = [];
  if (sidecar.restartPolicy !== nativeSidecarPolicy) patch.push({ op: 'add', path: `${path}/restartPolicy`, value: nativeSidecarPolicy });

  const mounts = sidecar.volumeMounts ?? [];
  for (const value of sidecarMounts) {
    const at = mounts.findIndex(({ mountPath }) => mountPath === value.mountPath);
    const mount = mounts[at];
    if (mount !== undefined && !covers(mount, value)) patch.push({ op: 'replace', path: `${path}/volumeMounts/${at}`, value });
  }
  const missing = sidecarMounts.filter(({ mountPath }) => !mounts.some((mount) => mount.mountPath === mountPath));
  patch.push(...append(`${path}/volumeMounts`, sidecar.volumeMounts, missing));

  const position = sidecarPosition(containers.toSpliced(index, 1));
  if (position !== index) patch.push({ op: 'move', from: path, path: pointer('spec', 'initContainers', position) });
  return patch;
}
