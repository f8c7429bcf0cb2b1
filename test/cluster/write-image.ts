import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { arch } from 'node:process';
import { promisify } from 'node:util';

export interface ImageContent {
  /** As pods name it, tag included. */
  readonly reference: string;
  /** Path in the image to executable here. */
  readonly programs: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  /** As in `runAsUser`. */
  readonly user: number;
}

const architectures: Partial<Record<NodeJS.Architecture, string>> = { x64: 'amd64', arm64: 'arm64' };

/** Writes an archive in the OCI image format with one layer: an image from nothing, for programs that need nothing. */
export async function writeImage(archive: string, { reference, programs, entrypoint, user }: ImageContent): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tokenward-image-'));
  try {
    const layout = join(folder, 'layout');
    await mkdir(join(layout, 'blobs/sha256'), { recursive: true });
    const put = async (content: Uint8Array, mediaType: string) => {
      const hash = createHash('sha256').update(content).digest('hex');
      await writeFile(join(layout, 'blobs/sha256', hash), content);
      return { mediaType, digest: `sha256:${hash}`, size: content.length };
    };
    const putJson = (content: object, mediaType: string) => put(Buffer.from(JSON.stringify(content)), mediaType);

    const layer = await put(await layerOf(programs, folder), 'application/vnd.oci.image.layer.v1.tar');
    const platform = { architecture: architectures[arch] ?? arch, os: 'linux' };
    const config = await putJson(
      { ...platform, config: { Entrypoint: entrypoint, User: String(user) }, rootfs: { type: 'layers', diff_ids: [layer.digest] } },
      'application/vnd.oci.image.config.v1+json',
    );
    const mediaType = 'application/vnd.oci.image.manifest.v1+json';
    const manifest = await putJson({ schemaVersion: 2, mediaType, config, layers: [layer] }, mediaType);
    const annotations = { 'io.containerd.image.name': reference, 'org.opencontainers.image.ref.name': reference };
    const index = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.index.v1+json',
      manifests: [{ ...manifest, platform, annotations }],
    };
    await writeFile(join(layout, 'index.json'), JSON.stringify(index));
    await writeFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
    await pack(layout, archive);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function layerOf(programs: ImageContent['programs'], folder: string): Promise<Buffer> {
  const root = join(folder, 'root');
  for (const [path, program] of Object.entries(programs)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await copyFile(program, join(root, path));
    await chmod(join(root, path), 0o755);
  }
  const layer = join(folder, 'layer.tar');
  await pack(root, layer);
  return readFile(layer);
}

/** The same files give the same archive. */
async function pack(folder: string, archive: string): Promise<void> {
  const same = ['--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0'];
  await promisify(execFile)('tar', ['--create', '--file', archive, '--directory', folder, ...same, '.']);
}
