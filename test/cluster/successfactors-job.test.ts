import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { bundleServers } from '../../demo/cluster/bundle-servers.ts';
import { ClusterStage, eventually, sidecarImage } from '../../demo/cluster/cluster-stage.ts';
import { container, restricted } from '../../demo/cluster/workload-objects.ts';
import { Example } from '../support/examples/example.ts';
import { requireTool } from '../support/require-tool.ts';
import { AssertionVerifier } from '../support/saml/assertion-verifier.ts';
import { decodeExactly, exactFields } from '../support/saml/token-server.ts';
import { installTokenward } from './install-tokenward.ts';
import { requireCluster } from './require-cluster.ts';
import { port, type TokenQuestion } from './successfactors/token-question.ts';

const provider = requireCluster({ nodes: true, purpose: 'to have a CronJob call SuccessFactors' });
const java = requireTool('java', 'to verify the SAML assertion of the CronJob');
const openssl = requireTool('openssl', 'to make its key pair as the example says');
const possible = provider !== undefined && java !== undefined && openssl !== undefined;

const namespace = 'hr';
const origin = `http://successfactors.${namespace}.svc`;
const grants = join(import.meta.dirname, '../../examples/grants');

interface CronJob {
  readonly spec: {
    schedule: string;
    readonly jobTemplate: { readonly spec: { readonly template: { readonly spec: { containers: { readonly args: string[] }[] } } } };
  };
}

describe.skipIf(!possible)('a job without a user', () => {
  const stack = new AsyncDisposableStack();
  let stage: ClusterStage;
  let example: Example;

  beforeAll(async () => {
    if (provider === undefined) return;
    const folder = mkdtempSync(join(tmpdir(), 'tokenward-job-'));
    stack.defer(() => rmSync(folder, { recursive: true }));
    example = new Example(join(grants, 'successfactors-odata.yaml'), join(folder, 'example'));
    const cluster = await provider.start();
    stack.defer(() => cluster.stop());
    stage = new ClusterStage(cluster, namespace);
    await installTokenward(cluster, () => undefined);
    await stage.loadWorkload();
    await stage.makeNamespace({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    await stage.startServers(await successFactors(), 'successfactors');
  });

  afterAll(() => stack.disposeAsync());

  const raw = (path: string): string => `/api/v1/namespaces/${namespace}/pods/successfactors:${port}/proxy/${path}`;

  test('the CronJob of the examples gets the data of SuccessFactors, by an assertion that another program has verified', async () => {
    await using verifier = new AssertionVerifier(java ?? '');
    await stage.applyText(example.manifests({ api: origin, tokens: origin }));
    await stage.kubectl('wait', '--for', 'condition=Ready', 'o2c/successfactors-odata', '--timeout', '30s');
    await stage.apply([everyMinute()]);

    const question = await eventually(
      async () => JSON.parse(await stage.cluster.kubectl(['get', '--raw', raw('waiting')])) as TokenQuestion | null,
      (seen) => seen !== null,
    );
    const { form = '', ...headers } = question ?? {};
    expect(headers).toEqual({ authorization: null, contentType: 'application/x-www-form-urlencoded' });
    const fields = exactFields(new URLSearchParams(form), ['client_id', 'company_id', 'grant_type', 'assertion']);
    expect(fields.get('client_id')).toBe('NTg4MDZkYmE0ZTk3');
    expect(fields.get('company_id')).toBe('acme');
    const verdict = await verifier.verify(decodeExactly(fields.get('assertion') ?? '', 'base64'), {
      certificate: example.made('tls.crt'),
      audience: 'www.successfactors.com',
      recipient: `${origin}/oauth/token`,
      nowMs: Date.now(),
    });
    expect(verdict).toMatchObject({ accepted: true, nameID: 'sfjobs', attributes: [['api_key', 'NTg4MDZkYmE0ZTk3']] });
    const user = JSON.stringify('nameID' in verdict ? verdict.nameID : null);
    await stage.cluster.kubectl(['create', '--raw', raw('verdict'), '--filename', '-'], { input: user });

    const succeeded = ['get', 'cronjob', 'successfactors-odata', '--output', 'jsonpath={.status.lastSuccessfulTime}'];
    expect(await eventually(() => stage.kubectl(...succeeded), Boolean)).not.toBe('');
    const said = await stage.kubectl('logs', '--selector', 'batch.kubernetes.io/job-name', '--container', 'app');
    expect(said).toContain('{"d":{"results":[{"userId":"sfjobs"}]}}');
  });
});

/** The CronJob as it stands, but for the time and the program: there is no registry to pull one from. */
function everyMinute(): object {
  const cronJob = parse(readFileSync(join(grants, 'successfactors-odata-cronjob.yaml'), 'utf8')) as CronJob;
  const { template } = cronJob.spec.jobTemplate.spec;
  const url = template.spec.containers[0]?.args.at(-1) ?? '';
  cronJob.spec.schedule = '* * * * *';
  template.spec.containers = [container('app', 'fetch', url, '60')] as never;
  return cronJob;
}

/** The token server and the API, which are one host at SuccessFactors. */
async function successFactors(): Promise<readonly object[]> {
  const labels = { app: 'successfactors' };
  const file = 'server.mjs';
  const code = await bundleServers(join(import.meta.dirname, 'successfactors/main.ts'));
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'successfactors' }, data: { [file]: code } },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'successfactors', labels },
      spec: {
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'server',
            image: sidecarImage,
            command: ['/usr/bin/node', `/server/${file}`],
            readinessProbe: { httpGet: { path: '/waiting', port }, periodSeconds: 1 },
            securityContext: { ...restricted, runAsUser: 65_532 },
            volumeMounts: [{ name: 'server', mountPath: '/server', readOnly: true }],
          },
        ],
        volumes: [{ name: 'server', configMap: { name: 'successfactors' } }],
      },
    },
    {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'successfactors' },
      spec: { selector: labels, ports: [{ port: 80, targetPort: port }] },
    },
  ];
}
