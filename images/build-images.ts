import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, glob, mkdir, mkdtemp, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { version } from '../crds/version.ts';
import { archiveImage } from './archive-image.ts';
import { build, moduleListFile } from './build.ts';
import { bundledPackages, describeImage } from './describe-image.ts';
import { replaceFile } from './replace-file.ts';
import { stageRuntime } from './stage-runtime.ts';

const root = join(import.meta.dirname, '..');
const output = join(root, 'dist/images');
/** What the images there were built from, and what was said of them. */
const record = join(output, 'built.json');
const run = promisify(execFile);

/** The images, each a stage of the Containerfile, and the bundles in it. */
const images = { sidecar: ['sidecar', 'doctor'], operator: ['operator'] } as const satisfies Record<string, readonly string[]>;
type Image = keyof typeof images;
const names = Object.keys(images) as readonly Image[];

export interface BuiltImage {
  /** As it is in the archive and to be named in a pod: `docker.io/tokenward/sidecar:<version>`. */
  readonly reference: string;
  /** An OCI archive, for `ctr images import`, `kind load image-archive` or `docker load`. */
  readonly archive: string;
  readonly sbom: string;
}

interface BuildRecord {
  readonly inputs: string;
  readonly lines: readonly string[];
}

const built: readonly BuiltImage[] = names.map((image) => ({
  reference: `docker.io/tokenward/${image}:${version}`,
  archive: join(output, `${image}.tar`),
  sbom: join(output, `${image}.spdx.json`),
}));

/**
 * Builds `dist/images/{sidecar,operator}.tar`, and a bill of materials beside each, unless they are up to date. Needs buildah or docker, and
 * what {@link stageRuntime} needs; says so where one is missing.
 */
export async function buildImages(log: (line: string) => void): Promise<readonly BuiltImage[]> {
  await build();
  const revision = await git('rev-parse', 'HEAD');
  const inputs = await digestOfInputs(revision);
  const before = await readRecord();
  if (before?.inputs === inputs) {
    for (const line of before.lines) log(line);
    return built;
  }
  const lines: string[] = [];
  // One of its own for each run: test suites may do this at the same time.
  await mkdir(join(root, '.cache'), { recursive: true });
  const folder = await mkdtemp(join(root, '.cache/images-'));
  try {
    const context = join(folder, 'context');
    const debianPackages = await stageRuntime(join(context, 'node'), process.execPath);
    for (const image of names) await stageBundles(context, image);
    const modules = JSON.parse(await readFile(moduleListFile, 'utf8')) as Readonly<Record<string, readonly string[]>>;
    const lock = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8'));
    const created = new Date(Number(await git('log', '-1', '--format=%ct')) * 1000).toISOString().replace('.000Z', 'Z');
    await mkdir(output, { recursive: true });
    for (const [index, image] of names.entries()) {
      const { reference = '', archive = '', sbom = '' } = built[index] ?? {};
      const unfinished = join(folder, `${image}.tar`);
      const { digest, architecture, tool } = await archiveImage({
        containerfile: join(import.meta.dirname, 'Containerfile'),
        context,
        stage: image,
        arguments: { version, revision },
        reference,
        archive: unfinished,
        scratch: join(folder, 'storage'),
      });
      lines.push(`${reference} ${digest} (${tool}): ${await sizes(context, image, unfinished)}`);
      await rename(unfinished, archive);
      const npmPackages = bundledPackages(
        images[image].flatMap((bundle) => modules[`dist/${bundle}.mjs`] ?? []),
        lock,
      );
      const nodeVersions = process.versions;
      const document = describeImage({ image, version, digest, architecture, created, npmPackages, debianPackages, nodeVersions });
      await replaceFile(sbom, `${JSON.stringify(document, null, 2)}\n`);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
  await replaceFile(record, JSON.stringify({ inputs, lines } satisfies BuildRecord));
  for (const line of lines) log(line);
  return built;
}

/** Of all that goes into the images. Debian's libraries are those of the machine, which outlive no `dist/`. */
async function digestOfInputs(revision: string): Promise<string> {
  const files = await Array.fromAsync(
    glob(['images/*', 'dist/{sidecar,doctor,operator}.mjs', 'dist/*.txt', 'LICENSE', 'package-lock.json'], { cwd: root }),
  );
  const hash = createHash('sha256').update(revision).update(process.version);
  for (const file of files.toSorted()) hash.update(file).update(await readFile(join(root, file)));
  return hash.digest('hex');
}

async function readRecord(): Promise<BuildRecord | undefined> {
  try {
    for (const { archive, sbom } of built) await Promise.all([stat(archive), stat(sbom)]);
    return JSON.parse(await readFile(record, 'utf8')) as BuildRecord;
  } catch {
    return undefined;
  }
}

async function stageBundles(context: string, image: Image): Promise<void> {
  const library = join(context, image, 'usr/lib/tokenward');
  const licences = join(context, image, 'usr/share/doc/tokenward');
  await mkdir(library, { recursive: true });
  await mkdir(licences, { recursive: true });
  for (const bundle of images[image]) await copyFile(join(root, `dist/${bundle}.mjs`), join(library, `${bundle}.mjs`));
  await copyFile(join(root, 'LICENSE'), join(licences, 'LICENSE'));
  await copyFile(join(root, 'dist/THIRD-PARTY-LICENSES.txt'), join(licences, 'THIRD-PARTY-LICENSES.txt'));
}

async function sizes(context: string, image: string, archive: string): Promise<string> {
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
