import type { Container } from './pod.ts';

/** A service mesh's containers: they set the network up that all others, ours included, use. */
export const isMeshContainer = ({ name }: Container): boolean => /^(?:istio|linkerd)-/.test(name);

/** Where among the init containers, itself not counted, the sidecar goes: first, but after a service mesh. All that follow can call the proxy. */
export function sidecarPosition(others: readonly Container[]): number {
  const first = others.findIndex((container) => !isMeshContainer(container));
  return first === -1 ? others.length : first;
}
