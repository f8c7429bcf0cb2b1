import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { demoPorts } from '../ports.ts';
import { bundleServers } from './bundle-servers.ts';
import { restricted } from './workload-objects.ts';
import { controlPort } from './servers/control.ts';

const examples = join(import.meta.dirname, '../../examples');
export const serversPod = 'demo-servers';
const bundleName = 'servers.mjs';

/** The Service in front of each server. */
const services = {
  'learning-tokens': demoPorts.learningTokenServer,
  'learning-api': demoPorts.learningApi,
  'iot-tokens': demoPorts.iotTokenServer,
  'iot-api': demoPorts.iotApi,
} as const;

/** The demo's servers in a pod, a Service in front of each; `image` is one that has Node at /usr/bin/node, as the sidecar's does. */
export async function serverObjects(image: string): Promise<readonly object[]> {
  const labels = { app: serversPod };
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: serversPod }, data: { [bundleName]: await bundleServers() } },
    {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: serversPod, labels },
      spec: {
        automountServiceAccountToken: false,
        terminationGracePeriodSeconds: 1,
        containers: [
          {
            name: 'servers',
            image,
            command: ['/usr/bin/node', `/servers/${bundleName}`, '$(POD_IP)'],
            env: [{ name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } }],
            readinessProbe: { httpGet: { path: '/counts', port: controlPort }, periodSeconds: 1 },
            securityContext: { ...restricted, runAsUser: 65_532 },
            volumeMounts: [{ name: 'servers', mountPath: '/servers', readOnly: true }],
          },
        ],
        volumes: [{ name: 'servers', configMap: { name: serversPod } }],
      },
    },
    ...Object.entries(services).map(([name, targetPort]) => ({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name },
      spec: { selector: labels, ports: [{ port: 80, targetPort }] },
    })),
  ];
}

/** The manifests in examples/, with the in-cluster names of the servers in the place of loopback. */
export async function examplesFor(namespace: string): Promise<string> {
  const files = (await readdir(examples)).filter((file) => file.endsWith('.yaml'));
  const texts = await Promise.all(files.map((file) => readFile(join(examples, file), 'utf8')));
  let manifests = texts.join('\n---\n').replaceAll('allowed-hosts: 127.0.0.1', `allowed-hosts: "*.${namespace}.svc"`);
  for (const [name, port] of Object.entries(services)) {
    manifests = manifests.replaceAll(`url: http://127.0.0.1:${port}`, `url: http://${name}.${namespace}.svc`);
  }
  return manifests;
}
