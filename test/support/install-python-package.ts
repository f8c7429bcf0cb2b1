import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { fillCache } from './fill-cache.ts';

/** Installs `name==version` with pip outside the tree, once, and resolves to the folder for PYTHONPATH. */
export function installPythonPackage(python: string, requirement: string): Promise<string> {
  return fillCache(`python-${requirement}`, async (folder) => {
    await promisify(execFile)(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', folder, requirement]);
  });
}
