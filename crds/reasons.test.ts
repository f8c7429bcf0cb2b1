import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { reasons } from './reasons.ts';

test('docs/conditions.md has one row for each reason, in the order and the words of the code', async () => {
  const page = await readFile(new URL('../docs/conditions.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| (\w+) \| `(\w+)` \| (.+) \|$/gm)].map(([, condition, reason, meaning]) => ({
    condition,
    reason,
    meaning,
  }));
  expect(rows).toEqual(Object.entries(reasons).map(([reason, { condition, meaning }]) => ({ condition, reason, meaning })));
});
