import { homedir } from 'node:os';
import { join } from 'node:path';
import { env } from 'node:process';

/** For what tests build or download once: outside the tree, where the XDG base directory specification wants it. */
export function cacheDirectory(): string {
  const { XDG_CACHE_HOME = '' } = env;
  return join(XDG_CACHE_HOME === '' ? join(homedir(), '.cache') : XDG_CACHE_HOME, 'tokenward');
}
