import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Cluster } from './cluster.ts';
import { requireCluster } from './require-cluster.ts';
import { runCommand } from './run-command.ts';
import { workloadImage, writeTestImages } from './write-test-images.ts';

const provider = requireCluster({ nodes: true, purpose: 'to run pods' });

describe.skipIf(provider === undefined)('a node', () => {
  const namespace = 'boot-test';
  let cluster: Cluster;
  const kubectl = (args: readonly string[], input?: string) =>
    cluster.kubectl(['--namespace', namespace, ...args], input === undefined ? {} : { input });
  const workload = (pod: string, ...args: readonly string[]) => kubectl(['exec', pod, '--container', 'main', '--', '/workload', ...args]);

  beforeAll(async () => {
    if (provider === undefined) return;
    cluster = await provider.start();
    const folder = await mkdtemp(join(tmpdir(), 'tokenward-images-'));
    try {
      await cluster.loadImage((await writeTestImages(folder)).workload);
    } finally {
      await rm(folder, { recursive: true });
    }
    await cluster.kubectl(['create', 'namespace', namespace]);
    await cluster.kubectl(['label', 'namespace', namespace, 'pod-security.kubernetes.io/enforce=restricted']);
    await kubectl(['wait', '--for', 'create', 'serviceaccount/default', '--timeout', '30s']);
    await kubectl(['create', 'secret', 'generic', 'changing', '--from-literal', 'text=first']);
    await kubectl(['apply', '--filename', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: [server, service] }));
    await kubectl(['wait', '--for', 'condition=Ready', 'pod/server', '--timeout', '60s']);
  });

  afterAll(async () => {
    if (provider === undefined || cluster === undefined) return;
    await cluster.kubectl(['delete', 'namespace', namespace, '--wait=false']);
    await cluster.stop();
  });

  test('starts a native sidecar before the container that it serves, under restricted Pod Security', async () => {
    const { status } = JSON.parse(await kubectl(['get', 'pod', 'server', '--output', 'json']));
    expect(status.initContainerStatuses).toMatchObject([{ name: 'sidecar', started: true, state: { running: {} } }]);
    expect(status.containerStatuses).toMatchObject([{ name: 'main', ready: true, restartCount: 0 }]);
  });

  test('shows what a container wrote and runs commands in it', async () => {
    expect(await kubectl(['logs', 'server', '--container', 'main'])).toContain('listening on 8080');
    expect(await workload('server', 'env', 'HOSTNAME')).toBe('server\n');
    await expect(workload('server', 'cat', '/nothing')).rejects.toThrow(/no such file/);
  });

  test('lets containers of a pod share loopback, so that one serves the other', async () => {
    expect(await workload('server', 'fetch', 'http://127.0.0.1:8081/beside')).toContain('GET /beside');
  });

  test('resolves a Service by DNS and passes its connections to the pod, even from the pod itself', async () => {
    const url = `http://web.${namespace}.svc.cluster.local`;
    expect(await workload('server', 'fetch', `${url}/by-name`, '30')).toContain('GET /by-name');
    expect(await workload('server', 'fetch', 'http://web/short-name', '30')).toContain('GET /short-name');
  });

  test("brings a Secret's change into the running pod", async () => {
    expect(await workload('server', 'cat', '/secret/text')).toBe('first');
    await kubectl(['patch', 'secret', 'changing', '--patch', JSON.stringify({ stringData: { text: 'second' } })]);
    await expect.poll(() => workload('server', 'cat', '/secret/text'), { timeout: 120_000 }).toBe('second');
  });

  test('completes a Job whose sidecar runs on', async () => {
    await kubectl(['apply', '--filename', '-'], JSON.stringify(job));
    expect(await kubectl(['wait', '--for', 'condition=Complete', 'job/once', '--timeout', '90s'])).toContain('condition met');
  });

  test('is reached by programs that are started inside', async () => {
    const said = await runCommand(cluster.inside(['kubectl', 'get', 'nodes', '--output', 'name']));
    expect(said).toMatch(/^node\/\S+\n$/);
  });
});

const restricted = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  runAsNonRoot: true,
  seccompProfile: { type: 'RuntimeDefault' },
};

const container = (name: string, ...args: readonly string[]) => ({ name, image: workloadImage, args, securityContext: restricted });

const sidecar = {
  ...container('sidecar', 'serve', '8081'),
  restartPolicy: 'Always',
  startupProbe: { tcpSocket: { port: 8081 }, periodSeconds: 1 },
};

const server = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'server', labels: { app: 'server' } },
  spec: {
    terminationGracePeriodSeconds: 1,
    initContainers: [sidecar],
    containers: [{ ...container('main', 'serve', '8080'), volumeMounts: [{ name: 'secret', mountPath: '/secret' }] }],
    volumes: [{ name: 'secret', projected: { sources: [{ secret: { name: 'changing' } }] } }],
  },
};

const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'web' },
  spec: { selector: { app: 'server' }, ports: [{ port: 80, targetPort: 8080 }] },
};

const job = {
  apiVersion: 'batch/v1',
  kind: 'Job',
  metadata: { name: 'once' },
  spec: {
    template: {
      spec: { restartPolicy: 'Never', initContainers: [sidecar], containers: [container('main', 'fetch', 'http://127.0.0.1:8081/')] },
    },
  },
};
