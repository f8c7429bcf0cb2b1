import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { stderr } from 'node:process';
import { promisify } from 'node:util';

/** Builds what a cluster consists of, unless it is there already, and returns the folder. A machine that has nothing yet takes a quarter of an hour. */
export async function buildPrograms(nodes: boolean): Promise<string> {
  const names = nodes ? [] : ['etcd', 'kube-apiserver', 'kubectl', 'helm'];
  const building = promisify(execFile)(join(import.meta.dirname, 'tools/build.sh'), names);
  building.child.stderr?.pipe(stderr, { end: false });
  return (await building).stdout.trim();
}
