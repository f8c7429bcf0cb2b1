import assert from 'node:assert/strict';
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { call, showCall, type Answer } from './call.ts';
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
  transcript.note('the status says that it is not the API, the hint what to do');
  assert.equal((await call({ url })).headers.get('tokenward-error'), 'token_rejected');
  assert.equal(servers.learningTokens.tokenRequests, seenBefore + 1);
  transcript.note('a second call at once sent no second token request: a wrong secret must not lock an account');

  transcript.line();
  transcript.sent('the secret in the file is corrected, and nothing restarted');
  await cp(join(examples, learningManifest), manifest);
  const mended = await callUntilServed(url);
  assert.equal(mended.status, 200);
  transcript.got(`${mended.status}`);
  transcript.note('a mended secret counts within two seconds, however often the wrong one had failed');
  await sidecar.stop();
}

async function callUntilServed(url: string): Promise<Answer> {
  const deadline = AbortSignal.timeout(5000);
  let answer = await call({ url });
  while (answer.status !== 200 && !deadline.aborted) {
    await setTimeout(100);
    answer = await call({ url });
  }
  return answer;
}

/** A form where the endpoint wants JSON: the doctor goes the way of a call, finds who says no, and tries what works. */
export async function playDoctor({ transcript }: Stage, { node, examples, folder }: Workshop): Promise<void> {
  const manifest = join(folder, 'form-instead-of-json.yaml');
  const [form, json] = ['contentType: application/x-www-form-urlencoded', 'contentType: application/json'];
  await copyWith(examples, manifest, json, form);
  const path = '/odatav4/searchStudent/v1/Students';
  const args = ['doctor', '-f', manifest, '--alias', 'successfactors-learning', '--path', path];
  transcript.sent(`tokenward ${args.join(' ')}`);
  const ill = await runTokenward(node, args);
  transcript.got(ill.output);
  assert.equal(ill.exitCode, 4);
  assert.match(ill.output, /Mend, tried, and it works/);
  assert.match(ill.output, new RegExp(`${json}$`, 'm'));
  assert.doesNotMatch(ill.output, /demo-learning-secret/);
  transcript.note('exit code 4: it is the token endpoint that says no; what it wants was tried, and is there to be pasted');

  await writeFile(manifest, (await readFile(manifest, 'utf8')).replace(form, json));
  const well = await runTokenward(node, args);
  assert.equal(well.exitCode, 0, well.output);
  transcript.line();
  transcript.sent('the same with this change');
  transcript.got(well.output.slice(well.output.indexOf('Verdict:')));
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
