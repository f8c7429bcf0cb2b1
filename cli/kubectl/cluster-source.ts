import type { Clock } from '../../crds/clock.ts';
import type { DashboardSource } from '../dashboard/overview.ts';
import { askDoctor } from './ask-doctor.ts';
import { type ClusterReader, type Scope, tellReadError } from './cluster-reader.ts';
import { findPod } from './find-pod.ts';
import type { PodStreams } from './pod-streams.ts';
import { readOverview } from './read-overview.ts';

export interface ClusterSourceOptions {
  readonly place: string;
  readonly scope: Scope;
  readonly reader: ClusterReader;
  readonly streams: PodStreams;
  readonly clock: Clock;
}

/** What the dashboard shows of a cluster: read anew each time, with the user's rights. */
export function clusterSource({ place, scope, reader, streams, clock }: ClusterSourceOptions): DashboardSource {
  return {
    read: async () => {
      try {
        return await readOverview({ place, scope, inDepth: true }, { reader, streams, clock });
      } catch (error) {
        throw new Error(`The credentials cannot be read: ${tellReadError(error)}`, { cause: error });
      }
    },
    examine: async ({ namespace, consumer, alias, method, path, probe }, record, signal) => {
      const found = await findPod(reader, namespace, consumer, alias);
      if (!found.ok) throw new Error(found.why);
      const answer = await askDoctor(streams, found.pod, { alias, method, path, probe }, record, signal);
      if (!answer.ok) throw new Error(answer.why);
      return answer.examination;
    },
  };
}
