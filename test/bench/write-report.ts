import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Puts a report where docs/performance.md has the last one, and the plot beside it. */
export async function writeReport(root: string, report: string, svg: string): Promise<void> {
  const page = join(root, 'docs/performance.md');
  const text = await readFile(page, 'utf8');
  const [begin, end] = ['<!-- figures:begin -->\n', '\n<!-- figures:end -->'];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${page} does not say where the figures are to go`);
  await writeFile(join(root, 'docs/performance.svg'), svg);
  await writeFile(page, text.slice(0, from + begin.length) + report + text.slice(to));
}
