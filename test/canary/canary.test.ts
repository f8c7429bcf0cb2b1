import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, test } from 'vitest';
import { canarySecret, canaryToken, findTraces } from '../support/canary.ts';
import type { RecordingKind } from '../support/recordings.ts';

/** Runs after all other suites: what their processes wrote is in the recordings of this run. */
async function recordingsOf(kind: RecordingKind): Promise<Map<string, string>> {
  const folder = join(inject('recordings'), kind);
  const files = await Array.fromAsync(glob('*', { cwd: folder }));
  return new Map(await Promise.all(files.map(async (file) => [file, await readFile(join(folder, file), 'utf8')] as const)));
}

/** What is in each kind if its texts are what they are held to be. */
test.each<[RecordingKind, RegExp]>([
  ['log', /"msg":"Listening"/],
  ['metrics', /tokenward_requests_total\{/],
  ['aliases', /"state": "ready"/],
  ['examination', /Verdict: The API /],
  ['failure', /"tag:tokenward\.dev,2026:token_rejected"/],
])('no secret and no token is in any %s', async (kind, sample) => {
  const recordings = await recordingsOf(kind);
  const texts = [...recordings.values()].join('\n');
  // Finds nothing, but would have: there is something to search, it is the right thing, and a mark in it shows.
  expect(sample.test(texts), 'the process suite has recorded what this one searches').toBe(true);
  expect(findTraces(`${texts}${canarySecret('planted')} ${canaryToken('planted')}`)).toHaveLength(2);
  const found = [...recordings].flatMap(([file, text]) => findTraces(text).map((trace) => `${file}: ${trace}`));
  expect(found).toEqual([]);
});
