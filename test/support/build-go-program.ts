import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { cacheDirectory } from './cache-directory.ts';

/** Which program: the folder's own, unless it only says in its go.mod which version of someone else's is meant. */
export interface GoPackage {
  readonly path?: string;
  /** Leaves parts of it out. */
  readonly tags?: string;
}

/**
 * Builds the Go program of a folder that is a module of its own, through the ordinary Go client, and returns its path. The
 * result is kept outside the tree, under a name that changes with the sources and go.sum.
 */
export async function buildGoProgram(go: string, folder: string, { path = '.', tags = '' }: GoPackage = {}): Promise<string> {
  const name = basename(folder);
  const program = join(cacheDirectory(), `${name}-${await digestOf(folder)}`, name);
  if (await exists(program)) return program;
  await mkdir(join(program, '..'), { recursive: true });
  // Another run may be building the same: each writes its own file, and the name appears when it is complete.
  const unfinished = `${program}.${process.pid}`;
  await promisify(execFile)(go, ['build', '-trimpath', '-ldflags', '-s -w', '-tags', tags, '-o', unfinished, path], {
    cwd: folder,
    // oxlint-disable-next-line node/no-process-env -- go needs all that it finds elsewhere
    env: { ...process.env, CGO_ENABLED: '0' },
  });
  await rename(unfinished, program);
  return program;
}

async function digestOf(folder: string): Promise<string> {
  const sources = (await readdir(folder)).filter((file) => /\.(?:go|mod|sum)$/.test(file)).sort();
  const hash = createHash('sha256');
  for (const file of sources) hash.update(file).update(await readFile(join(folder, file)));
  return hash.digest('hex').slice(0, 16);
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );
