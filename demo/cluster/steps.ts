import assert from 'node:assert/strict';
import type { Transcript } from '../transcript.ts';
import { eventually, type ClusterStage, type PodAnswer } from './cluster-stage.ts';
import { callingDeployment, container } from './workload-objects.ts';

export interface ClusterStep {
  readonly title: string;
  play(stage: ClusterStage, transcript: Transcript): Promise<void>;
}

const lms = 'http://127.0.0.1:14080/lms';
const students = `${lms}/odatav4/searchStudent/v1/Students?$top=2`;
const measurements = 'http://127.0.0.1:14080/leonardo-iot/devices/pump%2F7/measurements?from=2026-01-01T00:00:00Z&top=2';
const oldSecret = 'demo-learning-secret';
const newSecret = 'demo-learning-secret-of-this-year';

/** The main job on a Kubernetes, in the order in which it is shown. Each asserts what it shows. */
export const clusterSteps: readonly ClusterStep[] = [
  {
    title: 'A workload that is there before its credential: it starts, and is told what is missing',
    async play(stage, transcript) {
      await stage.apply([callingDeployment('training', 'lms=successfactors-learning', students)]);
      await stage.rolledOut('training');
      transcript.sent('kubectl apply: a Deployment with the annotation tokenward.dev/inject: "lms=successfactors-learning"');
      await show(stage, transcript, 'get', 'pods', '--selector', 'app=training');
      const answer = await showCall(stage, transcript, 'training', students);
      assert.equal(answer.outcome, '503 credential_pending');
    },
  },
  {
    title: 'The credentials come, with their Secrets',
    async play(stage, transcript) {
      transcript.sent('kubectl apply --filename examples/');
      transcript.got((await stage.applyExamples()).trimEnd());
      await stage.kubectl('wait', '--for', 'condition=Ready', 'o2c', '--all', '--timeout', '30s');
      const table = await show(stage, transcript, 'get', 'o2c');
      for (const name of ['leonardo-iot', 'successfactors-learning']) assert.match(table, new RegExp(`^${name} +True +`, 'm'));
    },
  },
  {
    title: 'The pod that was there before calls the API, and nothing was restarted',
    async play(stage, transcript) {
      const fromMs = performance.now();
      await eventually(
        () => stage.call('deployment/training', students),
        ({ outcome }) => outcome === '200',
      );
      const seconds = ((performance.now() - fromMs) / 1000).toFixed(1);
      const answer = await showCall(stage, transcript, 'training', students);
      assert.equal(JSON.parse(answer.body).value.length, 2);
      assert.deepEqual(await restartsOf(stage, 'training'), [0]);
      const { learning } = await stage.counts();
      assert.equal(learning.tokenRequests, 1);
      assert.equal(learning.refused, 0);
      transcript.note(`${seconds} s after the credentials were ready; on a node with the kubelet's usual settings it may take 90 s`);
      transcript.note('the Learning token server saw 1 token request, the API no call without a token, and nothing was restarted');
    },
  },
  {
    title: 'Another workload, another API: path and query arrive as they were sent',
    async play(stage, transcript) {
      transcript.sent('kubectl apply: a Deployment with the annotation tokenward.dev/inject: "leonardo-iot"');
      await stage.apply([callingDeployment('telemetry', 'leonardo-iot', measurements)]);
      await stage.rolledOut('telemetry');
      const answer = await showCall(stage, transcript, 'telemetry', measurements);
      assert.equal(answer.outcome, '200');
      assert.equal(JSON.parse(answer.body).asked, measurements.slice('http://127.0.0.1:14080/leonardo-iot'.length));
      const calls = await stage.ownCalls('telemetry');
      assert.deepEqual([...new Set(calls)], ['200']);
      transcript.note(`it has made ${calls.length} calls by itself, from its first moment on: all 200`);
    },
  },
  {
    title: 'The workload holds no secret',
    async play(stage, transcript) {
      const folder = '/etc/tokenward';
      transcript.sent(`kubectl exec deployment/training --container app -- ls ${folder}`);
      const refused = await refusal(() =>
        stage.kubectl('exec', 'deployment/training', '--container', 'app', '--', '/workload', 'ls', folder),
      );
      assert.match(refused, /no such file or directory/);
      transcript.got(`${folder}: no such file or directory`);
      transcript.sent('kubectl exec deployment/training --container app -- env');
      const environment = await stage.kubectl('exec', 'deployment/training', '--container', 'app', '--', '/workload', 'env');
      transcript.got(
        environment
          .split('\n')
          .filter((line) => line.startsWith('TOKENWARD_'))
          .join('\n'),
      );
      assert.doesNotMatch(environment, new RegExp(oldSecret));
      assert.match(environment, /^TOKENWARD_LMS_URL=http:\/\/127\.0\.0\.1:14080\/lms$/m);
    },
  },
  { title: 'The secret is rotated while the workload calls on', play: rotate },
  {
    title: 'A pod that cannot have a sidecar is refused, with the mend',
    async play(stage, transcript) {
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'on-the-node', namespace: 'default', annotations: { 'tokenward.dev/inject': 'leonardo-iot' } },
        spec: { hostNetwork: true, containers: [container('app', 'sleep', '1')] },
      };
      transcript.sent('kubectl apply: a Pod with the annotation tokenward.dev/inject: "leonardo-iot" and hostNetwork: true');
      const refused = await refusal(() => stage.cluster.kubectl(['create', '--filename', '-'], { input: JSON.stringify(pod) }));
      transcript.got(refused);
      assert.match(refused, /hostNetwork/);
      assert.match(refused, /denied the request/);
    },
  },
];

