import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * The path of a tool that a suite needs beyond Node, or undefined where the machine has none: the suite is then to be skipped, which is
 * said here. Where everything is required (CI) a missing tool is a failure.
 */
export function requireTool(name: string, purpose: string): string | undefined {
  // oxlint-disable-next-line node/no-process-env -- where to look, and whether to insist, is the machine's to say
  const { PATH = '', TOKENWARD_REQUIRE_ALL } = process.env;
  const found = PATH.split(delimiter)
    .map((directory) => join(directory, name))
    .find(isExecutable);
  if (found !== undefined) return found;
  const missing = `${name} is not on the PATH: it is needed ${purpose}`;
  if (TOKENWARD_REQUIRE_ALL === '1') throw new Error(missing);
  process.stderr.write(`skipped: ${missing}\n`);
  return undefined;
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
