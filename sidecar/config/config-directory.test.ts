import { chmod, mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ConfigDirectory } from './config-directory.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tokenward-config-'));
});

afterEach(() => rm(directory, { recursive: true }));

const write = (file: string, text: string): Promise<void> => writeFile(join(directory, file), text);

async function poll(source: ConfigDirectory): Promise<Record<string, string> | undefined> {
  const texts = await source.poll();
  return texts && Object.fromEntries([...texts].map(([alias, text]) => [alias, text.reveal()]));
}

describe('a plain directory', () => {
  test('every <alias>.json is an alias, and nothing else is', async () => {
    await write('lms.json', 'a');
    await write('iot-1.json', 'b');
    for (const other of ['README.md', 'LMS.json', '-x.json', 'x-.json', 'x.json.swp', '.json', `${'a'.repeat(64)}.json`])
      await write(other, 'no');
    expect(await poll(new ConfigDirectory(directory))).toEqual({ 'iot-1': 'b', lms: 'a' });
  });

  test('is read again only when something changed: an edit, a rename over, a new file, a removed one', async () => {
    const source = new ConfigDirectory(directory);
    await write('a.json', '1');
    expect(await poll(source)).toEqual({ a: '1' });
    expect(await poll(source)).toBeUndefined();

    await write('a.json', '1, longer');
    expect(await poll(source)).toEqual({ a: '1, longer' });
    await write('a.json.new', '2, longer');
    await rename(join(directory, 'a.json.new'), join(directory, 'a.json'));
    expect(await poll(source)).toEqual({ a: '2, longer' });
    await write('b.json', '3');
    expect(await poll(source)).toEqual({ a: '2, longer', b: '3' });
    await rm(join(directory, 'a.json'));
    expect(await poll(source)).toEqual({ b: '3' });
    expect(await poll(source)).toBeUndefined();
  });

  test('an empty one is there, and has no aliases', async () => {
    const source = new ConfigDirectory(directory);
    expect(await poll(source)).toEqual({});
    expect(await poll(source)).toBeUndefined();
  });

  test('one that is not there rejects, at once and whenever it goes', async () => {
    await expect(new ConfigDirectory(join(directory, 'nowhere')).poll()).rejects.toThrow('ENOENT');
    const sub = join(directory, 'sub');
    await mkdir(sub);
    const source = new ConfigDirectory(sub);
    await source.poll();
    await rm(sub, { recursive: true });
    await expect(source.poll()).rejects.toThrow('ENOENT');
    await mkdir(sub);
    await write('sub/a.json', '1');
    expect(await poll(source)).toEqual({ a: '1' });
  });

  test('a file that cannot be read is not good, not gone: the others are read all the same', async () => {
    await write('a.json', '1');
    await mkdir(join(directory, 'b.json'));
    await symlink(join(directory, 'c.json'), join(directory, 'c.json'));
    const source = new ConfigDirectory(directory);
    expect(await poll(source)).toEqual({ a: '1', b: '', c: '' });
    await rm(join(directory, 'b.json'), { recursive: true });
    await write('b.json', '2');
    expect(await poll(source)).toEqual({ a: '1', b: '2', c: '' });
  });

  test('a link to nowhere is no alias, until there is something', async () => {
    await symlink(join(directory, 'later'), join(directory, 'a.json'));
    const source = new ConfigDirectory(directory);
    expect(await poll(source)).toEqual({});
    await write('later', '1');
    expect(await poll(source)).toEqual({ a: '1' });
  });

  test('a file whose rights change is read again: it may have become readable', async () => {
    await write('a.json', '1');
    const source = new ConfigDirectory(directory);
    await poll(source);
    await chmod(join(directory, 'a.json'), 0o600);
    expect(await poll(source)).toEqual({ a: '1' });
  });

  test('a file of more than 1 MiB is no credential', async () => {
    await write('a.json', 'x'.repeat(1024 * 1024 + 1));
    expect(await poll(new ConfigDirectory(directory))).toEqual({ a: '' });
  });
});

describe("a kubelet's volume", () => {
  /** As kubelet's atomic writer does: a new folder, a new link, and a rename over the old one. */
  async function publish(name: string, files: Record<string, string>): Promise<void> {
    await mkdir(join(directory, name));
    for (const [file, text] of Object.entries(files)) await write(join(name, file), text);
    await symlink(name, join(directory, '..data_tmp'));
    await rename(join(directory, '..data_tmp'), join(directory, '..data'));
    for (const file of Object.keys(files)) await symlink(join('..data', file), join(directory, file)).catch(() => {});
  }

  test('is read again when ..data is swapped', async () => {
    await publish('..2026_01_01', { 'lms.json': 'old', 'iot.json': 'kept' });
    const source = new ConfigDirectory(directory);
    expect(await poll(source)).toEqual({ lms: 'old', iot: 'kept' });
    expect(await poll(source)).toBeUndefined();

    await publish('..2026_01_02', { 'lms.json': 'new', 'iot.json': 'kept' });
    expect(await poll(source)).toEqual({ lms: 'new', iot: 'kept' });
    expect(await poll(source)).toBeUndefined();
  });

  test('an alias whose Secret is gone goes, also while its link is still there', async () => {
    await publish('..2026_01_01', { 'lms.json': 'old', 'iot.json': 'kept' });
    const source = new ConfigDirectory(directory);
    await poll(source);
    await publish('..2026_01_02', { 'iot.json': 'kept' });
    expect(await poll(source)).toEqual({ iot: 'kept' });
  });

  test('a new alias is there at once, although the kubelet makes its link after the swap', async () => {
    await publish('..2026_01_01', {});
    const source = new ConfigDirectory(directory);
    await poll(source);
    await mkdir(join(directory, '..2026_01_02'));
    await write('..2026_01_02/lms.json', 'new');
    await rm(join(directory, '..data'));
    await symlink('..2026_01_02', join(directory, '..data'));
    expect(await poll(source)).toEqual({ lms: 'new' });
  });

  test('one that the kubelet clears away under the reader rejects, and the next poll reads what is there', async () => {
    await publish('..2026_01_01', { 'lms.json': 'old' });
    const source = new ConfigDirectory(directory);
    await poll(source);
    await symlink('..gone', join(directory, '..data_tmp'));
    await rename(join(directory, '..data_tmp'), join(directory, '..data'));
    await expect(poll(source)).rejects.toThrow('ENOENT');
    await publish('..2026_01_02', { 'lms.json': 'new' });
    expect(await poll(source)).toEqual({ lms: 'new' });
  });

  test('an optional Secret that is not there yet comes later', async () => {
    await publish('..2026_01_01', {});
    const source = new ConfigDirectory(directory);
    expect(await poll(source)).toEqual({});
    await publish('..2026_01_02', { 'lms.json': 'new' });
    expect(await poll(source)).toEqual({ lms: 'new' });
  });
});
