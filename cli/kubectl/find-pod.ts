import { type ClusterReader, isStatus, tellReadError } from './cluster-reader.ts';
import { type InjectedPod, readInjectedPod } from './injected-pod.ts';

export type FoundPod =
  | { readonly ok: true; readonly pod: InjectedPod; readonly credential: string }
  | { readonly ok: false; readonly why: string };

/** A pod whose sidecar serves an alias and can be asked, or why there is none, with what is to be done about it. */
export async function findPod(reader: ClusterReader, namespace: string, name: string, alias: string): Promise<FoundPod> {
  const refuse = (why: string): FoundPod => ({ ok: false, why });
  let object;
  try {
    object = await reader.pod(namespace, name);
  } catch (error) {
    if (isStatus(error, 404))
      return refuse(`there is no pod ${name} in the namespace ${namespace}: kubectl get pods -n ${namespace} lists them`);
    return refuse(`the pod ${name} cannot be read: ${tellReadError(error)}`);
  }
  const pod = readInjectedPod(object);
  if (pod === undefined) {
    return refuse(
      `the pod ${name} has not asked for a sidecar: it needs the annotation tokenward.dev/inject: ${alias} in the pod template, and to be created anew`,
    );
  }
  const wish = pod.aliases.find((each) => each.alias === alias);
  if (wish === undefined) {
    return refuse(`the pod ${name} has no alias ${alias}: its aliases are ${pod.aliases.map((each) => each.alias).join(', ')}`);
  }
  if (pod.phase === 'Succeeded' || pod.phase === 'Failed') {
    return refuse(`the pod ${name} has ended (${pod.phase}), and its sidecar with it: ask one that runs`);
  }
  if (pod.obstacle !== undefined) return refuse(`the pod ${name} cannot be asked: ${pod.obstacle}`);
  return { ok: true, pod, credential: wish.credential };
}
