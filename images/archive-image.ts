import { execFile } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface ImageOrder {
  readonly containerfile: string;
  readonly context: string;
  /** The stage of the Containerfile that is the image. */
  readonly stage: string;
  readonly arguments: Readonly<Record<string, string>>;
  readonly reference: string;
  /** The OCI archive to write. */
  readonly archive: string;
  /** A folder for what is shared between the images of one run. A cache that outlives the run would go by the Containerfile and miss a changed argument. */
  readonly scratch: string;
}

export interface ArchivedImage {
  /** Of the image's manifest. */
  readonly digest: string;
  readonly architecture: string;
  readonly tool: 'buildah' | 'docker';
}

/** Builds an image with buildah, or with docker where there is no buildah, and writes it to an OCI archive. The same files give the same image. */
export async function archiveImage(order: ImageOrder): Promise<ArchivedImage> {
  await rm(order.archive, { force: true });
  const tool = (await works('buildah', ['--version'])) ? 'buildah' : (await works('docker', ['info'])) ? 'docker' : undefined;
  if (tool === undefined) {
    throw new Error(
      'The images are built with buildah or docker, and this machine has neither: `apt-get install buildah`, or start docker',
    );
  }
  await (tool === 'buildah' ? withBuildah(order) : withDocker(order));
  const { stdout } = await run('tar', ['--extract', '--to-stdout', '--file', order.archive, 'index.json']);
  const { manifests } = JSON.parse(stdout) as { manifests: readonly { readonly digest: string }[] };
  const [manifest] = manifests;
  if (manifest === undefined) throw new Error(`${order.archive} holds no image`);
  return { digest: manifest.digest, architecture: process.arch === 'x64' ? 'amd64' : process.arch, tool };
}

const works = (command: string, args: readonly string[]): Promise<boolean> =>
  run(command, args).then(
    () => true,
    () => false,
  );

/** What the two tools call alike. */
const buildArguments = ({ containerfile, context, stage, reference, arguments: values }: ImageOrder): readonly string[] => [
  ...Object.entries(values).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]),
  '--target',
  stage,
  '--tag',
  reference,
  '--file',
  containerfile,
  context,
];

/** Without a daemon, and in a container as well: no namespaces but a chroot, no overlay file system. */
async function withBuildah(order: ImageOrder): Promise<void> {
  const { reference, archive, scratch } = order;
  const storage = ['--storage-driver', 'vfs', '--root', join(scratch, 'root'), '--runroot', join(scratch, 'run')];
  const options = ['--isolation', 'chroot', '--layers', '--timestamp', '0'];
  await run('buildah', [...storage, 'bud', ...options, ...buildArguments(order)]);
  await run('buildah', [...storage, 'push', reference, `oci-archive:${archive}:${reference}`]);
}

/** What `docker save` writes has been an OCI archive since Docker 25. */
async function withDocker(order: ImageOrder): Promise<void> {
  await run('docker', ['build', '--build-arg', 'SOURCE_DATE_EPOCH=0', ...buildArguments(order)]);
  await run('docker', ['save', '--output', order.archive, order.reference]);
}
