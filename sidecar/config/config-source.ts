import type { Sensitive } from '../../crds/sensitive.ts';

/** Where `<alias>.json` texts come from: a directory that the kubelet keeps, or manifests read by the command line. */
export interface ConfigSource {
  /**
   * All texts by alias if anything changed since the last call, else undefined. Cheap when nothing changed: it is called
   * once a second. Rejects if the source cannot be read at all; the last good configuration then stays in force.
   */
  poll(): Promise<ReadonlyMap<string, Sensitive> | undefined>;
}
