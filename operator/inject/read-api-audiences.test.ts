import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unsignedJwt } from '../../test/support/unsigned-jwt.ts';
import { readApiAudiences } from './read-api-audiences.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokenward-audiences-'));
});
afterAll(() => rm(folder, { recursive: true }));

async function read(text: string): Promise<readonly string[]> {
  const file = join(folder, 'token');
  await writeFile(file, text);
  return readApiAudiences(file);
}

test.each<[unknown, readonly string[]]>([
  ['https://api.example', ['https://api.example']],
  [
    ['https://api.example', 'https://container.example/v1/clusters/a'],
    ['https://api.example', 'https://container.example/v1/clusters/a'],
  ],
  [undefined, []],
  [{ a: 1 }, []],
])('a token for %j says whom the API server takes tokens for', async (aud, audiences) => {
  expect(await read(`${unsignedJwt({ aud })}\n`)).toEqual(audiences);
});

test.each(['', 'opaque', 'a.b.c'])('%j says nothing of it', async (text) => {
  expect(await read(text)).toEqual([]);
});

test('where there is no token, there is no audience', async () => {
  expect(await readApiAudiences(join(folder, 'absent'))).toEqual([]);
});
