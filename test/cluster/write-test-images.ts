import { join } from 'node:path';
import { buildGoProgram } from '../support/build-go-program.ts';
import { writeImage } from './write-image.ts';

/** The image of a pod's own program in tests: see workload/main.go for what it does. */
export const workloadImage = 'tokenward.dev/test/workload:dev';

export interface TestImages {
  readonly workload: string;
  /** Of the container that holds a pod's namespaces. */
  readonly pause: string;
}

/** Builds the images that tests need beside ours, for there is no registry, and returns their archives. */
export async function writeTestImages(folder: string, go = 'go'): Promise<TestImages> {
  const programs = { workload: await buildGoProgram(go, join(import.meta.dirname, 'workload')) };
  const images = { workload: join(folder, 'workload.tar'), pause: join(folder, 'pause.tar') };
  const user = 65_532;
  await writeImage(images.workload, { reference: workloadImage, programs, entrypoint: ['/workload'], user });
  await writeImage(images.pause, { reference: 'tokenward.dev/test/pause:dev', programs, entrypoint: ['/workload', 'pause'], user });
  return images;
}
