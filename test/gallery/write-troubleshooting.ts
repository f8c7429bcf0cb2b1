import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { troubleshootingPage } from './troubleshooting-page.ts';

/** `node test/gallery/write-troubleshooting.ts` writes docs/troubleshooting.md; `--check` only tells whether the committed one is what would be written. */
const name = 'docs/troubleshooting.md';
const file = join(import.meta.dirname, '../..', name);
const text = troubleshootingPage();

if (process.argv.includes('--check')) {
  const committed = await readFile(file, 'utf8').catch(() => '');
  if (committed !== text) {
    process.stderr.write(`${name} is not what test/gallery/ says: run \`make generate\` and commit the file\n`);
    process.exitCode = 1;
  }
} else {
  await writeFile(file, text);
}
