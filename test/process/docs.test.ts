import { existsSync } from 'node:fs';
import { glob, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { checkManifests } from '../../cli/check-manifests.ts';
import { findManifestFiles, readManifestFiles } from '../../cli/manifests/read-manifest-files.ts';
import { parseCredential } from '../../crds/parse-credential.ts';
import { OperatorMetrics } from '../../operator/operator-metrics.ts';
import { SidecarMetrics } from '../../sidecar/metrics/sidecar-metrics.ts';

const root = new URL('../../', import.meta.url).pathname;
const pages = await readPages();
const sources = await collect(['{crds,sidecar,cli,operator,demo,test,images}/**/*.ts']);

test('the documentation is found', () => {
  expect(pages.map(({ path }) => path)).toEqual(expect.arrayContaining(['README.md', 'docs/sap.md', 'docs/guides/laptop.md']));
});

test('the examples are valid as they stand', async () => {
  const { credentials, problems, warnings } = checkManifests(await readManifestFiles(await findManifestFiles([join(root, 'examples')])));
  expect({ credentials, problems, warnings }).toEqual({ credentials: 2, problems: [], warnings: [] });
});

test('every manifest in the documentation is valid', () => {
  const blocks = pages.flatMap(({ path, text }) => [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = '']) => ({ path, yaml })));
  const documents = blocks.flatMap(({ path, yaml }) =>
    parseAllDocuments(yaml).map((document) => ({ path, errors: document.errors, value: document.toJS() })),
  );
  expect(documents.filter(({ errors }) => errors.length > 0)).toEqual([]);
  const credentials = documents.filter(({ value }) => value?.kind === 'OAuth2Credential');
  expect(credentials.length).toBeGreaterThan(2);
  expect(credentials.map(({ path, value }) => ({ path, result: parseCredential(value) })).filter(({ result }) => !result.ok)).toEqual([]);

  const complete = blocks.filter(({ yaml }) => yaml.includes('kind: OAuth2Credential') && yaml.includes('kind: Secret'));
  expect(complete.length).toBeGreaterThan(0);
  expect(complete.flatMap(({ path, yaml }) => checkManifests({ texts: [{ file: path, text: yaml }], problems: [] }).problems)).toEqual([]);
});

test('every link within the documentation leads somewhere', () => {
  const links = pages.flatMap(({ path, text }) =>
    [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => ({ path, target })).filter(({ target }) => !/^[a-z]+:/.test(target)),
  );
  expect(links.length).toBeGreaterThan(20);
  expect(links.filter(({ path, target }) => !existsSync(join(root, dirname(path), target.replace(/#.*/, ''))))).toEqual([]);
});

test('every source file that the documentation names exists', () => {
  const named = pages.flatMap(({ path, text }) => [...text.matchAll(/`([\w./-]+\.ts)`/g)].map(([, file = '']) => ({ path, file })));
  const names = new Set(sources.map((source) => basename(source)));
  expect(named.filter(({ file }) => (file.includes('/') ? !sources.includes(file) : !names.has(file)))).toEqual([]);
});

test('every make target and npm script that is named exists', async () => {
  const makefile = await readFile(join(root, 'Makefile'), 'utf8');
  const scripts = Object.keys(JSON.parse(await readFile(join(root, 'package.json'), 'utf8')).scripts);
  const targets = new Set([...makefile.matchAll(/^([a-z]+):/gm)].map(([, target]) => target));
  const texts = [...pages.map(({ text }) => text), makefile];
  const named = (command: RegExp) => new Set(texts.flatMap((text) => [...text.matchAll(command)].map(([, name]) => name)));
  expect([...named(/(?:`|\$ )make ([a-z]+)/g)].filter((target) => !targets.has(target))).toEqual([]);
  expect([...named(/npm run ([a-z:]+)/g)].filter((script) => !scripts.includes(script ?? ''))).toEqual([]);
});

test('docs/metrics.md has one row for each metric, and its type', async () => {
  const page = await readFile(join(root, 'docs/metrics.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(tokenward_\w+)` \| (\w+) \|/gm)].map(([, name, type]) => `${name} ${type}`);
  const metrics = new SidecarMetrics();
  metrics.alias('any').answered(200, 0.1);
  const state = { leading: true, queueDepth: 0, silentForMs: 0, credentials: new Map() };
  const operatorMetrics = new OperatorMetrics(() => state);
  const texts = await Promise.all([metrics, operatorMetrics].map(({ registry }) => registry.metrics()));
  const types = [...texts.join('\n').matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(([, name, type]) => `${name} ${type}`);
  expect(rows.toSorted()).toEqual(types.toSorted());
});

async function readPages(): Promise<{ path: string; text: string }[]> {
  const paths = await collect(['*.md', 'docs/**/*.md', 'test/**/README.md']);
  return Promise.all(paths.map(async (path) => ({ path, text: await readFile(join(root, path), 'utf8') })));
}

async function collect(patterns: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const path of glob(patterns, { cwd: root })) if (!path.includes('node_modules')) found.push(path);
  return found.sort();
}
