import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ClusterStage, eventually } from '../../demo/cluster/cluster-stage.ts';
import { callingDeployment, container } from '../../demo/cluster/workload-objects.ts';
import { installTokenward } from './install-tokenward.ts';
import { requireCluster } from './require-cluster.ts';

const provider = requireCluster({ nodes: true, purpose: 'to see whole pods call APIs' });

const proxy = 'http://127.0.0.1:14080';
const students = `${proxy}/lms/odatav4/searchStudent/v1/Students?$top=2`;
const measurements = `${proxy}/iot/devices/pump%2F7/measurements?top=1`;
const training = 'deployment/training';
const telemetry = 'deployment/telemetry';
const inject = (what: string) => ({ annotations: { 'tokenward.dev/inject': what } });

describe.skipIf(provider === undefined)('on a real node', () => {
  let stage: ClusterStage;

  beforeAll(async () => {
    if (provider === undefined) return;
    const cluster = await provider.start();
    stage = new ClusterStage(cluster);
    await installTokenward(cluster, () => undefined);
    await stage.prepare();
  });

  afterAll(() => stage?.cluster.stop());

  const exec = (from: string, ...command: readonly string[]) =>
    stage.kubectl('exec', from, '--container', 'app', '--', '/workload', ...command);
  const answersFrom = async (deployment: string, first: number) => [...new Set((await stage.ownCalls(deployment)).slice(first))];
  const noRestart = async (): Promise<void> => {
    for (const deployment of ['training', 'telemetry']) {
      expect(await stage.restarts(deployment)).toEqual([{ pod: expect.any(String), restarts: 0 }]);
    }
  };

  test('a pod starts before its credential is there, and says so', async () => {
    await stage.apply([callingDeployment('training', 'lms=successfactors-learning', students), everyMinute]);
    await stage.rolledOut('training');
    expect((await stage.call(training, students)).outcome).toBe('503 credential_pending');
  });

  test('and calls the API when its credential has come, without a restart', async () => {
    await stage.applyExamples();
    await stage.kubectl('wait', '--for', 'condition=Ready', 'o2c', '--all', '--timeout', '30s');
    await eventually(
      () => stage.call(training, students),
      ({ outcome }) => outcome === '200',
    );
    const answers = await stage.ownCalls('training');
    expect([...new Set(answers)]).toEqual(['503 credential_pending', '200']);
    expect(await stage.counts()).toMatchObject({ learning: { tokenRequests: 1, refused: 0 } });
  });

  test('a pod that comes after its credential is served from its first call on', async () => {
    await stage.apply([callingDeployment('telemetry', 'iot=leonardo-iot', measurements)]);
    await stage.rolledOut('telemetry');
    const { outcome, body } = await stage.call(telemetry, measurements);
    expect(outcome).toBe('200');
    expect(JSON.parse(body)).toMatchObject({ asked: '/devices/pump%2F7/measurements?top=1', client: 'sb-iot!b1' });
    expect(await answersFrom('telemetry', 0)).toEqual(['200']);
    await noRestart();
  });

  test('a rotated secret is used at once, and no call fails meanwhile', async () => {
    const [first, before] = [(await stage.ownCalls('training')).length, await stage.counts()];
    await stage.acceptLearningSecrets('demo-learning-secret', 'another');
    await stage.kubectl('patch', 'secret', 'successfactors-learning', '--patch', '{"stringData": {"client-secret": "another"}}');
    const after = await eventually(
      () => stage.counts(),
      ({ learning }) => learning.tokenRequests > before.learning.tokenRequests,
    );
    expect((await stage.call(training, students)).outcome).toBe('200');
    await stage.acceptLearningSecrets('another');
    expect((await stage.call(training, students)).outcome).toBe('200');
    expect(await stage.counts()).toMatchObject({ learning: { tokenRequests: after.learning.tokenRequests, refused: 0 } });
    expect(await answersFrom('training', first)).toEqual(['200']);
    await noRestart();
  });

  test("a credential's scope and URL change, and no call fails", async () => {
    const patch = (credential: string, spec: object) =>
      stage.kubectl('patch', 'o2c', credential, '--type', 'merge', '--patch', JSON.stringify({ spec }));
    const [firstTraining, firstTelemetry, before] = [
      (await stage.ownCalls('training')).length,
      (await stage.ownCalls('telemetry')).length,
      await stage.counts(),
    ];
    const scope = { userId: 'u2', companyId: 'acme', userType: 'admin', resourceType: 'learning_public_api' };
    await patch('successfactors-learning', { grant: { scope: JSON.stringify(scope) } });
    await patch('leonardo-iot', { upstream: { url: `http://iot-api.${stage.namespace}.svc/devices` } });
    await eventually(
      () => stage.call(telemetry, `${proxy}/iot/pump-8/measurements`),
      ({ outcome }) => outcome === '200',
    );
    await eventually(
      () => stage.counts(),
      ({ learning }) => learning.tokenRequests > before.learning.tokenRequests,
    );
    await patch('leonardo-iot', { upstream: { url: `http://iot-api.${stage.namespace}.svc` } });
    await eventually(
      () => stage.call(telemetry, measurements),
      ({ outcome }) => outcome === '200',
    );
    expect(await answersFrom('training', firstTraining)).toEqual(['200']);
    // The API itself says that a path below the other base URL is not there.
    expect(new Set(await answersFrom('telemetry', firstTelemetry))).toEqual(new Set(['200', '404']));
    expect(await stage.counts()).toMatchObject({ learning: { refused: 0 }, iot: { refused: 0 } });
    await noRestart();
  });

  test("the app's container cannot read the sidecar's files, and the sidecar has no API token", async () => {
    await expect(exec(training, 'ls', '/etc/tokenward')).rejects.toThrow('no such file or directory');
    const tokens = '/var/run/secrets/kubernetes.io/serviceaccount';
    expect(await exec(training, 'ls', tokens)).toContain('token\n');
    const inSidecar = ['exec', training, '--container', 'tokenward', '--', '/usr/bin/node', '--print'];
    const list = (folder: string) => `fs.readdirSync('${folder}').filter((name) => !name.startsWith('..')).join()`;
    expect(await stage.kubectl(...inSidecar, list(tokens))).toBe('\n');
    expect(await stage.kubectl(...inSidecar, list('/etc/tokenward/credentials'))).toBe('lms.json\n');
  });

  test('another pod reaches the health of a sidecar, and not its proxy', async () => {
    const address = await stage.kubectl('get', 'pods', '--selector', 'app=training', '--output', 'jsonpath={.items[0].status.podIP}');
    expect(await stage.call(telemetry, `http://${address}:14081/healthz`)).toEqual({ outcome: '200', body: 'ok\n' });
    await expect(exec(telemetry, 'call', `http://${address}:14080/lms/`)).rejects.toThrow('connection refused');
  });

  test('a Job completes, whose own init container has called the API already', async () => {
    await stage.apply([
      { apiVersion: 'batch/v1', kind: 'Job', metadata: { name: 'once' }, spec: callOnce('lms=successfactors-learning', students) },
    ]);
    await stage.kubectl('wait', '--for', 'condition=Complete', 'job/once', '--timeout', '90s');
    expect(await stage.kubectl('logs', 'job/once', '--container', 'earlier')).toContain('"studentID"');
    expect(await stage.kubectl('logs', 'job/once', '--container', 'app')).toContain('"studentID"');
  });

  test('all of them run where Pod Security is restricted', async () => {
    const unrestricted = { ...container('app', 'sleep', '1'), securityContext: {} };
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'unrestricted', ...inject('lms') },
      spec: { containers: [unrestricted] },
    };
    const refused = stage.apply([pod]);
    await expect(refused).rejects.toThrow(/violates PodSecurity "restricted.*container "app" must set/);
    await expect(refused).rejects.not.toThrow(/"tokenward"/);
  });

  test('a pod fits into a namespace with a quota', async () => {
    const limited = new ClusterStage(stage.cluster, 'limited');
    await limited.makeNamespace({});
    const hard = { 'requests.cpu': '1', 'requests.memory': '1Gi', 'limits.memory': '1Gi', 'limits.cpu': '1' };
    const resources = { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '100m', memory: '64Mi' } };
    const pod = (name: string, annotations: Readonly<Record<string, string>>) => ({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name, annotations: { ...inject('lms').annotations, ...annotations } },
      spec: { terminationGracePeriodSeconds: 1, containers: [{ ...container('app', 'sleep', '600'), resources }] },
    });
    await limited.apply([{ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'quota' }, spec: { hard } }]);
    await limited.kubectl('wait', '--for', 'jsonpath={.status.hard}', 'quota/quota', '--timeout', '30s');
    await expect(limited.apply([pod('unlimited', {})])).rejects.toThrow(/must specify limits.cpu for: tokenward/);
    await limited.apply([pod('limited', { 'tokenward.dev/cpu-limit': '200m' })]);
    await limited.kubectl('wait', '--for', 'condition=Ready', 'pod/limited', '--timeout', '60s');
    expect((await limited.call('limited', `${proxy}/lms/`)).outcome).toBe('503 credential_pending');
  });

  test('a pod that cannot have a sidecar is refused, with the mend', async () => {
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'on-the-node', ...inject('lms') },
      spec: { hostNetwork: true, containers: [container('app', 'sleep', '1')] },
    };
    await expect(stage.apply([pod])).rejects.toThrow(/denied the request: .*remove hostNetwork/);
  });

  test('a CronJob completes', async () => {
    const succeeded = ['get', 'cronjob', 'every-minute', '--output', 'jsonpath={.status.lastSuccessfulTime}'];
    expect(await eventually(() => stage.kubectl(...succeeded), Boolean)).not.toBe('');
  });
});

/** Its init container finds the sidecar running. */
const callOnce = (credential: string, url: string) => ({
  backoffLimit: 0,
  template: {
    metadata: inject(credential),
    spec: {
      restartPolicy: 'Never',
      initContainers: [container('earlier', 'fetch', url, '60')],
      containers: [container('app', 'fetch', url, '60')],
    },
  },
});

/** With a credential whose token requests nobody counts. */
const everyMinute = {
  apiVersion: 'batch/v1',
  kind: 'CronJob',
  metadata: { name: 'every-minute' },
  spec: { schedule: '* * * * *', jobTemplate: { spec: callOnce('iot=leonardo-iot', measurements) } },
};
