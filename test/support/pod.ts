import * as fc from 'fast-check';
import { defaultInjectionSettings, type InjectionSettings } from '../../operator/inject/injection-settings.ts';
import { injectSidecar } from '../../operator/inject/inject-sidecar.ts';
import type { Container, Pod } from '../../operator/inject/pod.ts';
import { podAnnotations } from '../../operator/naming.ts';
import { applyJsonPatch } from './apply-json-patch.ts';

export const injectionSettings: InjectionSettings = {
  ...defaultInjectionSettings,
  version: '1.2.3',
  image: 'registry.example/tokenward-sidecar:1.2.3',
};

type Spec = Partial<Pod['spec']>;

/** A pod with one container, which asks for a sidecar. */
export function podWith(spec: Spec = {}, annotations: Readonly<Record<string, string>> = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'app', annotations: { [podAnnotations.inject]: 'lms=lms-admin, iot', ...annotations } },
    spec: { containers: [{ name: 'app', image: 'app:1' }], ...spec },
  };
}

/** The pod as the API server would create it. Throws where it would not. */
export function admitted(pod: Pod, settings: InjectionSettings = injectionSettings): Pod {
  const injection = injectSidecar(pod, settings);
  if (injection.outcome === 'denied') throw new Error(injection.problems.join('; '));
  return injection.outcome === 'untouched' ? pod : applyJsonPatch(pod, injection.patch);
}

/** The API server's question whether a pod may be created. */
export const admissionReview = (object: unknown, request: Readonly<Record<string, unknown>> = {}) => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: {
    uid: 'a-uid',
    operation: 'CREATE',
    namespace: 'hr',
    resource: { group: '', version: 'v1', resource: 'pods' },
    object,
    ...request,
  },
});

const label = fc.stringMatching(/^[a-z]([-a-z0-9]{0,8}[a-z0-9])?$/);
const variableName = fc.oneof(
  fc.stringMatching(/^[A-Z][A-Z_]{0,8}$/),
  fc.constantFrom('TOKENWARD_URL', 'TOKENWARD_LMS_URL', 'TOKENWARD_IOT_A_URL'),
);
const text = fc.string({ maxLength: 12 });

const containerMembers = {
  image: fc.constant('app:1'),
  env: fc.uniqueArray(fc.record({ name: variableName, value: text }), { maxLength: 4, selector: ({ name: key }) => key }),
  ports: fc.array(fc.record({ containerPort: fc.integer({ min: 1, max: 13_999 }) }), { maxLength: 2 }),
  volumeMounts: fc.array(fc.record({ name: fc.constant('data'), mountPath: fc.constantFrom('/a', '/b~c', '/d/e') }), { maxLength: 1 }),
};
const container = (name: fc.Arbitrary<string>): fc.Arbitrary<Container> =>
  fc.record({ name, ...containerMembers }, { requiredKeys: ['name', 'image'] });
const initContainer = (name: fc.Arbitrary<string>): fc.Arbitrary<Container> =>
  fc.record({ name, ...containerMembers, restartPolicy: fc.constant('Always') }, { requiredKeys: ['name', 'image'] });

const appName = label.filter((name) => name !== 'tokenward');
const meshName = fc.constantFrom('istio-init', 'istio-proxy', 'istio-validation', 'linkerd-init', 'linkerd-network-validator');
const list = (one: fc.Arbitrary<Container>, minLength: number): fc.Arbitrary<Container[]> =>
  fc.uniqueArray(one, { minLength, maxLength: 4, selector: ({ name }) => name });

const assertion = fc.record({
  [podAnnotations.assertionAudience]: fc.constantFrom('api://AzureADTokenExchange', 'https://id.example/realms/a'),
  [podAnnotations.assertionHosts]: fc.constantFrom('login.example', '*.login.example, id.example'),
});

/** Pods that ask for sidecars and can have them; without one an API server would accept them. */
export const arbitraryPod: fc.Arbitrary<Pod> = fc
  .record({
    labels: fc.option(fc.dictionary(label, label), { nil: undefined }),
    annotations: fc.dictionary(
      label.map((name) => `example.org/${name}`),
      text,
    ),
    aliases: fc.uniqueArray(fc.oneof(label, fc.constantFrom('lms', 'iot-a')), { minLength: 1, maxLength: 4 }),
    names: fc.array(label, { minLength: 4, maxLength: 4 }),
    containers: list(container(appName), 1),
    initContainers: fc.option(list(initContainer(fc.oneof(appName, meshName)), 0), { nil: undefined }),
    volumes: fc.uniqueArray(label, { maxLength: 3 }),
    assertion: fc.option(assertion, { nil: {} }),
    shareProcessNamespace: fc.option(fc.boolean(), { nil: undefined }),
  })
  .map(({ labels, annotations, aliases, names, containers, initContainers, volumes, assertion: granted, shareProcessNamespace }) => {
    const inits = initContainers?.filter(({ name }) => containers.every((app) => app.name !== name));
    const mounts = [...containers, ...(inits ?? [])].flatMap(({ volumeMounts = [] }) => volumeMounts);
    const volumeNames = new Set([...volumes, ...mounts.map(({ name }) => name)]);
    const entries = aliases.map((alias, index) => `${alias}=${names[index]}`);
    return {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'app', labels, annotations: { ...annotations, ...granted, [podAnnotations.inject]: entries.join(', ') } },
      spec: {
        containers,
        initContainers: inits,
        volumes: volumeNames.size === 0 ? undefined : [...volumeNames].map((name) => ({ name, emptyDir: {} })),
        shareProcessNamespace,
      },
    };
  })
  // As it comes over the wire: what is undefined is not there.
  .map((pod) => JSON.parse(JSON.stringify(pod)) as Pod);
