import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { version } from '../../crds/version.ts';
import type { Cluster } from '../../test/cluster/cluster.ts';
import { writeTestImages } from '../../test/cluster/write-test-images.ts';
import { examplesFor, serverObjects, serversPod } from './server-objects.ts';
import { controlPort, type Counts } from './servers/control.ts';

export interface PodAnswer {
  /** `200`, or `503 credential_pending` where Tokenward itself answered. */
  readonly outcome: string;
  readonly body: string;
}

export interface Restarts {
  readonly pod: string;
  /** Of all its containers. */
  readonly restarts: number;
}

const patienceMs = 120_000;

/** In the cluster already, and has Node at /usr/bin/node. */
export const sidecarImage = `docker.io/tokenward/sidecar:${version}`;

/** A namespace of a cluster that has Tokenward, with the demo's servers in it, and what is done there. */
export class ClusterStage {
  readonly cluster: Cluster;
  readonly namespace: string;

  constructor(cluster: Cluster, namespace = 'demo') {
    this.cluster = cluster;
    this.namespace = namespace;
  }

  /** Makes the namespace, under restricted Pod Security, and starts the servers. */
  async prepare(): Promise<void> {
    await this.loadWorkload();
    await this.makeNamespace({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    await this.startServers(await serverObjects(sidecarImage), serversPod);
  }

  /** Gives the nodes the image of the workloads. */
  async loadWorkload(): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'tokenward-images-'));
    try {
      await this.cluster.loadImage((await writeTestImages(folder)).workload);
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  /** Resolves when the pod is ready. */
  async startServers(objects: readonly object[], pod: string): Promise<void> {
    await this.apply(objects);
    const ready = this.kubectl('wait', '--for', 'condition=Ready', `pod/${pod}`, '--timeout', '90s');
    await ready.catch(async (cause: unknown) => {
      throw new Error(`the servers do not start: ${await this.kubectl('describe', 'pod', pod)}`, { cause });
    });
  }

  async makeNamespace(labels: Readonly<Record<string, string>>): Promise<void> {
    await this.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: this.namespace, labels } }]);
    await this.kubectl('wait', '--for', 'create', 'serviceaccount/default', '--timeout', '30s');
  }

  kubectl(...args: readonly string[]): Promise<string> {
    return this.cluster.kubectl(['--namespace', this.namespace, ...args]);
  }

  apply(items: readonly object[]): Promise<string> {
    return this.applyText(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  }

  /** Both examples, with the in-cluster names of the servers. */
  async applyExamples(): Promise<string> {
    return this.applyText(await examplesFor(this.namespace));
  }

  async rolledOut(deployment: string): Promise<void> {
    await this.kubectl('rollout', 'status', `deployment/${deployment}`, '--timeout', '90s');
  }

  /** Makes a call from a container of the app's. */
  async call(from: string, url: string): Promise<PodAnswer> {
    const said = await this.kubectl('exec', from, '--container', 'app', '--', '/workload', 'call', url);
    const [outcome = '', ...body] = said.split('\n');
    return { outcome, body: body.join('\n') };
  }

  /** How each call was answered that the workload has made by itself, in order. */
  async ownCalls(deployment: string): Promise<readonly string[]> {
    const logs = await this.kubectl('logs', `deployment/${deployment}`, '--container', 'app');
    return logs.split('\n').filter((line) => line !== '');
  }

  async restarts(deployment: string): Promise<readonly Restarts[]> {
    const { items } = JSON.parse(await this.kubectl('get', 'pods', '--selector', `app=${deployment}`, '--output', 'json'));
    return items.map(({ metadata, status }: PodObject) => ({
      pod: metadata.name,
      restarts: [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])].reduce(
        (sum, { restartCount }) => sum + restartCount,
        0,
      ),
    }));
  }

  async counts(): Promise<Counts> {
    return JSON.parse(await this.cluster.kubectl(['get', '--raw', this.#control('counts')]));
  }

  /** The secrets that the Learning token server accepts from now on; tokens that others bought are worth nothing any more. */
  async acceptLearningSecrets(...secrets: readonly string[]): Promise<void> {
    const path = this.#control('learning-secrets');
    await this.cluster.kubectl(['create', '--raw', path, '--filename', '-'], { input: JSON.stringify(secrets) });
  }

  #control(path: string): string {
    return `/api/v1/namespaces/${this.namespace}/pods/${serversPod}:${controlPort}/proxy/${path}`;
  }

  applyText(input: string): Promise<string> {
    return this.cluster.kubectl(['--namespace', this.namespace, 'apply', '--server-side', '--filename', '-'], { input });
  }
}

interface PodObject {
  readonly metadata: { readonly name: string };
  readonly status: {
    readonly containerStatuses?: readonly { readonly restartCount: number }[];
    readonly initContainerStatuses?: readonly { readonly restartCount: number }[];
  };
}

/** Looks again and again, until what is seen will do, and resolves to it; for as long as a kubelet may take at most. */
export async function eventually<T>(look: () => Promise<T>, willDo: (seen: T) => boolean): Promise<T> {
  const endMs = performance.now() + patienceMs;
  for (;;) {
    const seen = await look();
    if (willDo(seen)) return seen;
    if (performance.now() > endMs) throw new Error(`it did not come true; at last there was ${JSON.stringify(seen)}`);
    await setTimeout(200);
  }
}
