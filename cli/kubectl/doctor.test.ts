import { execFile } from 'node:child_process';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemClock } from '../../crds/clock.ts';
import type { Examination } from '../../doctor/examination.ts';
import { ApiClient } from '../../operator/kube/api-client.ts';
import { credentialObject, resources } from '../../test/support/cluster-objects.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { injectedPod } from '../../test/support/injected-pod.ts';
import { ClusterReader } from './cluster-reader.ts';
import { doctor, type DoctorRequest } from './doctor.ts';
import { type Execution, PodStreamError, type PodStreams } from './pod-streams.ts';

const pods = '/v1/pods';
let server: FakeApiServer;
let commands: (readonly string[])[];
let execute: (command: readonly string[], onLine: (line: string) => void) => Promise<Execution>;

const refused: Examination = {
  version: 1,
  alias: 'lms',
  steps: [
    { subject: 'tokenEndpoint', name: 'DNS', outcome: 'ok', tookMs: 3, summary: 'login.acme.example is 192.0.2.1', details: [] },
    { subject: 'tokenEndpoint', name: 'Token answer', outcome: 'failed', tookMs: 30, summary: '401', details: ['invalid_client'] },
  ],
  verdict: { code: 'works', sentence: 'login.acme.example refused the secret.' },
};

beforeEach(async () => {
  server = await FakeApiServer.start();
  server.cluster.put(pods, injectedPod());
  commands = [];
  execute = (_, onLine) => {
    const lines = [...refused.steps.map((step) => ({ step })), { examination: refused }].map((line) => JSON.stringify(line));
    for (const line of lines) onLine(line);
    return Promise.resolve({ exitCode: 4, stdout: `${lines.join('\n')}\n`, stderr: '' });
  };
});

afterEach(() => server[Symbol.asyncDispose]());

async function ask(request: Partial<DoctorRequest> = {}): Promise<{ code: number; out: string; err: string }> {
  const api = new ApiClient(server.config, { clock: systemClock, userAgent: 'test' });
  const streams: Pick<PodStreams, 'execute'> = {
    execute: (_pod, container, command, { onLine = () => {} }) => {
      commands.push([container, ...command]);
      return execute(command, onLine);
    },
  };
  const [out, err]: [string[], string[]] = [[], []];
  const asked = { namespace: 'hr', pod: 'job-x7', alias: 'lms', probe: true, json: false, ...request };
  const print = (line: string): unknown => out.push(line);
  const code = await doctor(asked, { reader: new ClusterReader(api), streams }, { print, printError: (line) => err.push(line) });
  api.close();
  return { code, out: out.join('\n'), err: err.join('\n') };
}

test("the doctor's steps and verdict are shown, and its exit code is passed on", async () => {
  server.cluster.put(resources.credentials, { ...credentialObject('lms-admin'), status: { conditions: [] } });
  const { code, out, err } = await ask();
  expect({ code, err }).toEqual({ code: 4, err: '' });
  expect(out).toMatch(/Token endpoint\n.*DNS.*\n.*Token answer/);
  expect(out).toContain('Verdict: login.acme.example refused the secret.');
});

test('a field that is to be taken out is shown as that', async () => {
  const mend = { kind: 'manifest', tried: true, changes: [{ path: 'spec.grant.scope', value: undefined }] } as const;
  const examination: Examination = { ...refused, verdict: { ...refused.verdict, mend } };
  execute = () => Promise.resolve({ exitCode: 4, stdout: JSON.stringify({ examination }), stderr: '' });
  expect((await ask()).out).toContain('# without spec.grant.scope');
});

test('options reach the doctor in the container of the sidecar', async () => {
  await ask({ path: '/odata', method: 'HEAD', probe: false });
  const command = ['tokenward', '/usr/bin/node', '/usr/lib/tokenward/doctor.mjs', 'lms', '--json-lines'];
  expect(commands).toEqual([[...command, '--path', '/odata', '--method', 'HEAD', '--no-probe']]);
});

test('a path that cannot be sent is refused before anything runs', async () => {
  const before = commands.length;
  expect(await ask({ path: '/a b' })).toMatchObject({ code: 2, err: expect.stringMatching(/^error: --path must be as it is sent/) });
  expect(commands).toHaveLength(before);
});

