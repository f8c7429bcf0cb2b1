import { existsSync } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pid } from 'node:process';
import { cacheDirectory } from './cache-directory.ts';

/** The cache's folder of this name, which is filled if it is not there yet: what is in it must follow from the name. */
export async function fillCache(name: string, fill: (folder: string) => Promise<void>): Promise<string> {
  const folder = join(cacheDirectory(), name);
  if (existsSync(folder)) return folder;
  // Another run may be filling the same: each fills a folder of its own, and the name appears when one is complete.
  const unfinished = `${folder}.${pid}`;
  await mkdir(unfinished, { recursive: true });
  try {
    await fill(unfinished);
    await rename(unfinished, folder);
  } catch (error) {
    await rm(unfinished, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}
