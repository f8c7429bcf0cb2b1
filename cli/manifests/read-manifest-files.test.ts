import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findManifestFiles, readManifestFiles } from './read-manifest-files.ts';

let folder = '';
const names = async (...paths: string[]) => (await findManifestFiles(paths)).files.map(({ file }) => file);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokenward-manifests-'));
  await mkdir(join(folder, 'sub.yaml'));
  await mkdir(join(folder, 'empty'));
  for (const name of ['b.yml', 'a.yaml', 'c.json', 'd.txt', 'sub.yaml/e.yaml']) await writeFile(join(folder, name), `kind: ${name}\n`);
});

afterAll(() => rm(folder, { recursive: true }));

it('takes the manifests of a folder in order, not of the folders in it', async () => {
  expect(await names(folder)).toEqual(['a.yaml', 'b.yml', 'c.json'].map((name) => join(folder, name)));
});

it('takes a named file whatever its name, and each file once', async () => {
  expect(await names(join(folder, 'd.txt'), folder, join(folder, '.', 'a.yaml'))).toHaveLength(4);
});

it('says which path cannot be read, and reads the others', async () => {
  const found = await findManifestFiles([
    join(folder, 'none.yaml'),
    join(folder, 'empty'),
    join(folder, 'a.yaml', 'x'),
    join(folder, 'a.yaml'),
  ]);
  const read = await readManifestFiles(found);
  expect(read.texts).toEqual([{ file: join(folder, 'a.yaml'), text: 'kind: a.yaml\n' }]);
  expect(read.problems).toEqual([
    { file: join(folder, 'none.yaml'), message: 'cannot be read: no such file or folder' },
    { file: join(folder, 'empty'), message: 'this folder holds no *.yaml, *.yml or *.json file' },
    { file: join(folder, 'a.yaml', 'x'), message: 'cannot be read: a part of this path is a file, not a folder' },
  ]);
});

it('says so of a folder whose only *.yaml is a folder, too', async () => {
  const outer = join(folder, 'outer');
  await mkdir(join(outer, 'inner.yaml'), { recursive: true });
  const { problems } = await findManifestFiles([outer]);
  expect(problems).toEqual([{ file: outer, message: 'this folder holds no *.yaml, *.yml or *.json file' }]);
});

it('refuses text that is not UTF-8, which would reach the token endpoint as something else', async () => {
  const files = { 'latin-1.txt': Buffer.from('id: \u00e9', 'latin1'), 'utf-16.txt': Buffer.from('\ufeffkind: A', 'utf16le') };
  for (const [name, bytes] of Object.entries(files)) {
    await writeFile(join(folder, name), bytes);
    expect(await readManifestFiles(await findManifestFiles([join(folder, name)]))).toEqual({
      texts: [],
      problems: [{ file: join(folder, name), message: 'is not text in UTF-8; save it in that encoding' }],
    });
  }
});

it('passes over a byte order mark', async () => {
  await writeFile(join(folder, 'marked.txt'), '\ufeffkind: A');
  expect((await readManifestFiles(await findManifestFiles([join(folder, 'marked.txt')]))).texts).toMatchObject([{ text: 'kind: A' }]);
});

it('gives a file another signature when it changes, and the same while it does not', async () => {
  const before = await findManifestFiles([folder]);
  expect(await findManifestFiles([folder])).toEqual(before);
  await writeFile(join(folder, 'b.yml'), 'kind: X.yml\n');
  expect(await findManifestFiles([folder])).not.toEqual(before);
});
