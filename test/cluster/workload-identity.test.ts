import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundleServers } from '../../demo/cluster/bundle-servers.ts';
import { ClusterStage, eventually, sidecarImage } from '../../demo/cluster/cluster-stage.ts';
import { container, restricted } from '../../demo/cluster/workload-objects.ts';
import { providerPort, type Federation } from './identity-provider/federation.ts';
import { installTokenward } from './install-tokenward.ts';
import { requireCluster } from './require-cluster.ts';

const provider = requireCluster({ nodes: true, purpose: 'to have pods prove who they are by tokens of their service accounts' });

const namespace = 'hr';
const host = `identity.${namespace}.svc`;
const audience = 'api://AzureADTokenExchange';
const client = 'c0ffee00-0000-4000-8000-000000000002';
const subject = `system:serviceaccount:${namespace}:reports`;
const reports = 'deployment/reports';
const proxy = 'http://127.0.0.1:14080';

describe.skipIf(provider === undefined)('without any client secret', () => {
  let stage: ClusterStage;

  beforeAll(async () => {
    if (provider === undefined) return;
    const cluster = await provider.start();
    stage = new ClusterStage(cluster, namespace);
    await installTokenward(cluster, () => undefined);
    await stage.loadWorkload();
    await stage.makeNamespace({ 'pod-security.kubernetes.io/enforce': 'restricted' });
    const [{ issuer }, keys] = await Promise.all(
      ['/.well-known/openid-configuration', '/openid/v1/jwks'].map(async (path) =>
        JSON.parse(await cluster.kubectl(['get', '--raw', path])),
      ),
    );
    await stage.startServers(await identityProvider({ issuer, keys, audience, clients: { [client]: subject } }), 'identity');
    await stage.applyText(await manifestsOfGuide());
    await stage.kubectl('wait', '--for', 'condition=Ready', 'o2c', '--all', '--timeout', '30s');
    await stage.rolledOut('reports');
  });

  afterAll(() => stage?.cluster.stop());

  const pod = (name: string, annotations: Readonly<Record<string, string>>, spec: object = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, annotations: { 'tokenward.dev/inject': 'graph', ...annotations } },
    spec: { serviceAccountName: 'reports', terminationGracePeriodSeconds: 1, containers: [container('app', 'sleep', '600')], ...spec },
  });
  const granted = (of: string) => ({
    'tokenward.dev/assertion-audience': of,
    'tokenward.dev/assertion-hosts': host,
  });

  test("the pod's service account token stands for the client, verified by the cluster's own keys, and the API sees the token got for it", async () => {
    const { outcome, body } = await stage.call(reports, `${proxy}/graph/me`);
    expect({ outcome, body }).toEqual({ outcome: '200', body: expect.any(String) });
    expect(JSON.parse(body)).toEqual({ subject, by: 'client_assertion', pod: expect.stringMatching(/^reports-/) });
  });

  test('the same token is exchanged for another one, without any client', async () => {
    const { outcome, body } = await stage.call(reports, `${proxy}/ledger/entries`);
    expect({ outcome, body }).toEqual({ outcome: '200', body: expect.any(String) });
    expect(JSON.parse(body)).toEqual({ subject, by: 'subject_token', pod: expect.stringMatching(/^reports-/) });
  });

  test("a credential cannot have the token sent to a host that the pod's author has not named", async () => {
    const { outcome, body } = await stage.call(reports, `${proxy}/stranger/me`);
    expect(outcome).toBe('502 token_not_requested');
    expect(JSON.parse(body)).toMatchObject({
      detail: expect.stringContaining(`may not be sent to stranger.${namespace}.svc`),
      hint: expect.stringContaining('tokenward.dev/assertion-hosts'),
    });
    const asked = `/api/v1/namespaces/${namespace}/pods/identity:${providerPort}/proxy/asked`;
    const hosts: unknown[] = JSON.parse(await stage.cluster.kubectl(['get', '--raw', asked]));
    expect(new Set(hosts)).toEqual(new Set([host]));
  });

  test("only the sidecar can read it, and the app has no token of the API server's either", async () => {
    const app = ['exec', reports, '--container', 'app', '--', '/workload'];
    await expect(stage.kubectl(...app, 'ls', '/etc/tokenward')).rejects.toThrow('no such file or directory');
    await expect(stage.kubectl(...app, 'ls', '/var/run/secrets/kubernetes.io')).rejects.toThrow('no such file or directory');
    const claims = "JSON.parse(Buffer.from(fs.readFileSync('/etc/tokenward/assertion/token', 'utf8').split('.')[1], 'base64url'))";
    const inSidecar = ['exec', reports, '--container', 'tokenward', '--', '/usr/bin/node', '--print'];
    expect(JSON.parse(await stage.kubectl(...inSidecar, `JSON.stringify(${claims})`))).toMatchObject({ sub: subject, aud: [audience] });
  });

  test('a token for another audience is refused by the provider; a group of the file system keeps it from no sidecar', async () => {
    const securityContext = { fsGroup: 2000, runAsUser: 65_532 };
    await stage.apply([pod('elsewhere', granted('api://elsewhere'), { securityContext })]);
    await stage.kubectl('wait', '--for', 'condition=Ready', 'pod/elsewhere', '--timeout', '60s');
    const { outcome, body } = await eventually(
      () => stage.call('elsewhere', `${proxy}/graph/me`),
      ({ outcome: seen }) => seen !== '503 credential_pending',
    );
    expect(outcome).toBe('502 token_rejected');
    expect(body).toContain('invalid_client');
  });

  test("no pod gets its sidecar a token that the API server would take, by the chart's values or by what the operator's own token is for", async () => {
    const token = await stage.kubectl('create', 'token', 'reports');
    const { aud }: { aud: string[] } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    for (const audienceOfTheApi of ['https://kubernetes.default.svc', ...aud]) {
      const refused = stage.apply([pod('api', granted(audienceOfTheApi))]);
      await expect(refused).rejects.toThrow(/could call the API server of this cluster: write the audience/);
    }
  });

  test('an annotation without the other is refused', async () => {
    const half = pod('half', { 'tokenward.dev/assertion-audience': audience });
    await expect(stage.apply([half])).rejects.toThrow(/comes without tokenward\.dev\/assertion-hosts: name there the hosts/);
  });
});

