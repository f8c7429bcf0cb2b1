import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { showCall } from './call.ts';
import type { Stage } from './steps.ts';
import { runTokenward, startSidecar } from './tokenward-process.ts';

const learningManifest = 'successfactors-learning.yaml';

export interface Workshop {
  readonly stack: AsyncDisposableStack;
  /** The Node that runs the command line. */
  readonly node: string;
  readonly examples: string;
  /** An empty folder of the demo's own. */
  readonly folder: string;
}

/** A wrong secret: the endpoint refuses, and the caller is told who refused what, and what to do. */
export async function playWrongSecret({ servers, transcript }: Stage, { stack, node, examples, folder }: Workshop): Promise<void> {
  const manifest = join(folder, 'wrong-secret.yaml');
  await copyWith(examples, manifest, 'client-secret: demo-learning-secret', 'client-secret: demo-learning-secret-of-last-year');
  const seenBefore = servers.learningTokens.tokenRequests;
  const sidecar = await startSidecar({
    stack,
    node,
    args: ['-f', manifest, '--proxy-port', '0', '--admin-port', '0'],
    aliases: ['successfactors-learning'],
  });
  const url = `${sidecar.urls.get('successfactors-learning')}/odatav4/searchStudent/v1/Students`;
  const answer = await showCall(transcript, { url });
  const problem = JSON.parse(answer.body);
  assert.equal(answer.status, 502);
  assert.equal(answer.headers.get('content-type'), 'application/problem+json');
  assert.equal(answer.headers.get('tokenward-error'), 'token_rejected');
  assert.equal(typeof problem.hint, 'string');
  assert.doesNotMatch(answer.body, /last-year/);
  transcript.note(`the hint: ${problem.hint}`);
  await showCall(transcript, { url });
  assert.equal(servers.learningTokens.tokenRequests, seenBefore + 1);
  transcript.note('a second call at once sent no second token request: a wrong secret must not lock an account');
  await sidecar.stop();
}

/** Curly quotes in a scope: found before anything is sent. */
export async function playCurlyQuotes({ transcript }: Stage, { node, examples, folder }: Workshop): Promise<void> {
  const manifest = join(folder, 'curly-quotes.yaml');
  await copyWith(examples, manifest, '{"userId":', '{“userId”:');
  transcript.sent(`tokenward validate -f ${manifest}`);
  const { exitCode, output } = await runTokenward(node, ['validate', '-f', manifest]);
  transcript.got(output);
  assert.equal(exitCode, 1);
  assert.match(output, /spec\.grant\.scope/);
  assert.match(output, /U\+201C/);
  transcript.note('exit code 1, with file, field, character and position');
}

async function copyWith(examples: string, target: string, search: string, replacement: string): Promise<void> {
  await cp(join(examples, learningManifest), target);
  const manifest = await readFile(target, 'utf8');
  assert.ok(manifest.includes(search), `${learningManifest} has changed: it holds no ${search}`);
  await writeFile(target, manifest.replace(search, replacement));
}
