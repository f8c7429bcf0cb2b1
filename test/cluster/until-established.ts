import { setTimeout as pause } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';

const patienceMs = 30_000;

/** Resolves when the API server serves every definition that it has. `kubectl wait` gives up on one so new that it has no conditions at all. */
export async function untilEstablished(cluster: Cluster): Promise<void> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    const { items } = JSON.parse(await cluster.kubectl(['get', 'crd', '--output', 'json'])) as { items: readonly Definition[] };
    const waiting = items.filter(({ status }) => !status?.conditions?.some(isEstablished));
    if (waiting.length === 0) return;
    if (performance.now() > endMs) throw new Error(`not established: ${waiting.map(({ metadata }) => metadata.name).join(', ')}`);
    await pause(100);
  }
}

interface Condition {
  readonly type: string;
  readonly status: string;
}
interface Definition {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly conditions?: readonly Condition[] | null };
}

const isEstablished = ({ type, status }: Condition): boolean => type === 'Established' && status === 'True';
