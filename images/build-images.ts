import { execFile } from 'node:child_process';
import { copyFile, mkdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { version } from '../crds/version.ts';
import { build, moduleListFile } from './build.ts';
import { bundledPackages, describeImage } from './describe-image.ts';
import { archiveImage } from './archive-image.ts';
import { stageRuntime } from './stage-runtime.ts';

const root = join(import.meta.dirname, '..');
const context = join(root, '.cache/images/context');
const scratch = join(root, '.cache/images/storage');
const output = join(root, 'dist/images');
const run = promisify(execFile);

/** The names of the images; each is a stage of the Containerfile and a bundle. */
const images = ['sidecar', 'operator'] as const;

export interface BuiltImage {
  /** As it is in the archive and to be named in a pod: `docker.io/tokenward/sidecar:<version>`. */
  readonly reference: string;
  /** An OCI archive, for `ctr images import`, `kind load image-archive` or `docker load`. */
  readonly archive: string;
  readonly sbom: string;
}

/**
 * Builds `dist/images/{sidecar,operator}.tar`, and a bill of materials beside each. Needs buildah or docker, and what {@link stageRuntime}
 * needs; says so where one is missing.
 */
export async function buildImages(log: (line: string) => void): Promise<readonly BuiltImage[]> {
  await build();
  const modules = JSON.parse(await readFile(moduleListFile, 'utf8')) as Readonly<Record<string, readonly string[]>>;
  await rm(join(root, '.cache/images'), { recursive: true, force: true });
  const debianPackages = await stageRuntime(join(context, 'node'), process.execPath);
  for (const image of images) await stageBundle(image);

  await mkdir(output, { recursive: true });
  const revision = await git('rev-parse', 'HEAD');
  const built: BuiltImage[] = [];
  for (const image of images) {
    const reference = `docker.io/tokenward/${image}:${version}`;
    const archive = join(output, `${image}.tar`);
    const { digest, architecture, tool } = await archiveImage({
      containerfile: join(import.meta.dirname, 'Containerfile'),
      context,
      stage: image,
      arguments: { version, revision },
      reference,
      archive,
      scratch,
    });
    const sbom = join(output, `${image}.spdx.json`);
    const document = describeImage({
      image,
      version,
      digest,
      architecture,
      created: new Date(Number(await git('log', '-1', '--format=%ct')) * 1000).toISOString().replace('.000Z', 'Z'),
      npmPackages: bundledPackages(modules[`dist/${image}.mjs`] ?? [], JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'))),
      debianPackages,
      nodeVersions: process.versions,
    });
    await writeFile(sbom, `${JSON.stringify(document, null, 2)}\n`);
    log(`${reference} ${digest} (${tool}): ${await sizes(image, archive)}`);
    built.push({ reference, archive, sbom });
  }
  await rm(scratch, { recursive: true, force: true });
  return built;
}

async function stageBundle(image: string): Promise<void> {
  const bundle = join(context, image, 'usr/lib/tokenward');
  const licences = join(context, image, 'usr/share/doc/tokenward');
  await mkdir(bundle, { recursive: true });
  await mkdir(licences, { recursive: true });
  await copyFile(join(root, `dist/${image}.mjs`), join(bundle, `${image}.mjs`));
  await copyFile(join(root, 'LICENSE'), join(licences, 'LICENSE'));
  await copyFile(join(root, 'dist/THIRD-PARTY-LICENSES.txt'), join(licences, 'THIRD-PARTY-LICENSES.txt'));
}

async function sizes(image: string, archive: string): Promise<string> {
  const { stdout } = await run('du', ['--apparent-size', '--summarize', '--block-size=1', join(context, 'node'), join(context, image)]);
  const [runtime = 0, own = 0] = stdout.split('\n').map((line) => Number(line.split('\t', 1)[0]));
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  return `${megabytes(runtime + own)} (${megabytes(runtime)} of it Node, the same layer in both), ${megabytes((await stat(archive)).size)} packed`;
}

const git = async (...args: readonly string[]): Promise<string> => (await run('git', args, { cwd: root })).stdout.trim();

if (import.meta.main) {
  try {
    await buildImages((line) => process.stdout.write(`${line}\n`));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
