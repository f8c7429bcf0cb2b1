import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';
import { exitCodeOf, verdicts } from './verdicts.ts';

it('has every verdict in its guide, beside the exit code for it', async () => {
  const page = await readFile(new URL('../docs/guides/doctor.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| (\d+) \| [^|]+ \| (.*) \|$/gm)];
  const documented = rows.flatMap(([, code = '', list = '']) => [...list.matchAll(/`(\w+)`/g)].map(([, name = '']) => `${name} ${code}`));
  const all = Object.entries(verdicts).map(([name, { blame }]) => `${name} ${exitCodeOf[blame]}`);
  expect(documented.toSorted()).toEqual(all.toSorted());
});
