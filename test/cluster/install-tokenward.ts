import { join } from 'node:path';
import { buildImages } from '../../images/build-images.ts';
import type { Cluster } from './cluster.ts';

const chart = join(import.meta.dirname, '../../charts/tokenward');

/** Builds our images, gives them to the cluster and installs the chart; returns when the operator is ready. */
export async function installTokenward(cluster: Cluster, say: (line: string) => void): Promise<void> {
  for (const { archive } of await buildImages(say)) await cluster.loadImage(archive);
  say(
    await cluster.helm([
      'install',
      'tokenward',
      chart,
      '--namespace',
      'tokenward-system',
      '--create-namespace',
      '--wait',
      '--timeout',
      '2m',
    ]),
  );
}
