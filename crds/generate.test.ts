import { execFile } from 'node:child_process';
import { appendFile, cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
let copy = '';

// A copy to spoil, inside the tree so that it finds node_modules.
beforeAll(async () => {
  await mkdir(join(root, '.cache'), { recursive: true });
  copy = await mkdtemp(join(root, '.cache', 'crds-'));
  for (const part of ['crds', 'charts', 'docs/reference.md', 'package.json'])
    await cp(join(root, part), join(copy, part), { recursive: true });
});
afterAll(() => rm(copy, { recursive: true, force: true }));

const generate = (...options: string[]) =>
  new Promise<{ code: unknown; stderr: string }>((resolve) => {
    execFile(process.execPath, [join(copy, 'crds', 'generate.ts'), ...options], (error, _stdout, stderr) =>
      resolve({ code: error?.code ?? 0, stderr }),
    );
  });

test.each(['crds/tokenward.dev_oauth2credentials.yaml', 'charts/tokenward/crds/tokenward.dev_oauth2credentials.yaml', 'docs/reference.md'])(
  'the check passes on the committed %s, fails on another with one line that says what to do, and generating mends it',
  async (file) => {
    expect(await generate('--check')).toEqual({ code: 0, stderr: '' });
    await appendFile(join(copy, file), '# by hand\n');
    expect(await generate('--check')).toEqual({
      code: 1,
      stderr: `${file} is not what crds/oauth2-credential.ts says: run \`node crds/generate.ts\` and commit the file\n`,
    });
    expect(await generate()).toEqual({ code: 0, stderr: '' });
    expect(await generate('--check')).toEqual({ code: 0, stderr: '' });
  },
);
