import { expect, test } from 'vitest';
import { admitted, injectionSettings, podWith } from '../../test/support/pod.ts';
import { injectSidecar } from './inject-sidecar.ts';
import type { Pod } from './pod.ts';

const inject = (pod: Pod) => injectSidecar(pod, injectionSettings);

function problems(pod: Pod): readonly string[] {
  const injection = inject(pod);
  return injection.outcome === 'denied' ? injection.problems : [];
}

test('a pod without the annotation is left alone, whatever else it is', () => {
  const pod: Pod = { spec: { hostNetwork: true, containers: [{ name: 'tokenward' }] } };
  expect(inject(pod)).toEqual({ outcome: 'untouched', warnings: [] });
});

test('the sidecar is a native one, restricted, with resources and probes', () => {
  expect(admitted(podWith()).spec.initContainers).toEqual([
    {
      name: 'tokenward',
      image: 'registry.example/tokenward-sidecar:1.2.3',
      imagePullPolicy: 'IfNotPresent',
      restartPolicy: 'Always',
      args: '--config-dir /etc/tokenward/credentials --alias lms --alias iot --proxy-port 14080 --admin-port 14081 --log-level info'.split(
        ' ',
      ),
      ports: [{ name: 'tokenward-admin', containerPort: 14_081, protocol: 'TCP' }],
      resources: { requests: { cpu: '10m', memory: '64Mi' }, limits: { memory: '128Mi' } },
      securityContext: {
        runAsNonRoot: true,
        runAsUser: 14_080,
        runAsGroup: 14_080,
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        privileged: false,
        capabilities: { drop: ['ALL'] },
        seccompProfile: { type: 'RuntimeDefault' },
      },
      volumeMounts: [
        { name: 'tokenward-credentials', mountPath: '/etc/tokenward/credentials', readOnly: true },
        { name: 'tokenward-no-api-token', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true },
      ],
      startupProbe: { httpGet: { path: '/readyz', port: 14_081 }, periodSeconds: 1, timeoutSeconds: 1, failureThreshold: 60 },
      livenessProbe: { httpGet: { path: '/healthz', port: 14_081 }, periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 6 },
      terminationMessagePolicy: 'FallbackToLogsOnError',
    },
  ]);
});

test('one volume holds a file per alias from optional Secrets, and another one nothing', () => {
  const item = (alias: string) => [{ key: 'credential.json', path: `${alias}.json` }];
  expect(admitted(podWith()).spec.volumes).toEqual([
    {
      name: 'tokenward-credentials',
      projected: {
        defaultMode: 0o444,
        sources: [
          { secret: { name: 'tokenward-lms-admin', optional: true, items: item('lms') } },
          { secret: { name: 'tokenward-iot', optional: true, items: item('iot') } },
        ],
      },
    },
    { name: 'tokenward-no-api-token', projected: { defaultMode: 0o444, sources: [] } },
  ]);
});

const assertion = {
  'tokenward.dev/assertion-audience': 'api://AzureADTokenExchange',
  'tokenward.dev/assertion-hosts': 'login.example, *.acme.example',
};

test('a token of the service account that the annotations grant is mounted in the sidecar alone, which is told where it may go', () => {
  const { spec } = admitted(podWith({ automountServiceAccountToken: false }, assertion));
  const serviceAccountToken = { audience: 'api://AzureADTokenExchange', expirationSeconds: 3600, path: 'token' };
  expect(spec.volumes?.at(-1)).toEqual({
    name: 'tokenward-assertion',
    projected: { defaultMode: 0o444, sources: [{ serviceAccountToken }] },
  });
  const [sidecar] = spec.initContainers ?? [];
  expect(sidecar?.volumeMounts?.at(-1)).toEqual({ name: 'tokenward-assertion', mountPath: '/etc/tokenward/assertion', readOnly: true });
  const granted = '--assertion-file /etc/tokenward/assertion/token --assertion-host login.example --assertion-host *.acme.example';
  expect(sidecar?.['args']).toEqual(
    `--config-dir /etc/tokenward/credentials --alias lms --alias iot ${granted} --proxy-port 14080 --admin-port 14081 --log-level info`.split(
      ' ',
    ),
  );
  expect(spec.containers[0]?.volumeMounts).toBeUndefined();
});

test('only the sidecar mounts the credentials', () => {
  const pod = admitted(podWith({ initContainers: [{ name: 'init' }] }));
  const others = [...(pod.spec.initContainers ?? []), ...pod.spec.containers].filter(({ name }) => name !== 'tokenward');
  expect(others.flatMap(({ volumeMounts = [] }) => volumeMounts)).toEqual([]);
});

