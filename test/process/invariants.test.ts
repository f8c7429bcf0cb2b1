import { glob, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url).pathname;
const sources = await readSources();

const holding = (pattern: RegExp, except: (path: string) => boolean): string[] =>
  sources.filter(({ path, text }) => !except(path) && pattern.test(text)).map(({ path }) => path);

/** The launcher is what two main.ts files have in common. */
const shells = new Set(['crds/generate.ts', 'cli/launcher/launch.ts']);
const isShell = (path: string): boolean => /(?:^|\/)main\.ts$/.test(path) || shells.has(path);

test('the sources are found', () => {
  expect(sources.map(({ path }) => path)).toEqual(
    expect.arrayContaining(['sidecar/main.ts', 'operator/main.ts', 'cli/main.ts', 'crds/sidecar-config.ts']),
  );
});

test('only main.ts files, the launcher and the generator of the CRD touch the process', () => {
  expect(holding(/\bprocess\.[a-z]|'(?:node:)?process'/, isShell)).toEqual([]);
});

test('clock and randomness are parameters: nothing but the clock itself and main.ts files reads them', () => {
  const ambient = /\bDate\.now\b|\bMath\.random\b|\bperformance\.now\b|(?<!\.)\bset(?:Timeout|Interval)\(|\bnew Date\(\)/;
  expect(holding(ambient, (path) => isShell(path) || path === 'crds/clock.ts')).toEqual([]);
});

test('no module has state: there is no variable at the top level of one, and nothing empty that waits to be filled', () => {
  expect(holding(/^(?:export )?(?:let|var) /m, isShell)).toEqual([]);
  const empty = /^(?:export )?const [^=]*= (?:new (?:Weak)?(?:Map|Set)(?:<.*>)?\(\)|\[\]|\{\})(?: as .*)?;$/m;
  expect(['const seen = new Map<string, number>();', 'export const all: string[] = [];'].every((line) => empty.test(line))).toBe(true);
  expect(holding(empty, isShell)).toEqual([]);
});

async function readSources(): Promise<{ path: string; text: string }[]> {
  const paths = await Array.fromAsync(glob('{crds,sidecar,doctor,cli,operator}/**/*.ts', { cwd: root }));
  const own = paths.filter((path) => !path.endsWith('.test.ts')).toSorted();
  return Promise.all(own.map(async (path) => ({ path, text: await readFile(`${root}${path}`, 'utf8') })));
}