async function rotate(stage: ClusterStage, transcript: Transcript): Promise<void> {
  const [before, podBefore, callsBefore] = [await stage.counts(), await stage.restarts('training'), await stage.ownCalls('training')];
  await stage.acceptLearningSecrets(oldSecret, newSecret);
  transcript.note('the Learning token server now accepts the old secret and a new one, as such servers do for a while');

  transcript.sent(`kubectl patch secret successfactors-learning: client-secret: ${newSecret}`);
  const patch = JSON.stringify({ stringData: { 'client-secret': newSecret } });
  transcript.got((await stage.kubectl('patch', 'secret', 'successfactors-learning', '--patch', patch)).trimEnd());
  const after = await eventually(
    () => stage.counts(),
    ({ learning }) => learning.tokenRequests > before.learning.tokenRequests,
  );
  assert.equal(after.learning.tokenRequests, before.learning.tokenRequests + 1);
  transcript.note('the workload calls on, and the Learning token server saw 1 more token request');
  // The answer to it reaches the sidecar before the old secret ends.
  assert.equal((await stage.call('deployment/training', students)).outcome, '200');

  await stage.acceptLearningSecrets(newSecret);
  transcript.note('the old secret is no longer accepted, nor is any token that it bought');
  const answer = await showCall(stage, transcript, 'training', students);
  assert.equal(answer.outcome, '200');
  const meanwhile = await eventually(
    async () => (await stage.ownCalls('training')).slice(callsBefore.length),
    (calls) => calls.length > 20,
  );
  assert.deepEqual([...new Set(meanwhile)], ['200']);
  const { learning } = await stage.counts();
  assert.equal(learning.refused, 0);
  assert.equal(learning.tokenRequests, after.learning.tokenRequests);
  assert.deepEqual(await stage.restarts('training'), podBefore);
  transcript.note(`meanwhile the workload made ${meanwhile.length} calls: all 200; it is the same pod, and nothing in it was restarted`);
}

const restartsOf = async (stage: ClusterStage, deployment: string): Promise<readonly number[]> =>
  (await stage.restarts(deployment)).map(({ restarts }) => restarts);

async function show(stage: ClusterStage, transcript: Transcript, ...args: readonly string[]): Promise<string> {
  transcript.sent(`kubectl ${args.join(' ')}`);
  const said = await stage.kubectl(...args);
  transcript.got(said.trimEnd());
  return said;
}

/** A call from inside a workload's pod. */
async function showCall(stage: ClusterStage, transcript: Transcript, deployment: string, url: string): Promise<PodAnswer> {
  transcript.sent(`from inside ${deployment}'s pod\nGET ${url}`);
  const answer = await stage.call(`deployment/${deployment}`, url);
  const isOurs = answer.outcome.includes(' ');
  transcript.got(`${answer.outcome}\n${isOurs ? JSON.stringify(JSON.parse(answer.body), undefined, 2) : answer.body}`);
  return answer;
}

/** What was said to what must not be. */
async function refusal(attempt: () => Promise<string>): Promise<string> {
  const said = await attempt().then(
    () => undefined,
    (error: unknown) => (error instanceof Error ? error.message : String(error)),
  );
  assert.ok(said !== undefined, 'it was not refused');
  return said.replace(/^[^:]*kubectl [^:]*: /, '');
}
