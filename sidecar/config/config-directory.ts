import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Sensitive } from '../../crds/sensitive.ts';
import type { ConfigSource } from './config-source.ts';
import { isAlias } from './is-alias.ts';

const suffix = '.json';

/** A file of more than this is no credential. */
const largestFileBytes = 1024 * 1024;

/** `<alias>.json` files in one directory, as the kubelet mounts them. */
export class ConfigDirectory implements ConfigSource {
  readonly #directory: string;
  #signature: string | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /**
   * The kubelet swaps the link `..data` and never touches what it points to. The files are read from there: the links beside it come
   * and go after the swap. Elsewhere every file is looked at.
   */
  async poll(): Promise<ReadonlyMap<string, Sensitive> | undefined> {
    const data = await readlink(join(this.#directory, '..data')).catch(() => undefined);
    const folder = data === undefined ? this.#directory : join(this.#directory, data);
    const marks = data === undefined ? await this.#marks() : undefined;
    const signature = data ?? [...(marks ?? [])].join('\n');
    if (signature === this.#signature) return undefined;
    const texts = new Map<string, Sensitive>();
    for (const file of marks?.keys() ?? (await aliasFiles(folder))) {
      texts.set(file.slice(0, -suffix.length), new Sensitive(await readText(join(folder, file))));
    }
    // Only now: what could not be read is tried again.
    this.#signature = signature;
    return texts;
  }

  /** By file, what changes whenever it does. A link to nowhere is no file. */
  async #marks(): Promise<Map<string, string>> {
    const marks = new Map<string, string>();
    for (const file of await aliasFiles(this.#directory)) {
      try {
        const { ino, size, mtimeNs, ctimeNs } = await stat(join(this.#directory, file), { bigint: true });
        marks.set(file, `${ino} ${size} ${mtimeNs} ${ctimeNs}`);
      } catch (error) {
        const { code = '' } = error as NodeJS.ErrnoException;
        if (code !== 'ENOENT') marks.set(file, code);
      }
    }
    return marks;
  }
}

async function aliasFiles(folder: string): Promise<string[]> {
  return (await readdir(folder)).filter((file) => file.endsWith(suffix) && isAlias(file.slice(0, -suffix.length))).toSorted();
}

/** Empty, which is no configuration, for a file that is too large or cannot be read: that is its own alias's trouble. Rejects if it has just gone. */
async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    return size > largestFileBytes ? '' : await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
    return '';
  }
}
