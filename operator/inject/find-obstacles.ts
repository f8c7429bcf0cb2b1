import { assertionVolume, containerName, credentialsVolume, noTokenVolume, podAnnotations, statusAnnotation } from '../naming.ts';
import type { InjectionWish } from './parse-annotations.ts';
import type { Pod } from './pod.ts';

/** The annotation of the injector makes what bears our names ours. */
export const isInjected = (pod: Pod): boolean => pod.metadata?.annotations?.[statusAnnotation] !== undefined;

/** Why this pod cannot have a sidecar, whatever it is to do: each with the mend. */
export function findObstacles(pod: Pod): string[] {
  const { spec } = pod;
  const problems: string[] = [];
  if (spec.hostNetwork === true) {
    problems.push(
      `the pod uses the node's network (hostNetwork), where every process of the node could call the sidecar: remove hostNetwork, or the annotation ${podAnnotations.inject}`,
    );
  }
  if (spec.os?.name === 'windows' || spec.nodeSelector?.['kubernetes.io/os'] === 'windows') {
    problems.push(`the pod runs on Windows, for which there is no sidecar: remove the annotation ${podAnnotations.inject}`);
  }
  if (pod.metadata?.annotations?.['kubernetes.io/config.mirror'] !== undefined) {
    problems.push(
      `the pod is static, and no static pod can have Secrets: remove the annotation ${podAnnotations.inject} from its manifest`,
    );
  }
  if (spec.containers.some(({ name }) => name === containerName)) problems.push(foreignContainer('containers'));
  problems.push(...findForeignMounts(pod));
  if (isInjected(pod)) return problems;
  if (spec.initContainers?.some(({ name }) => name === containerName)) problems.push(foreignContainer('initContainers'));
  for (const name of [credentialsVolume, noTokenVolume, assertionVolume]) {
    if (!spec.volumes?.some((volume) => volume.name === name)) continue;
    problems.push(`the pod has a volume named ${name}, which is the name of the sidecar's: rename it`);
  }
  return problems;
}

/** Without us such a pod could not be created, for it has no volume of that name. */
function findForeignMounts({ spec }: Pod): string[] {
  const others = [...(spec.initContainers ?? []), ...spec.containers].filter(({ name }) => name !== containerName);
  return others.flatMap(({ name, volumeMounts = [] }) => {
    const secret = [credentialsVolume, assertionVolume].filter((volume) => volumeMounts.some((mount) => mount.name === volume));
    return secret.map(
      (volume) =>
        `the container ${name} mounts the volume ${volume}, and the sidecar's credentials are for no other container: remove the mount, and call the sidecar instead`,
    );
  });
}

/** A pod's containers share their ports. */
export function findPortConflicts({ spec }: Pod, { proxyPort, adminPort }: InjectionWish): string[] {
  const own = [
    { port: proxyPort, use: 'proxy', annotation: podAnnotations.proxyPort },
    { port: adminPort, use: 'admin port', annotation: podAnnotations.adminPort },
  ];
  const others = [...(spec.initContainers ?? []), ...spec.containers].filter(({ name }) => name !== containerName);
  return own.flatMap(({ port, use, annotation }) => {
    const holder = others.find(({ ports = [] }) =>
      ports.some(({ containerPort, protocol = 'TCP' }) => containerPort === port && protocol === 'TCP'),
    );
    if (holder === undefined) return [];
    return [
      `the container ${holder.name} uses port ${port}, which is that of the sidecar's ${use}: set the annotation ${annotation} to a free port`,
    ];
  });
}

function foreignContainer(list: 'containers' | 'initContainers'): string {
  return `the pod has a container named ${containerName} in spec.${list}, which is the name of the sidecar: rename it`;
}
