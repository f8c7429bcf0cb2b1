import type { BigIntStats } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { ManifestProblem } from './manifest-problem.ts';

/** A file to read, as named on the command line (or as found in a folder named there). */
interface FoundFile {
  readonly file: string;
  /** Changes whenever the file does; costs one `stat`. */
  readonly signature: string;
  /** Not so are pipes, which can be read only once. */
  readonly isRegular: boolean;
}

export interface ManifestFiles {
  readonly files: readonly FoundFile[];
  readonly problems: readonly ManifestProblem[];
}

export interface ManifestText {
  readonly file: string;
  readonly text: string;
}

export interface ManifestTexts {
  readonly texts: readonly ManifestText[];
  readonly problems: readonly ManifestProblem[];
}

const manifestExtension = /\.(?:yaml|yml|json)$/;
const maxFileBytes = 16 * 1024 * 1024;

/** The files that `-f FILE|DIR …` names, each once: of a folder `*.yaml`, `*.yml` and `*.json` in it, sorted, as kubectl does. */
export async function findManifestFiles(paths: readonly string[]): Promise<ManifestFiles> {
  const files = new Map<string, FoundFile>();
  const problems: ManifestProblem[] = [];
  for (const path of paths) {
    const found = await findAt(path);
    problems.push(...found.problems);
    for (const file of found.files) if (!files.has(resolve(file.file))) files.set(resolve(file.file), file);
  }
  return { files: [...files.values()], problems };
}

export async function readManifestFiles({ files, problems }: ManifestFiles): Promise<ManifestTexts> {
  const read = await Promise.all(
    files.map(async ({ file }) => {
      try {
        return decodeManifest(file, await readFile(file));
      } catch (error) {
        return { file, message: reasonOf(error) };
      }
    }),
  );
  return {
    texts: read.filter((result) => 'text' in result),
    problems: [...problems, ...read.filter((result) => 'message' in result)],
  };
}

/** What `-f FILE|DIR|- …` names, of which `-` is standard input. */
export async function readManifestTexts(paths: readonly string[], readStdin: () => Promise<Uint8Array>): Promise<ManifestTexts> {
  const read = await readManifestFiles(await findManifestFiles(paths.filter((path) => path !== '-')));
  const stdin = paths.includes('-') ? [decodeManifest('(stdin)', await readStdin())] : [];
  return {
    texts: [...read.texts, ...stdin.filter((result) => 'text' in result)],
    problems: [...read.problems, ...stdin.filter((result) => 'message' in result)],
  };
}

/** The text of a manifest, without a byte order mark. A guess at another encoding could change a secret unseen. */
export function decodeManifest(file: string, bytes: Uint8Array): ManifestText | ManifestProblem {
  try {
    return { file, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch {
    return { file, message: 'is not text in UTF-8; save it in that encoding' };
  }
}

async function findAt(path: string): Promise<ManifestFiles> {
  try {
    const found = await stat(path, { bigint: true });
    if (!found.isDirectory()) return asFile(path, found);
    const names = (await readdir(path)).filter((name) => manifestExtension.test(name)).sort();
    const all = await Promise.all(names.map((name) => findEntry(join(path, name))));
    const [files, problems] = [all.flatMap((one) => one.files), all.flatMap((one) => one.problems)];
    if (files.length > 0 || problems.length > 0) return { files, problems };
    return { files, problems: [{ file: path, message: 'this folder holds no *.yaml, *.yml or *.json file' }] };
  } catch (error) {
    return { files: [], problems: [{ file: path, message: reasonOf(error) }] };
  }
}

async function findEntry(file: string): Promise<ManifestFiles> {
  try {
    const found = await stat(file, { bigint: true });
    return found.isDirectory() ? { files: [], problems: [] } : asFile(file, found);
  } catch (error) {
    return { files: [], problems: [{ file, message: reasonOf(error) }] };
  }
}

function asFile(file: string, found: BigIntStats): ManifestFiles {
  if (found.size > maxFileBytes) return { files: [], problems: [{ file, message: 'this file is larger than 16 MiB; manifests are not' }] };
  const signature = [file, found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(' ');
  return { files: [{ file, signature, isRegular: found.isFile() }], problems: [] };
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  EACCES: 'permission denied',
  EISDIR: 'is a folder',
  ENOTDIR: 'a part of this path is a file, not a folder',
};

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  return `cannot be read: ${reasons[code] ?? code}`;
}
