import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { version } from '../../crds/version.ts';
import { defaultInjectionSettings } from '../../operator/inject/injection-settings.ts';
import { parseSettings } from '../../operator/inject/parse-settings.ts';
import { parseOptions } from '../../operator/parse-options.ts';
import { chart, ChartStage, type Manifest, namespace } from './chart-stage.ts';
import type { Cluster } from './cluster.ts';
import { requireCluster } from './require-cluster.ts';

const digest = `sha256:${'a1'.repeat(32)}`;
const provider = requireCluster({ nodes: false, purpose: "to show the chart's manifests to a real API server" });

/** Values that may be taken away: a key without a value in a file of values does that. */
const emptyValues = [
  'nameOverride',
  'fullnameOverride',
  'watchNamespaces',
  'imagePullSecrets',
  'operator.image.registry',
  'operator.image.tag',
  'operator.image.digest',
  'operator.runAsUser',
  'operator.resources',
  'operator.priorityClassName',
  'operator.nodeSelector',
  'operator.tolerations',
  'operator.affinity',
  'operator.podAnnotations',
  'operator.podLabels',
  'sidecar.image.registry',
  'sidecar.image.tag',
  'sidecar.image.digest',
  'sidecar.runAsUser',
  'sidecar.resources.cpuRequest',
  'sidecar.resources.cpuLimit',
  'sidecar.resources.memoryRequest',
  'sidecar.resources.memoryLimit',
  'sidecar.apiAudiences',
  'webhook.excludedNamespaces',
  'webhook.certificates.issuerRef.name',
  'serviceAccount.name',
  'serviceAccount.annotations',
  'serviceMonitor.labels',
  'podMonitor.labels',
  'prometheusRule.labels',
  'grafanaDashboard.labels',
  'grafanaDashboard.annotations',
] as const;

/** As documented in values.yaml: everything on its own, and what meets in the same template. */
const combinations: Readonly<Record<string, readonly string[]>> = {
  'by default': [],
  'in two namespaces only': ['watchNamespaces={hr,iot}'],
  'with cert-manager and its own issuer': ['webhook.certificates.source=CertManager'],
  "with cert-manager and the cluster's issuer": [
    'webhook.certificates.source=CertManager',
    'webhook.certificates.issuerRef.name=internal',
    'webhook.certificates.issuerRef.kind=ClusterIssuer',
  ],
  'in two namespaces only, with cert-manager': ['watchNamespaces={hr,iot}', 'webhook.certificates.source=CertManager'],
  'on OpenShift, which gives out the ids': ['operator.runAsUser=null', 'sidecar.runAsUser=null'],
  'with images by digest from a mirror': [
    'operator.image.registry=mirror.example:5000/docker-hub',
    `operator.image.digest=${digest}`,
    'sidecar.image.registry=mirror.example:5000/docker-hub',
    `sidecar.image.digest=${digest}`,
    'imagePullSecrets[0].name=mirror',
  ],
  'with one replica': ['operator.replicas=1'],
  'with all that may be on': [
    'serviceMonitor.enabled=true',
    'serviceMonitor.labels.release=prometheus',
    'podMonitor.enabled=true',
    'podMonitor.labels.release=prometheus',
    'prometheusRule.enabled=true',
    'prometheusRule.labels.release=prometheus',
    'grafanaDashboard.enabled=true',
    'grafanaDashboard.annotations.grafana_folder=Platform',
    'operator.priorityClassName=system-cluster-critical',
    'operator.nodeSelector.kubernetes\\.io/os=linux',
    'operator.tolerations[0].operator=Exists',
    'operator.podAnnotations.example\\.com/note=x',
    'operator.podLabels.team=platform',
    'serviceAccount.annotations.example\\.com/note=x',
    'sidecar.resources.cpuLimit=1',
    'webhook.excludedNamespaces={monitoring}',
    'sidecar.apiAudiences={https://api.example}',
  ],
  'with what watches over it, in two namespaces only': [
    'watchNamespaces={hr,iot}',
    'podMonitor.enabled=true',
    'prometheusRule.enabled=true',
    'grafanaDashboard.enabled=true',
  ],
  'with nothing where nothing need be': emptyValues.map((path) => `${path}=null`),
  'with all that may be off': [
    'crds.upgrade=false',
    'admissionPolicy.enabled=false',
    'networkPolicy.enabled=false',
    'operator.podDisruptionBudget.enabled=false',
    'serviceAccount.create=false',
    'serviceAccount.name=ready-made',
    'rbac.create=false',
  ],
  'without aggregated roles, under another name': ['rbac.aggregate=false', 'fullnameOverride=oauth'],
};

