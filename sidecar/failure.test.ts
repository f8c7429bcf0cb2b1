import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { failures } from './failure.ts';

const errorsPage = new URL('../docs/errors.md', import.meta.url);

test('docs/errors.md has one row for each code, with its status and advice, in the order of the code', async () => {
  const page = await readFile(errorsPage, 'utf8');
  const rows = [...page.matchAll(/^\| (\d{3}) \| `([a-z_]+)` \| (.+) \| (.+) \|$/gm)].map(([, status, code]) => ({
    status: Number(status),
    code,
  }));
  expect(rows).toEqual(Object.entries(failures).map(([code, { status }]) => ({ status, code })));
});
