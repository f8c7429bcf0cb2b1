import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { ClusterStage, eventually } from '../../demo/cluster/cluster-stage.ts';
import { callingDeployment, container } from '../../demo/cluster/workload-objects.ts';
import { installTokenward } from './install-tokenward.ts';
import { requireCluster } from './require-cluster.ts';

const root = join(import.meta.dirname, '../..');
const provider = requireCluster({ nodes: true, purpose: 'to try the kubectl plugin on pods that run' });

const students = 'http://127.0.0.1:14080/lms/odatav4/searchStudent/v1/Students?$top=2';
/** At other ports than most. */
const measurements = 'http://127.0.0.1:15080/iot/devices/pump%2F7/measurements?top=1';

const rbac = 'rbac.authorization.k8s.io';

interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe.skipIf(provider === undefined)('kubectl tokenward', () => {
  const stack = new AsyncDisposableStack();
  let stage: ClusterStage;
  let folder = '';
  let path = '';
  let trainingPod = '';
  let telemetryPod = '';

  beforeAll(async () => {
    if (provider === undefined) return;
    folder = await mkdtemp(join(tmpdir(), 'tokenward-kubectl-'));
    stack.defer(() => rm(folder, { recursive: true }));
    const cluster = await provider.start();
    stack.defer(() => cluster.stop());
    stage = new ClusterStage(cluster);
    await installTokenward(cluster, () => undefined);
    // As npm links it, and as it is shipped.
    await chmod(join(root, 'dist/kubectl-launcher.mjs'), 0o755);
    await symlink(join(root, 'dist/kubectl-launcher.mjs'), join(folder, 'kubectl-tokenward'));
    path = [folder, cluster.inside([]).env['PATH']].join(delimiter);
    await stage.prepare();
    await stage.applyExamples();
    await stage.apply([
      callingDeployment('training', 'lms=successfactors-learning', students),
      telemetry,
      asking('early', 'missing'),
      asking('late', 'successfactors-learning'),
    ]);
    for (const deployment of ['training', 'telemetry']) await stage.rolledOut(deployment);
    await stage.kubectl('wait', '--for', 'condition=Ready', 'pod/early', '--timeout', '60s');
    trainingPod = await podOf('training');
    telemetryPod = await podOf('telemetry');
    await eventually(
      () => stage.call('deployment/training', students),
      ({ outcome }) => outcome === '200',
    );
  });

  afterAll(() => stack.disposeAsync());

  const podOf = (app: string) => stage.kubectl('get', 'pods', '--selector', `app=${app}`, '--output', 'jsonpath={.items[0].metadata.name}');

  const environment = (kubeconfig: string): NodeJS.ProcessEnv => ({ ...stage.cluster.inside([]).env, PATH: path, KUBECONFIG: kubeconfig });

  const plugin = (args: readonly string[], kubeconfig = stage.cluster.kubeconfig): Promise<Outcome> =>
    new Promise((resolve) => {
      execFile('kubectl', ['tokenward', ...args], { env: environment(kubeconfig) }, (error, stdout, stderr) =>
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
    });
  const inDemo = (...args: readonly string[]): Promise<Outcome> => plugin([...args, '--namespace', 'demo']);

  /** A kubeconfig for a service account of its own, which may do what `rules` say. */
  const userWith = async (name: string, rules: readonly object[]): Promise<string> => {
    await stage.apply([{ apiVersion: `${rbac}/v1`, kind: 'Role', metadata: { name }, rules }]);
    return userBoundTo('Role', name);
  };
  const userIn = (clusterRole: string): Promise<string> => userBoundTo('ClusterRole', clusterRole);

  const userBoundTo = async (kind: string, name: string): Promise<string> => {
    const subjects = [{ kind: 'ServiceAccount', name }];
    await stage.apply([
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } },
      { apiVersion: `${rbac}/v1`, kind: 'RoleBinding', metadata: { name }, roleRef: { apiGroup: rbac, kind, name }, subjects },
    ]);
    const token = (await stage.kubectl('create', 'token', name)).trim();
    const config = JSON.parse(await stage.cluster.kubectl(['config', 'view', '--raw', '--minify', '--flatten', '--output', 'json'])) as {
      users: { user: object }[];
      contexts: { context: { namespace?: string } }[];
    };
    for (const entry of config.users) entry.user = { token };
    for (const { context } of config.contexts) context.namespace = 'demo';
    const file = join(folder, `${name}.kubeconfig`);
    await writeFile(file, JSON.stringify(config), { mode: 0o600 });
    return file;
  };

  test('list has a line for each credential, and says of one that is missing that pods ask for it', async () => {
    const { code, stdout, stderr } = await inDemo('list');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')[0]).toMatch(/^NAME +READY +REASON +CONSUMERS +REACHES +AGE$/);
    expect(stdout).toMatch(/^successfactors-learning +True +Ready +2 +http:\/\/learning-api\.demo\.svc\S* +\d+[sm]$/m);
    expect(stdout).toMatch(/^leonardo-iot +True +Ready +1 /m);
    expect(stdout).toMatch(/^missing +Unknown +credential_pending +1 +<none>/m);
  });

  test('status has the conditions, the pods, the version of their configuration and their last token', async () => {
    const { code, stdout, stderr } = await inDemo('status', 'successfactors-learning');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^Takes from +Secret successfactors-learning$/m);
    expect(stdout).toMatch(/^Revision +1-[0-9a-f]{8}$/m);
    expect(stdout).toMatch(/^Ready +True +Ready +\d+[sm]$/m);
    expect(stdout).toMatch(/^training-\S+ +lms +Running +\d+\.\d+\.\d+ +newest +valid, \d+[smh] left +1 ok, 0 failed +.*\d+ 2xx/m);
    expect(stdout).toMatch(/^late +successfactors-learning +Running .* newest +not asked for yet +0 ok, 0 failed +none$/m);
    expect(stdout).not.toContain('demo-learning-secret');
  });

  test('status -o json says the same to machines', async () => {
    const { stdout } = await inDemo('status', 'successfactors-learning', '-o', 'json');
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'successfactors-learning',
      state: 'ready',
      revision: expect.stringMatching(/^1-/) as string,
      takenAt: expect.stringMatching(/Z$/) as string,
      consumers: [{ name: 'late' }, { name: trainingPod, alias: 'lms', isCurrent: true, token: { kind: 'valid' } }],
    });
  });

  test('a changed secret is another revision, which the sidecars have when the kubelet has brought it', async () => {
    const revision = () => stage.kubectl('get', 'o2c', 'leonardo-iot', '--output', 'jsonpath={.status.revision}');
    const before = await revision();
    const secret = (await stage.kubectl('get', 'o2c', 'leonardo-iot', '--output', 'jsonpath={.spec.client.secretRef.name}')).trim();
    // Touched, and nothing that a sidecar reads: the same revision.
    await stage.kubectl('annotate', 'secret', secret, 'example.com/touched=now');
    await stage.kubectl('patch', 'secret', secret, '--patch', '{"stringData": {"client-secret": "wrong"}}');
    const after = await eventually(revision, (seen) => seen !== before);
    const { stdout } = await eventually(
      () => inDemo('status', 'leonardo-iot'),
      (seen) => / newest /.test(seen.stdout) && seen.stdout.includes('failing: token_rejected'),
    );
    expect(stdout).toContain(`Revision    ${after}`);
    expect(stdout).toMatch(/^ {2}.*(?:iot-tokens|token endpoint)/m);
    expect(await inDemo('list')).toMatchObject({ code: 0 });
  });

  test('the doctor goes the way of a call from within the pod, and its exit code says who said no', async () => {
    const works = await inDemo('doctor', trainingPod, 'lms', '--path', '/odatav4/searchStudent/v1/Students');
    expect(works.stderr).toBe('');
    expect(works.stdout).toMatch(/^Token endpoint\n {2}ok +DNS .*^API\n {2}ok +DNS .*^Verdict: /ms);
    expect(works.code).toBe(0);
    const refused = await inDemo('doctor', `pod/${telemetryPod}`, 'iot', '--no-probe', '--json');
    expect(refused.code).toBe(4);
    expect(JSON.parse(refused.stdout)).toMatchObject({
      version: 1,
      alias: 'iot',
      verdict: { sentence: expect.stringContaining('iot-tokens') },
    });
  });

  test('before the doctor is asked it is said what stands in its way', async () => {
    expect(await inDemo('doctor', 'nobody', 'lms')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('there is no pod nobody') as string,
    });
    expect(await inDemo('doctor', trainingPod, 'iot')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('its aliases are lms') as string,
    });
    expect(await inDemo('doctor', 'demo-servers', 'lms')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('has not asked for a sidecar') as string,
    });
  });

  test('a user with the rights of the guide, and no others, can do all of it', async () => {
    const guide = await readFile(join(root, 'docs/guides/kubectl.md'), 'utf8');
    const [, role = ''] = /```yaml\n(.*?)```/s.exec(guide) ?? [];
    const config = await userWith('plugin', (parse(role) as { rules: object[] }).rules);
    const status = await plugin(['status', 'successfactors-learning'], config);
    expect(status).toMatchObject({ code: 0, stderr: '' });
    expect(status.stdout).toMatch(/^training-.* newest +valid/m);
    expect(await plugin(['doctor', trainingPod, 'lms'], config)).toMatchObject({ code: 0, stderr: '' });
    const everywhere = await plugin(['list', '-A'], config);
    expect(everywhere.code).toBe(1);
    expect(everywhere.stderr).toContain('cannot list resource "oauth2credentials"');
  });

  test('the built-in role edit suffices as well, and view for all but what the sidecars know', async () => {
    const editor = await plugin(['status', 'successfactors-learning'], await userIn('edit'));
    expect(editor).toMatchObject({ code: 0, stderr: '' });
    expect(editor.stdout).toMatch(/^training-.* newest +valid/m);
    const viewer = await plugin(['status', 'successfactors-learning'], await userIn('view'));
    expect(viewer.code).toBe(0);
    expect(viewer.stderr.trim().split('\n')).toEqual([expect.stringMatching(/cannot be asked.*get and create pods\/portforward/)]);
  });

  test('what a user may not read is left out and said, with the right that it takes', async () => {
    const credentials = { apiGroups: ['tokenward.dev'], resources: ['oauth2credentials'], verbs: ['get', 'list'] };
    const few = await userWith('few', [credentials]);
    const listed = await plugin(['list'], few);
    expect(listed.code).toBe(0);
    expect(listed.stderr).toContain('cannot list resource "pods"');
    expect(listed.stdout).toMatch(/^successfactors-learning +True +Ready +\? /m);

    const more = await userWith('more', [credentials, { apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }]);
    const status = await plugin(['status', 'successfactors-learning'], more);
    expect(status.code).toBe(0);
    expect(status.stderr).toMatch(/cannot be asked.*get and create pods\/portforward/);
    expect(status.stderr).toContain('cannot list resource "events"');
    expect(status.stdout).toMatch(/^training-\S+ +lms +Running .*<unknown>/m);
    expect(await plugin(['doctor', trainingPod, 'lms'], more)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('get and create pods/exec') as string,
    });
  });

  test('the dashboard shows the same on loopback, to whoever has its URL', async () => {
    const env = environment(stage.cluster.kubeconfig);
    const child = spawn('kubectl', ['tokenward', 'dashboard', '--namespace', 'demo'], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const closed = once(child, 'close');
    try {
      const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
      const url = /http:\/\/127\.0\.0\.1:\S+/.exec(line)?.[0] ?? '';
      const page = await fetch(url);
      expect(page.status).toBe(200);
      expect(await page.text()).toContain('successfactors-learning');
      expect((await fetch(new URL('/', url).origin)).status).not.toBe(200);
    } finally {
      child.kill('SIGTERM');
      await closed;
    }
  });

  test.each([[['nonsense']], [['status']], [['list', '-o', 'yaml']]])('%j is a wrong command line', async (args) => {
    expect(await plugin(args)).toMatchObject({ code: 2, stderr: expect.stringContaining('error: ') as string });
  });
});

const asking = (name: string, credential: string) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, annotations: { 'tokenward.dev/inject': credential } },
  spec: { containers: [container('app', 'sleep', '600')] },
});

const telemetry = (() => {
  const deployment = callingDeployment('telemetry', 'iot=leonardo-iot', measurements);
  const { annotations } = deployment.spec.template.metadata;
  return {
    ...deployment,
    spec: {
      ...deployment.spec,
      template: {
        ...deployment.spec.template,
        metadata: {
          ...deployment.spec.template.metadata,
          annotations: { ...annotations, 'tokenward.dev/proxy-port': '15080', 'tokenward.dev/admin-port': '15081' },
        },
      },
    },
  };
})();