/** Those of the guide, for the provider and the workload that are here, and a credential whose author would have the token for itself. */
async function manifestsOfGuide(): Promise<string> {
  const guide = await readFile(join(import.meta.dirname, '../../docs/guides/workload-identity.md'), 'utf8');
  const here = guide
    .replaceAll(/https:\/\/(?:login\.microsoftonline\.com|sts\.example)\/\S*token$/gm, `http://${host}/token`)
    .replaceAll(/https:\/\/(?:graph\.microsoft\.com|ledger\.example)\/v1(?:\.0)?$/gm, `http://identity-api.${namespace}.svc/api`)
    .replace('assertion-hosts: "login.microsoftonline.com"', `assertion-hosts: "${host}"`)
    .replace('inject: "graph"', 'inject: "graph, ledger, stranger"')
    .replace(/name: app\n +image: \S+$/m, JSON.stringify(container('app', 'sleep', '3600')));
  const [objects, graph = '', keycloak, ledger] = [...here.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml]) => yaml);
  expect(keycloak).toContain('name: orders');
  const stranger = graph.replace('name: graph', 'name: stranger').replace(`//${host}/`, `//stranger.${namespace}.svc/`);
  return [objects, graph, ledger, stranger].join('---\n');
}

/** By three names, all of which lead to it. */
async function identityProvider(federation: Federation): Promise<readonly object[]> {
  const labels = { app: 'identity' };
  const file = 'provider.mjs';
  const code = await bundleServers(join(import.meta.dirname, 'identity-provider/main.ts'));
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'identity' }, data: { [file]: code } },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'identity', labels },
      spec: {
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'identity',
            image: sidecarImage,
            command: ['/usr/bin/node', `/provider/${file}`, JSON.stringify(federation)],
            readinessProbe: { httpGet: { path: '/asked', port: providerPort }, periodSeconds: 1 },
            securityContext: { ...restricted, runAsUser: 65_532 },
            volumeMounts: [{ name: 'provider', mountPath: '/provider', readOnly: true }],
          },
        ],
        volumes: [{ name: 'provider', configMap: { name: 'identity' } }],
      },
    },
    ...['identity', 'identity-api', 'stranger'].map((name) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { selector: labels, ports: [{ port: 80, targetPort: providerPort }] },
    })),
  ];
}
