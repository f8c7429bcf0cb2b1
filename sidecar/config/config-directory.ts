import { readdir, readFile, readlink, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Sensitive } from '../../crds/sensitive.ts';
import type { ConfigSource } from './config-source.ts';

const aliasFile = /^([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)\.json$/;

/** A file of more than this is no credential. */
const largestFileBytes = 1024 * 1024;

/** `<alias>.json` files in one directory, as the kubelet mounts them. */
export class ConfigDirectory implements ConfigSource {
  readonly #directory: string;
  #signature: string | undefined;

  constructor(directory: string) {
    this.#directory = directory;
  }

  async poll(): Promise<ReadonlyMap<string, Sensitive> | undefined> {
    const signature = await this.#sign();
    if (signature === this.#signature) return undefined;
    const texts = await this.#read();
    // Only now: what could not be read is tried again.
    this.#signature = signature;
    return texts;
  }

  /** The kubelet replaces the link `..data` and never touches what it points to; elsewhere every file is looked at. */
  async #sign(): Promise<string> {
    const data = await readlink(join(this.#directory, '..data')).catch(() => undefined);
    if (data !== undefined) return data;
    const files = await this.#files();
    const marks = await Promise.all(
      files.map(async (file) => {
        const { ino, size, mtimeNs } = await stat(join(this.#directory, file), { bigint: true });
        return `${file} ${ino} ${size} ${mtimeNs}`;
      }),
    );
    return marks.join('\n');
  }

  async #read(): Promise<Map<string, Sensitive>> {
    const texts = new Map<string, Sensitive>();
    for (const file of await this.#files()) {
      const path = join(this.#directory, file);
      const { size } = await stat(path);
      const text = size > largestFileBytes ? '' : await readFile(path, 'utf8');
      texts.set(aliasFile.exec(file)?.[1] ?? '', new Sensitive(text));
    }
    return texts;
  }

  async #files(): Promise<string[]> {
    return (await readdir(this.#directory)).filter((file) => aliasFile.test(file)).toSorted();
  }
}