describe.skipIf(provider === undefined)('the chart', () => {
  let cluster: Cluster;
  let stage: ChartStage;

  beforeAll(async () => {
    if (provider === undefined) return;
    cluster = await provider.start();
    stage = new ChartStage(cluster);
    await stage.prepare();
  });

  afterAll(() => cluster?.stop());

  test.each(Object.entries(combinations))('%s: passes the linter, and each manifest passes a real API server', async (_name, values) => {
    expect(await stage.helm('lint --strict', values)).toContain('0 chart(s) failed');
    const manifests = await stage.template(...values);
    // What an API server only warns of is no pass either.
    const said = await stage.apply(manifests, '--dry-run=server', '--validate=strict', '--warnings-as-errors');
    expect(said).toHaveLength(manifests.length);
  });

  test('refuses values that it does not know, and says which', async () => {
    await expect(stage.template('operator.replica=3')).rejects.toThrow(/replica/);
    await expect(stage.template('sidecar.image.digest=sha256:short')).rejects.toThrow(/digest/);
  });

  test.each([
    ['operator.image=null', /missing property 'image'/],
    ['sidecar=null', /missing property 'sidecar'/],
    ['sidecar.proxyPort=14081', /sidecar\.proxyPort and sidecar\.adminPort are both 14081: set one to another port/],
    ['webhook.port=8081', /webhook\.port and health\.port are both 8081: set one to another port/],
    [
      'webhook.certificates.issuerRef.name=internal',
      /issuerRef\.name is set and not used: set webhook\.certificates\.source to CertManager/,
    ],
    ['watchNamespaces={hr,kube-system}', /watchNamespaces names kube-system, whose pods never get a sidecar/],
    [`watchNamespaces={${namespace}}`, /watchNamespaces names tokenward-system, whose pods never get a sidecar/],
  ])('refuses %s, and says what is wrong', async (value, message) => {
    await expect(stage.template(value)).rejects.toThrow(message);
  });

  test('hands the dashboard and the alerts on as they are in its files', async () => {
    const file = (name: string): Promise<string> => readFile(join(chart, 'files', name), 'utf8');
    const { spec } = await stage.templateOf<Manifest & { spec: unknown }>('PrometheusRule', 'prometheusRule.enabled=true');
    expect(spec).toEqual(parse(await file('alerts.yaml')));
    const manifests = await stage.template<Manifest & { data: Readonly<Record<string, string>> }>('grafanaDashboard.enabled=true');
    const dashboard = manifests.find(({ metadata }) => metadata.labels?.['grafana_dashboard'] === '1');
    expect(JSON.parse(dashboard?.data['tokenward.json'] ?? '')).toEqual(JSON.parse(await file('dashboard.json')));
  });

  test('gives the operator the settings that it has by itself, unless values say otherwise', async () => {
    const settings = async (...values: string[]): Promise<unknown> => {
      const { data } = await stage.templateOf<Manifest & { data: { 'settings.json': string } }>('ConfigMap', ...values);
      return parseSettings(data['settings.json'], version);
    };
    const defaults = { ...defaultInjectionSettings, image: `docker.io/tokenward/sidecar:${version}`, version };
    expect(await settings()).toEqual({ ok: true, settings: defaults });
    const resources = { ...defaults.resources, cpuLimit: '2' };
    expect(await settings('sidecar.resources.cpuLimit=2')).toEqual({ ok: true, settings: { ...defaults, resources } });
    const apiAudiences = ['https://api.example', 'https://api'];
    expect(await settings('sidecar.apiAudiences={https://api.example,https://api}')).toEqual({
      ok: true,
      settings: { ...defaults, apiAudiences },
    });
    expect(await settings('sidecar.runAsUser=null')).toEqual({ ok: true, settings: { ...defaults, runAsUser: undefined } });
  });

  test.each(Object.entries(combinations))('%s: the operator understands its command line', async (_name, values) => {
    const { spec } = await stage.templateOf<
      Manifest & { spec: { template: { spec: { containers: readonly { args: readonly string[] }[] } } } }
    >('Deployment', ...values);
    const args = spec.template.spec.containers[0]?.args.map((arg) => arg.replace('$(POD_NAME)', 'tokenward-7d4b9c-x2x4x'));
    expect(parseOptions(args ?? [])).toMatchObject({ ok: true, options: { namespace, webhook: { port: 8443 } } });
  });
});

test('the chart and what it installs have the version of the package', async () => {
  expect(parse(await readFile(join(chart, 'Chart.yaml'), 'utf8'))).toMatchObject({ version, appVersion: version });
});

test('every value has a description, and values.yaml names every value', async () => {
  const schema = JSON.parse(await readFile(join(chart, 'values.schema.json'), 'utf8')) as Schema;
  const values: unknown = parse(await readFile(join(chart, 'values.yaml'), 'utf8'));
  const described = describedValues(schema, '').filter((path) => path !== '.global');
  expect(described.length).toBeGreaterThan(50);
  expect(namesIn(values, schema, '')).toEqual(described);
});

test('every other value is required, so that none is missing without a word', async () => {
  const schema = JSON.parse(await readFile(join(chart, 'values.schema.json'), 'utf8')) as Schema;
  expect(optionalValues(schema, '')).toEqual(['global', ...emptyValues].toSorted());
});

interface Schema {
  readonly description?: string;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
}

function describedValues({ description = '', properties = {} }: Schema, path: string): readonly string[] {
  expect(description, `the description of ${path}`).toMatch(/^[A-Z].{10,}\.$/);
  return [path, ...Object.entries(properties).flatMap(([name, inner]) => describedValues(inner, `${path}.${name}`))];
}

function optionalValues({ properties = {}, required = [] }: Schema, path: string): readonly string[] {
  const found = Object.entries(properties).flatMap(([name, inner]) => [
    ...(required.includes(name) ? [] : [`${path}${name}`]),
    ...optionalValues(inner, `${path}${name}.`),
  ]);
  return found.toSorted();
}

/** As deep as the schema names fields; what is deeper is Kubernetes'. */
function namesIn(value: unknown, { properties }: Schema, path: string): readonly string[] {
  if (properties === undefined) return [path];
  return [path, ...Object.entries(value as object).flatMap(([name, inner]) => namesIn(inner, properties[name] ?? {}, `${path}.${name}`))];
}
