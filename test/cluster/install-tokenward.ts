import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { buildImages } from '../../images/build-images.ts';
import type { Cluster } from './cluster.ts';

const chart = join(import.meta.dirname, '../../charts/tokenward');

/** Builds our images, gives them to the cluster and installs the chart, or says what of it is not there. */
export async function installTokenward(cluster: Cluster, say: (line: string) => void): Promise<void> {
  const images = await buildImages(say);
  for (const { archive } of images) await cluster.loadImage(archive);
  const missing = [
    ...['operator', 'sidecar']
      .filter((name) => !images.some(({ reference }) => reference.includes(`/${name}:`)))
      .map((name) => `an image of the ${name}`),
    ...(await access(join(chart, 'Chart.yaml')).then(
      () => [],
      () => ['charts/tokenward'],
    )),
  ];
  if (missing.length > 0) return say(`Tokenward is not installed: there is no ${missing.join(' and no ')}`);
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
