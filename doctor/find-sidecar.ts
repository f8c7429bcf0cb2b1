import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseOptions } from '../sidecar/parse-options.ts';
import type { ConfigPlace } from './parse-options.ts';

/** How a sidecar that runs on this machine, or in this container, was started; undefined unless there is exactly one. */
export async function findSidecar(processes: string): Promise<ConfigPlace | undefined> {
  const ids = (await readdir(processes).catch(() => [])).filter((name) => /^\d+$/.test(name));
  const commands = await Promise.all(ids.map((id) => readFile(join(processes, id, 'cmdline'), 'utf8').catch(() => '')));
  const found = commands.flatMap((command) => {
    const words = command.split('\0').slice(0, -1);
    const at = words.findIndex((word) => /(?:^|\/)sidecar\.mjs$/.test(word));
    const parsed = at < 1 ? undefined : parseOptions(words.slice(at + 1));
    return parsed?.ok === true ? [parsed.options] : [];
  });
  return found.length === 1 ? found[0] : undefined;
}