test('as JSON the examination stands alone on standard output', async () => {
  const { code, out, err } = await ask({ json: true });
  expect(code).toBe(4);
  expect(JSON.parse(out)).toEqual(refused);
  expect(err).toContain('The credential lms-admin cannot be read');
});

test('what the cluster knows to be wrong with the credential is said first', async () => {
  const condition = { type: 'SecretsResolved', status: 'False', reason: 'SecretNotFound', message: 'there is no Secret' };
  server.cluster.put(resources.credentials, { ...credentialObject('lms-admin'), status: { conditions: [condition] } } as never);
  expect((await ask()).out).toMatch(
    /^The credential lms-admin, as the cluster has it:\n {2}SecretsResolved: SecretNotFound: there is no Secret\n/,
  );
});

test.each([
  [{ pod: 'other' }, 'there is no pod other in the namespace hr'],
  [{ alias: 'crm' }, 'has no alias crm: its aliases are lms, iot'],
])('a pod or an alias that is not there is said, and nobody is asked: %j', async (request, message) => {
  const { code, err } = await ask(request);
  expect(code).toBe(1);
  expect(err).toContain(message);
  expect(commands).toEqual([]);
});

test.each([
  ['has not asked', { metadata: { name: 'job-x7', namespace: 'hr' } }, 'has not asked for a sidecar'],
  ['has no sidecar', { metadata: { name: 'job-x7', namespace: 'hr', annotations: { 'tokenward.dev/inject': 'lms' } } }, 'has no sidecar'],
  ['has ended', injectedPod({ phase: 'Succeeded' }), 'has ended (Succeeded)'],
  ['does not run yet', injectedPod({ state: { waiting: { reason: 'ImagePullBackOff' } } }), 'not running (ImagePullBackOff)'],
])('a pod that %s cannot be asked', async (_, pod, message) => {
  server.cluster.put(pods, pod);
  const { code, err } = await ask();
  expect(code).toBe(1);
  expect(err).toContain(message);
  expect(commands).toEqual([]);
});

test('a sidecar that is older than the doctor is said to be', async () => {
  execute = ([, ...args]) =>
    new Promise((resolve) => {
      execFile(process.execPath, args, (error, stdout, stderr) => resolve({ exitCode: Number(error?.code ?? 0), stdout, stderr }));
    });
  const { code, err } = await ask();
  expect(code).toBe(1);
  expect(err).toContain("this pod's sidecar (1.2.3) has no doctor yet");
});

test('what the doctor says instead of an examination is passed on, and so is its exit code', async () => {
  execute = () => Promise.resolve({ exitCode: 2, stdout: '', stderr: 'error: --method must be a method\n\nUsage: doctor ALIAS\n' });
  expect(await ask()).toMatchObject({ code: 2, err: expect.stringMatching(/error: --method must be a method$/) as string });
  execute = () => Promise.resolve({ exitCode: 0, stdout: 'hello', stderr: '' });
  expect(await ask()).toMatchObject({ code: 70 });
});

test.each([
  ['a code of a newer version', { verdict: { code: 'moon_full', sentence: 'No.' } }],
  ['a failure that there is not', { verdict: { ...refused.verdict, failure: 'constructor' } }],
  ['changes that are none', { verdict: { ...refused.verdict, mend: { kind: 'manifest', tried: true, changes: 'all' } } }],
  ['a step that cannot be drawn', { steps: [{ ...refused.steps[0], outcome: 'toString' }] }],
])('an examination with %s is said not to be understood', async (_, part) => {
  execute = () => Promise.resolve({ exitCode: 4, stdout: JSON.stringify({ examination: { ...refused, ...part } }), stderr: '' });
  const { code, err } = await ask();
  expect(code).toBe(4);
  expect(err).toContain('(1.2.3) says is not understood here');
});

test('a right that is missing is named', async () => {
  execute = () => Promise.reject(new PodStreamError('forbidden', 'it takes the right to get and create pods/exec'));
  expect(await ask()).toMatchObject({ code: 1, err: expect.stringContaining('get and create pods/exec') as string });
});
