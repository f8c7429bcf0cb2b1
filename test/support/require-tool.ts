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
  return reportMissing(`${name} is not on the PATH: it is needed ${purpose}`);
}

/** Says what a suite lacks and is therefore skipped; where everything is required, throws it. */
export function reportMissing(missing: string): undefined {
  // oxlint-disable-next-line node/no-process-env -- whether to insist is the machine's to say
  const { TOKENWARD_REQUIRE_ALL } = process.env;
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
