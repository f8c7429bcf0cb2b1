import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { systemClock } from '../../crds/clock.ts';
import { ApiClient } from '../../operator/kube/api-client.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { type ClusterAccess, openAccess } from './cluster-access.ts';

let folder = '';
let server: FakeApiServer;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokenward-access-'));
  server = await FakeApiServer.start();
});

afterAll(async () => {
  await rm(folder, { recursive: true });
  await server[Symbol.asyncDispose]();
});

async function kubeconfig(name: string, user: object = {}, cluster: object = {}): Promise<string> {
  const file = join(folder, name);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    clusters: [{ name: 'c', cluster: { server: server.url, 'insecure-skip-tls-verify': true, ...cluster } }],
    users: [{ name: 'u', user }],
    contexts: [
      { name: 'here', context: { cluster: 'c', user: 'u', namespace: 'hr' } },
      { name: 'there', context: { cluster: 'c', user: 'u' } },
      { name: 'nowhere', context: { cluster: 'none', user: 'u' } },
    ],
  };
  await writeFile(file, JSON.stringify(config));
  return file;
}

function opened(options: Parameters<typeof openAccess>[0]): ClusterAccess {
  const access = openAccess(options);
  if (typeof access === 'string') throw new Error(access);
  return access;
}

test("the namespace is the flag's, the context's, or default", async () => {
  const file = await kubeconfig('plain');
  expect(opened({ kubeconfig: file })).toMatchObject({ context: 'here', namespace: 'hr' });
  expect(opened({ kubeconfig: file, context: 'there' })).toMatchObject({ context: 'there', namespace: 'default' });
  expect(opened({ kubeconfig: file, namespace: 'iot' })).toMatchObject({ namespace: 'iot' });
});

test('a context that is not there is answered with those that are', async () => {
  const file = await kubeconfig('plain');
  expect(openAccess({ kubeconfig: file, context: 'moon' })).toBe(
    'there is no context moon in the kubeconfig: there are here, there, nowhere',
  );
  expect(openAccess({ kubeconfig: file, context: 'nowhere' })).toContain('names no cluster');
});

test('a kubeconfig that cannot be read is named, and nothing of what it holds', async () => {
  expect(openAccess({ kubeconfig: join(folder, 'none') })).toMatch(/none cannot be read \(ENOENT\)$/);
  const file = join(folder, 'broken');
  await writeFile(file, 'users: [{token: s3cr3t');
  expect(openAccess({ kubeconfig: file })).toMatch(/cannot be read \([^)]*\)$/);
  expect(openAccess({ kubeconfig: file })).not.toContain('s3cr3t');
});

test('a login plugin is run, and told what kubectl tells it', async () => {
  const program = join(folder, 'login.mjs');
  await writeFile(
    program,
    `const { spec } = JSON.parse(process.env.KUBERNETES_EXEC_INFO);
    const status = { token: [process.argv[2], spec.interactive, new URL(spec.cluster.server).hostname].join('-') };
    console.log(JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status }));`,
  );
  const exec = {
    apiVersion: 'client.authentication.k8s.io/v1',
    command: process.execPath,
    args: [program, 'jane'],
    env: null,
    provideClusterInfo: true,
    interactiveMode: 'IfAvailable',
  };
  const { kubeConfig } = opened({ kubeconfig: await kubeconfig('exec', { exec }) });
  const api = new ApiClient(kubeConfig, { clock: systemClock, userAgent: 'test' });
  await api.request({ method: 'GET', path: '/api/v1/pods' });
  api.close();
  expect(server.requests.at(-1)?.headers.authorization).toBe('Bearer jane-false-127.0.0.1');
});

test('without a kubeconfig that is said, and not that a cluster on this machine does not answer', () => {
  vi.stubEnv('KUBECONFIG', '');
  vi.stubEnv('HOME', folder);
  const told = 'there is no kubeconfig: set KUBECONFIG, or name one with --kubeconfig';
  expect(openAccess({})).toBe(told);
  expect(openAccess({ context: 'here' })).toBe(told);
  vi.unstubAllEnvs();
});

test('a server without TLS, such as kubectl proxy, and one with a slash at its end are called', async () => {
  const cluster = { server: `${server.url}/`, 'insecure-skip-tls-verify': false };
  const { kubeConfig } = opened({ kubeconfig: await kubeconfig('proxy', {}, cluster) });
  const api = new ApiClient(kubeConfig, { clock: systemClock, userAgent: 'test' });
  await api.request({ method: 'GET', path: '/api/v1/pods' });
  api.close();
  expect(server.requests.at(-1)?.path).toBe('/api/v1/pods');
  expect(kubeConfig.getCurrentCluster()?.server).toBe(server.url);
});
