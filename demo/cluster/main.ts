import { once } from 'node:events';
import { installTokenward } from '../../test/cluster/install-tokenward.ts';
import { requireCluster } from '../../test/cluster/require-cluster.ts';
import { describeFailure } from '../describe-failure.ts';
import { createTranscript } from '../transcript.ts';
import { ClusterStage } from './cluster-stage.ts';
import { clusterSteps } from './steps.ts';

// `make demo-cluster`: the main job on a real Kubernetes. Ends with 0 only if every step went as it says, and the cluster ends with it.

const transcript = createTranscript((text) => process.stdout.write(text), process.stdout.isTTY);
const interrupted = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]).then(() => {
  throw new Error('interrupted');
});
// Awaited below, but perhaps only after the signal has come.
interrupted.catch(() => {});

async function play(stack: AsyncDisposableStack): Promise<void> {
  const provider = requireCluster({ nodes: true, purpose: 'for the demo' });
  if (provider === undefined) throw new Error('there is no cluster here, and none can be made');
  transcript.line(`A Kubernetes (${provider.description}), with Tokenward, two APIs and their token servers in it.`);
  const starting = provider.start();
  // Before it is there, so that none is left behind if the demo is interrupted meanwhile.
  stack.defer(() =>
    starting.then(
      (started) => started.stop(),
      () => undefined,
    ),
  );
  const cluster = await starting;
  transcript.line('\n  $ helm install tokenward charts/tokenward --namespace tokenward-system --create-namespace --wait');
  await installTokenward(cluster, () => undefined);
  transcript.line((await cluster.kubectl(['--namespace', 'tokenward-system', 'get', 'pods'])).trimEnd().replaceAll(/^/gm, '  '));
  const stage = new ClusterStage(cluster);
  await stage.prepare();
  for (const step of clusterSteps) {
    transcript.step(step.title);
    try {
      await step.play(stage, transcript);
    } catch (error) {
      throw new Error(`"${step.title}" failed: ${describeFailure(error)}`, { cause: error });
    }
  }
  transcript.line(`\nAll ${clusterSteps.length} steps went as they say.`);
}

const stack = new AsyncDisposableStack();
try {
  await Promise.race([play(stack), interrupted]);
} catch (error) {
  transcript.failed(describeFailure(error));
  process.exitCode = 1;
} finally {
  await stack.disposeAsync();
}
// What was interrupted, helm's waiting for one, need not come to its end.
process.exit();
