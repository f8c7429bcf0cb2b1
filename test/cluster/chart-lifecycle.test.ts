import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fieldManager } from '../../operator/naming.ts';
import { chart, ChartStage, namespace } from './chart-stage.ts';
import type { Cluster } from './cluster.ts';
import { requireCluster } from './require-cluster.ts';

const provider = requireCluster({ nodes: false, purpose: 'to install, upgrade and remove the chart' });
const webhook = `mutatingwebhookconfiguration/${namespace}-tokenward`;
const caBundle = Buffer.from('-----BEGIN CERTIFICATE-----\n').toString('base64');

describe.skipIf(provider === undefined)('a release of the chart', () => {
  let cluster: Cluster;
  let stage: ChartStage;
  let predecessor = '';

  beforeAll(async () => {
    if (provider === undefined) return;
    cluster = await provider.start();
    stage = new ChartStage(cluster);
    await stage.prepare();
    predecessor = await makePredecessor();
  });

  afterAll(async () => {
    await cluster?.stop();
    if (predecessor !== '') await rm(predecessor, { recursive: true });
  });

  const get = async (object: string, path: string, ...where: readonly string[]): Promise<string> =>
    cluster.kubectl(['get', object, ...where, '--output', `jsonpath={${path}}`]);
  const own = ['--namespace', namespace];

  /** What the operator writes into objects that the release has made. */
  async function writeAsOperator(): Promise<void> {
    const patch = async (object: string, body: object, ...where: readonly string[]): Promise<void> => {
      await cluster.kubectl([
        'patch',
        object,
        ...where,
        '--type',
        'strategic',
        '--field-manager',
        fieldManager,
        '--patch',
        JSON.stringify(body),
      ]);
    };
    await patch(webhook, { webhooks: [{ name: 'inject.tokenward.dev', clientConfig: { caBundle } }] });
    await patch('secret/tokenward-webhook-certificate', { stringData: { 'ca.crt': 'a certificate' } }, ...own);
    await patch('lease/tokenward', { spec: { holderIdentity: 'a-replica' } }, ...own);
  }

  async function whatTheOperatorWrote(): Promise<readonly string[]> {
    return [
      await get(webhook, '.webhooks[0].clientConfig.caBundle'),
      await get('secret/tokenward-webhook-certificate', '.data', ...own),
      await get('lease/tokenward', '.spec.holderIdentity', ...own),
    ];
  }

  test('is upgraded and rolled back, and leaves to the operator what the operator wrote', async () => {
    await stage.helm('install tokenward', [], predecessor);
    expect(await get('deployment/tokenward', '.spec.template.spec.containers[0].image', ...own)).toMatch(/:0\.0\.1$/);
    await writeAsOperator();
    const written = await whatTheOperatorWrote();
    expect(written).toEqual([caBundle, expect.stringContaining('ca.crt'), 'a-replica']);

    await stage.helm('upgrade tokenward', ['sidecar.logLevel=debug']);
    expect(await get('deployment/tokenward', '.spec.template.spec.containers[0].image', ...own)).not.toMatch(/:0\.0\.1$/);
    expect(await whatTheOperatorWrote()).toEqual(written);

    await cluster.helm(['rollback', 'tokenward', '1', ...own]);
    expect(await get('deployment/tokenward', '.spec.template.spec.containers[0].image', ...own)).toMatch(/:0\.0\.1$/);
    expect(await whatTheOperatorWrote()).toEqual(written);
  });

  test('is removed, and leaves nothing but the definition of credentials, and the credentials', async () => {
    const credential = {
      apiVersion: 'tokenward.dev/v1alpha1',
      kind: 'OAuth2Credential',
      metadata: { name: 'lms', namespace: 'hr' },
      spec: {
        upstream: { url: 'https://api.example' },
        tokenEndpoint: { url: 'https://login.example/token' },
        client: { id: 'client', secretRef: { name: 'lms' } },
      },
    };
    await stage.apply([credential]);
    await cluster.helm(['uninstall', 'tokenward', ...own]);
    expect(await stage.labelled('app.kubernetes.io/instance=tokenward')).toEqual([]);
    expect(await cluster.kubectl(['get', 'secrets,leases,configmaps', ...own, '--output', 'name'])).not.toMatch(/tokenward/);
    expect(await cluster.kubectl(['get', 'o2c', '--all-namespaces', '--output', 'name'])).toBe('oauth2credential.tokenward.dev/lms\n');
  });

  test('is installed anew beside what an earlier one left', async () => {
    await stage.helm('install tokenward');
    expect(await cluster.kubectl(['get', 'o2c', '--all-namespaces', '--output', 'name'])).toBe('oauth2credential.tokenward.dev/lms\n');
  });
});

/** The chart as it was a version ago, with its images, in a folder that the caller removes. */
async function makePredecessor(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tokenward-chart-'));
  await cp(chart, folder, { recursive: true });
  const file = join(folder, 'Chart.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replaceAll(/^(version|appVersion): .*$/gm, '$1: 0.0.1'));
  return folder;
}
