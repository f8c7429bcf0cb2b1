import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { env } from 'node:process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { requireTool } from '../support/require-tool.ts';

const root = join(import.meta.dirname, '../..');
const run = promisify(execFile);
const npm = requireTool('npm', 'to pack and run the package');

/** The machine's own Node, as a user has it, not the one that is pinned here. */
const machine = {
  ...env,
  PATH: (env['PATH'] ?? '')
    .split(delimiter)
    .filter((directory) => !directory.endsWith(join('node_modules', '.bin')))
    .join(delimiter),
};

describe.skipIf(npm === undefined)('the npm package', () => {
  let folder = '';
  let tarball = '';
  let files: readonly string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tokenward-pack-'));
    mkdirSync(join(folder, 'empty'));
    // Without scripts, for the bundles are there already and other tests are running them.
    const { stdout } = await run('npm', ['pack', '--ignore-scripts', '--json', '--pack-destination', folder], { cwd: root, env: machine });
    const packed = parsePackReport(stdout);
    tarball = join('..', packed.filename);
    files = packed.files;
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  it('holds the command line, its licences, the documentation and the examples, and nothing else', () => {
    expect(files.filter((file) => !/^(?:docs|examples)\//.test(file)).toSorted()).toEqual([
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'dist/THIRD-PARTY-LICENSES.txt',
      'dist/kubectl-launcher.mjs',
      'dist/kubectl-tokenward.mjs',
      'dist/launcher.mjs',
      'dist/tokenward.mjs',
      'package.json',
    ]);
  });

  it("runs by npx in an empty folder, whatever the machine's own Node", async () => {
    const { stdout } = await run('npx', ['--yes', tarball, 'validate', '-f', join(root, 'examples')], {
      cwd: join(folder, 'empty'),
      env: machine,
    });
    expect(stdout).toBe('2 credentials checked: no problems\n');
  });

  it("brings the kubectl plugin, which runs whatever the machine's own Node", async () => {
    const { stdout } = await run('npx', ['--yes', `--package=${tarball}`, '--', 'kubectl-tokenward', 'status', '--help'], {
      cwd: join(folder, 'empty'),
      env: machine,
    });
    expect(stdout).toContain('Usage: kubectl tokenward status');
  });

  it('passes exit codes on', async () => {
    const running = run('npx', ['--yes', tarball, 'validate', '-f', 'x', '--nonsense'], { cwd: join(folder, 'empty'), env: machine });
    await expect(running).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining("error: unknown option '--nonsense'") as string,
    });
  });
});

it('is linked into a clone after npm ci, and there runs the sources', async () => {
  const { stdout } = await run(join(root, 'node_modules/.bin/tokenward'), ['validate', '-f', 'examples'], { cwd: root, env: machine });
  expect(stdout).toBe('2 credentials checked: no problems\n');
  const plugin = await run(join(root, 'node_modules/.bin/kubectl-tokenward'), ['--version'], { cwd: root, env: machine });
  expect(plugin.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
});

/** npm 12 reports an object by package name where npm 11 and older report a list. */
function parsePackReport(json: string): { readonly filename: string; readonly files: readonly string[] } {
  const [report] = Object.values(JSON.parse(json) as Record<string, { filename: string; files: readonly { path: string }[] }>);
  if (report === undefined) throw new Error('npm packed nothing');
  return { filename: report.filename, files: report.files.map(({ path }) => path) };
}
