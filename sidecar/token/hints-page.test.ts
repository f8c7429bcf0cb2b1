import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { hintsPage } from '../../test/support/hints-page.ts';

test('docs/errors.md says of each answer and each broken connection what the sidecar says, and nothing else', async () => {
  const page = await readFile(new URL('../../docs/errors.md', import.meta.url), 'utf8');
  const below = page.slice(page.indexOf('## What the token endpoint says'));
  const rows = (text: string): string[] => text.split('\n').filter((line) => line.startsWith('|'));
  expect(rows(below)).toEqual(rows(hintsPage()));
});