test('the cluster chooses the user where the settings name none', () => {
  const injection = inject(podWith());
  const settings = { ...injectionSettings, runAsUser: undefined };
  expect(injection.outcome).toBe('injected');
  const [sidecar] = admitted(podWith(), settings).spec.initContainers ?? [];
  expect(sidecar?.['securityContext']).not.toHaveProperty('runAsUser');
  expect(sidecar?.['securityContext']).not.toHaveProperty('runAsGroup');
});

test('ports, log level and resources of the annotations reach the container and the variables', () => {
  const annotations = {
    'tokenward.dev/proxy-port': '15080',
    'tokenward.dev/admin-port': '15081',
    'tokenward.dev/log-level': 'debug',
    'tokenward.dev/cpu-limit': '500m',
  };
  const { spec } = admitted(podWith({}, annotations));
  expect(spec.initContainers?.[0]).toMatchObject({
    args: expect.arrayContaining(['15080', '15081', 'debug']) as unknown,
    ports: [{ containerPort: 15_081 }],
    startupProbe: { httpGet: { port: 15_081 } },
    resources: { limits: { cpu: '500m', memory: '128Mi' } },
  });
  expect(spec.containers[0]?.env?.[0]).toEqual({ name: 'TOKENWARD_URL', value: 'http://127.0.0.1:15080' });
});

test('variables come before the own ones of a container, which may refer to them, and never in place of one', () => {
  const env = [
    { name: 'LMS', value: '$(TOKENWARD_LMS_URL)/odatav4' },
    { name: 'TOKENWARD_IOT_URL', value: 'http://elsewhere' },
  ];
  expect(admitted(podWith({ containers: [{ name: 'app', env }] })).spec.containers[0]?.env).toEqual([
    { name: 'TOKENWARD_URL', value: 'http://127.0.0.1:14080' },
    { name: 'TOKENWARD_LMS_URL', value: 'http://127.0.0.1:14080/lms' },
    ...env,
  ]);
});

test('the pod is marked with what was injected', () => {
  expect(admitted(podWith()).metadata).toMatchObject({
    annotations: {
      'tokenward.dev/status': '{"version":"1.2.3","image":"registry.example/tokenward-sidecar:1.2.3","aliases":["lms","iot"]}',
    },
    labels: { 'tokenward.dev/injected': 'true' },
  });
});

test.each([
  ['first', ['migrate', 'seed'], ['tokenward', 'migrate', 'seed']],
  ['after a service mesh', ['istio-init', 'istio-proxy', 'migrate'], ['istio-init', 'istio-proxy', 'tokenward', 'migrate']],
  ['last where there is nothing but a service mesh', ['linkerd-init'], ['linkerd-init', 'tokenward']],
  ["before what only sounds like a mesh's", ['my-istio-job'], ['tokenward', 'my-istio-job']],
  ["before a mesh's container that comes late", ['migrate', 'istio-validation'], ['tokenward', 'migrate', 'istio-validation']],
])('the sidecar starts %s', (_, before, after) => {
  const pod = admitted(podWith({ initContainers: before.map((name) => ({ name })) }));
  expect(pod.spec.initContainers?.map(({ name }) => name)).toEqual(after);
});

test("a service mesh's containers get no variables, wherever they are", () => {
  const inits = [{ name: 'istio-init' }, { name: 'migrate' }, { name: 'linkerd-late' }];
  const { spec } = admitted(podWith({ initContainers: inits, containers: [{ name: 'app' }, { name: 'istio-proxy' }] }));
  const given = [...(spec.initContainers ?? []), ...spec.containers].filter(({ env }) => env !== undefined);
  expect(given.map(({ name }) => name)).toEqual(['migrate', 'app']);
});

test.each(['shareProcessNamespace', 'hostPID'])('%s is admitted with a warning, at every invocation', (field) => {
  const warnings = [`${field}: root in another container of this pod can read the Tokenward sidecar's files and memory`];
  const pod = podWith({ [field]: true });
  expect(inject(pod)).toMatchObject({ outcome: 'injected', warnings });
  expect(inject(admitted(pod))).toEqual({ outcome: 'untouched', warnings });
});

const mend = 'remove the annotation tokenward.dev/inject';
const hostNetwork = `the pod uses the node's network (hostNetwork), where every process of the node could call the sidecar: remove hostNetwork, or the annotation tokenward.dev/inject`;
const windows = `the pod runs on Windows, for which there is no sidecar: ${mend}`;
const foreign = (list: string): string =>
  `the pod has a container named tokenward in spec.${list}, which is the name of the sidecar: rename it`;
