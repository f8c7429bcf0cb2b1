import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pid } from 'node:process';
import { promisify } from 'node:util';
import { cacheDirectory } from './cache-directory.ts';

/** Installs `name==version` with pip outside the tree, once, and resolves to the folder for PYTHONPATH. */
export async function installPythonPackage(python: string, requirement: string): Promise<string> {
  const folder = join(cacheDirectory(), `python-${requirement}`);
  if (existsSync(folder)) return folder;
  await mkdir(cacheDirectory(), { recursive: true });
  // Another run may be installing the same: each fills a folder of its own, and the name appears when one is complete.
  const unfinished = `${folder}.${pid}`;
  await promisify(execFile)(python, [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--target',
    unfinished,
    requirement,
  ]);
  await rename(unfinished, folder).catch(async (error: unknown) => {
    await rm(unfinished, { recursive: true });
    if (!existsSync(folder)) throw error;
  });
  return folder;
}
