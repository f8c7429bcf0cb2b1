import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/**
 * The path of a tool that a suite needs beyond Node, or undefined where the machine has none: the suite is then to be skipped, which is
 * said here. Where everything is required (CI) a missing tool is a failure.
 */
export function requireTool(name: string, purpose: string): string | undefined {
  // oxlint-disable-next-line node/no-process-env -- where to look is the machine's to say
  const { PATH = '' } = process.env;
  const found = PATH.split(delimiter)
    .map((directory) => join(directory, name))
    .find(isExecutable);
  if (found !== undefined) return found;
  return skip(`${name} is not on the PATH: it is needed ${purpose}`);
}

/** Says why something is skipped; where everything is required that is a failure. */
export function skip(reason: string): undefined {
  // oxlint-disable-next-line node/no-process-env -- whether to insist is the machine's to say
  if (process.env['TOKENWARD_REQUIRE_ALL'] === '1') throw new Error(reason);
  process.stderr.write(`skipped: ${reason}\n`);
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