const taken = (port: number, use: string): string =>
  `the container app uses port ${port}, which is that of the sidecar's ${use}: set the annotation tokenward.dev/${use.replace(' ', '-')}`;

test.each<[string, Partial<Pod['spec']>, string]>([
  ["the node's network", { hostNetwork: true }, hostNetwork],
  ['Windows', { os: { name: 'windows' } }, windows],
  ['a node selector for Windows', { nodeSelector: { 'kubernetes.io/os': 'windows' } }, windows],
  ['a container of our name', { containers: [{ name: 'tokenward' }] }, foreign('containers')],
  ['an init container of our name', { initContainers: [{ name: 'tokenward' }] }, foreign('initContainers')],
  [
    'a volume of our name',
    { volumes: [{ name: 'tokenward-credentials' }] },
    "the pod has a volume named tokenward-credentials, which is the name of the sidecar's: rename it",
  ],
  [
    "a volume of our empty one's name",
    { volumes: [{ name: 'tokenward-no-api-token' }] },
    "the pod has a volume named tokenward-no-api-token, which is the name of the sidecar's: rename it",
  ],
  [
    "a volume of our assertion's name",
    { volumes: [{ name: 'tokenward-assertion' }] },
    "the pod has a volume named tokenward-assertion, which is the name of the sidecar's: rename it",
  ],
  [
    "our proxy port in another's native sidecar",
    { initContainers: [{ name: 'app', restartPolicy: 'Always', ports: [{ containerPort: 14_080 }] }] },
    `${taken(14_080, 'proxy')}-port to a free port`,
  ],
  [
    'our proxy port',
    { containers: [{ name: 'app', ports: [{ containerPort: 14_080 }] }] },
    `${taken(14_080, 'proxy')}-port to a free port`,
  ],
  [
    'our admin port',
    { containers: [{ name: 'app', ports: [{ containerPort: 14_081 }] }] },
    `${taken(14_081, 'admin port')} to a free port`,
  ],
])('a pod with %s is refused with the mend', (_, spec, problem) => {
  expect(problems(podWith(spec))).toEqual([problem]);
});

test('a static pod is refused', () => {
  expect(problems(podWith({}, { 'kubernetes.io/config.mirror': 'x' }))).toEqual([
    'the pod is static, and no static pod can have Secrets: remove the annotation tokenward.dev/inject from its manifest',
  ]);
});

test('a port that is ours for UDP only is no conflict', () => {
  expect(problems(podWith({ containers: [{ name: 'app', ports: [{ containerPort: 14_080, protocol: 'UDP' }] }] }))).toEqual([]);
});

test('what is wrong with annotations and with the pod is told at once', () => {
  expect(problems(podWith({ hostNetwork: true }, { 'tokenward.dev/log-level': 'loud' }))).toHaveLength(2);
});

test('the sidecar moved among the ordinary containers is refused: there it would never let a Job end', () => {
  const pod = admitted(podWith());
  pod.spec.containers.push(...(pod.spec.initContainers?.splice(0) ?? []));
  expect(problems(pod)).toEqual([foreign('containers')]);
});

test.each(['containers', 'initContainers'] as const)(
  'one of the %s that another webhook let mount the credentials or the service account token is refused',
  (list) => {
    for (const volume of ['tokenward-credentials', 'tokenward-assertion']) {
      const pod = admitted(podWith({}, assertion));
      pod.spec[list]?.push({ name: 'agent', volumeMounts: [{ name: volume, mountPath: '/x' }] });
      expect(problems(pod)).toEqual([expect.stringContaining(`the container agent mounts the volume ${volume}`)]);
    }
  },
);

test('a damaged sidecar is restored without its image, arguments and variables being touched', () => {
  const pod = admitted(podWith({ initContainers: [{ name: 'migrate' }] }));
  const [sidecar] = pod.spec.initContainers?.splice(0, 1) ?? [];
  pod.spec.initContainers?.push({ name: 'tokenward', image: 'mirror.example/sidecar', args: sidecar?.['args'], volumeMounts: [] });
  delete pod.spec.containers[0]?.env;
  expect(inject(pod)).toMatchObject({
    outcome: 'restored',
    patch: [
      { op: 'add', path: '/spec/initContainers/1/restartPolicy', value: 'Always' },
      { op: 'add', path: '/spec/initContainers/1/volumeMounts/-' },
      { op: 'add', path: '/spec/initContainers/1/volumeMounts/-' },
      { op: 'move', from: '/spec/initContainers/1', path: '/spec/initContainers/0' },
    ],
  });
});
