import { containerName } from '../naming.ts';
import { covers } from './covers.ts';
import { append, type PatchOperation, pointer } from './json-patch.ts';
import type { InjectionWish } from './parse-annotations.ts';
import type { Mount, Pod } from './pod.ts';
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
export function restoreSidecar({ spec }: Pod, wish: InjectionWish): PatchOperation[] {
  const containers = spec.initContainers ?? [];
  const index = containers.findIndex(({ name }) => name === containerName);
  const sidecar = containers[index];
  if (sidecar === undefined) return [];
  const path = pointer('spec', 'initContainers', index);
  const patch: PatchOperation[] = [];
  if (sidecar.restartPolicy !== nativeSidecarPolicy) patch.push({ op: 'add', path: `${path}/restartPolicy`, value: nativeSidecarPolicy });
  patch.push(...restoreMounts(`${path}/volumeMounts`, sidecar.volumeMounts, sidecarMounts(wish)));
  const position = sidecarPosition(containers.toSpliced(index, 1));
  if (position !== index) patch.push({ op: 'move', from: path, path: pointer('spec', 'initContainers', position) });
  return patch;
}

function restoreMounts(path: string, mounts: readonly Mount[] | undefined, wanted: readonly Mount[]): PatchOperation[] {
  const places = wanted.map((value) => ({ value, at: findMount(mounts ?? [], value, wanted) }));
  const mended = places.flatMap(({ value, at }): PatchOperation[] => {
    const mount = mounts?.[at];
    return mount === undefined || isIntact(mount, value) ? [] : [{ op: 'replace', path: `${path}/${at}`, value }];
  });
  const missing = places.filter(({ at }) => at === -1).map(({ value }) => value);
  return [...mended, ...append(path, mounts, missing)];
}

/** What is mounted in its place, else where it was moved to; -1 if neither is there. */
function findMount(mounts: readonly Mount[], one: Mount, wanted: readonly Mount[]): number {
  const inPlace = mounts.findIndex(({ mountPath }) => mountPath === one.mountPath);
  if (inPlace !== -1) return inPlace;
  const isPlace = (path: string): boolean => wanted.some(({ mountPath }) => mountPath === path);
  return mounts.findIndex(({ name, mountPath }) => name === one.name && !isPlace(mountPath));
}

/** Not a part of the volume: what is mounted by a sub path the kubelet never renews, and a new secret would not arrive. */
const isIntact = (mount: Mount, wanted: Mount): boolean =>
  covers(mount, wanted) && (mount.subPath ?? '') === '' && (mount.subPathExpr ?? '') === '';
