import { expect, test } from 'vitest';
import { parseSettings } from './parse-settings.ts';

const parse = (text: string) => parseSettings(text, '1.2.3');
const image = 'image: registry.example/tokenward/sidecar:1.2.3';

test('only the image has no default', () => {
  expect(parse(image)).toEqual({
    ok: true,
    settings: {
      version: '1.2.3',
      image: 'registry.example/tokenward/sidecar:1.2.3',
      imagePullPolicy: 'IfNotPresent',
      // The chart names one unless the cluster is to choose.
      runAsUser: undefined,
      resources: { cpuRequest: '10m', cpuLimit: undefined, memoryRequest: '64Mi', memoryLimit: '128Mi' },
      proxyPort: 14_080,
      adminPort: 14_081,
      logLevel: 'info',
    },
  });
});

test('all can be set', () => {
  const text = `
${image}
imagePullPolicy: Always
runAsUser: 1001
resources: {cpuRequest: 20m, cpuLimit: "1", memoryRequest: 100Mi, memoryLimit: 200Mi}
proxyPort: 15080
adminPort: 15081
logLevel: warn
`;
  expect(parse(text)).toEqual({
    ok: true,
    settings: {
      version: '1.2.3',
      image: 'registry.example/tokenward/sidecar:1.2.3',
      imagePullPolicy: 'Always',
      runAsUser: 1001,
      resources: { cpuRequest: '20m', cpuLimit: '1', memoryRequest: '100Mi', memoryLimit: '200Mi' },
      proxyPort: 15_080,
      adminPort: 15_081,
      logLevel: 'warn',
    },
  });
});

test.each([
  ['nothing', '', 'the file: '],
  ['no YAML', 'a: [', 'the file: '],
  ['no image', 'logLevel: info', 'image: '],
  ['a member that does not exist', `${image}\nimagePulPolicy: Always`, 'imagePulPolicy'],
  ['root', `${image}\nrunAsUser: 0`, 'runAsUser: '],
  ['no quantity', `${image}\nresources: {memoryLimit: 1 GB}`, 'resources.memoryLimit: must be a Kubernetes quantity'],
  ['a request above its limit', `${image}\nresources: {memoryRequest: 1Gi}`, 'resources.memoryRequest: must not be more than memoryLimit'],
  ['a privileged port', `${image}\nproxyPort: 80`, 'proxyPort: '],
  ['one port for both uses', `${image}\nproxyPort: 14081`, 'adminPort: must differ from proxyPort'],
])('settings with %s are refused with the place', (_, text, message) => {
  expect(parse(text)).toEqual({ ok: false, message: expect.stringContaining(message) as unknown });
});
