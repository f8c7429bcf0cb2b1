import type { PodObject } from '../../cli/kubectl/injected-pod.ts';
import { admitted, podWith } from './pod.ts';

export interface InjectedPodParts {
  readonly namespace?: string;
  readonly name?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly phase?: string;
  /** The state of the sidecar's container; running if it is not said. */
  readonly state?: object | undefined;
}

/** A pod that asks for `lms-admin` as `lms` and for `iot`, as the webhook makes it, and then the kubelet. */
export function injectedPod({
  namespace = 'hr',
  name = 'job-x7',
  annotations = {},
  phase = 'Running',
  ...more
}: InjectedPodParts = {}): PodObject {
  const { metadata, spec } = admitted(podWith({}, annotations)) as unknown as PodObject;
  const state = 'state' in more ? more.state : { running: {} };
  return {
    metadata: { ...metadata, name, namespace },
    ...(spec && { spec }),
    status: { phase, initContainerStatuses: [{ name: 'tokenward', ...(state && { state }) }] },
  };
}
