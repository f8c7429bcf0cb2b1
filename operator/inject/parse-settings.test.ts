import { expect, test } from 'vitest';
import { parseSettings } from './parse-settings.ts';

const image = 'registry.example/tokenward/sidecar:1.2.3';
const parse = (settings: object) => parseSettings(JSON.stringify(settings), '1.2.3');

test('only the image has no default', () => {
  expect(parse({ image })).toEqual({
    ok: true,
    settings: {
      version: '1.2.3',
      image,
      imagePullPolicy: 'IfNotPresent',
      // The chart names one unless the cluster is to choose.
      runAsUser: undefined,
      resources: { cpuRequest: '10m', cpuLimit: undefined, memoryRequest: '64Mi', memoryLimit: '128Mi' },
      proxyPort: 14_080,
      adminPort: 14_081,
      logLevel: 'info',
      apiAudiences: ['https://kubernetes.default.svc.cluster.local', 'https://kubernetes.default.svc', 'kubernetes.default.svc'],
    },
  });
});

test('all can be set', () => {
  const all = {
    image,
    imagePullPolicy: 'Always',
    runAsUser: 1001,
    resources: { cpuRequest: '20m', cpuLimit: '1', memoryRequest: '100Mi', memoryLimit: '200Mi' },
    proxyPort: 15_080,
    adminPort: 15_081,
    logLevel: 'warn',
    apiAudiences: ['https://api.example'],
  };
  expect(parse(all)).toEqual({ ok: true, settings: { version: '1.2.3', ...all } });
});

test.each(['', '{', '[]'])('a file that holds %j is refused', (text) => {
  expect(parseSettings(text, '1.2.3')).toEqual({ ok: false, message: expect.stringContaining('the file: ') as unknown });
});

test.each([
  ['no image', { image: undefined }, 'image: '],
  ['a member that does not exist', { imagePulPolicy: 'Always' }, 'imagePulPolicy'],
  ['root', { runAsUser: 0 }, 'runAsUser: '],
  ['no quantity', { resources: { memoryLimit: '1 GB' } }, 'resources.memoryLimit: must be a Kubernetes quantity'],
  ['a request above its limit', { resources: { memoryRequest: '1Gi' } }, 'resources.memoryRequest: must not be more than memoryLimit'],
  [
    'too little memory',
    { resources: { memoryLimit: '32Mi' } },
    'resources.memoryLimit: must be 48Mi at least, for with less the sidecar cannot start',
  ],
  ['a privileged port', { proxyPort: 80 }, 'proxyPort: '],
  ['one port for both uses', { proxyPort: 14_081 }, 'adminPort: must differ from proxyPort'],
])('settings with %s are refused with the place', (_, change, message) => {
  expect(parse({ image, ...change })).toEqual({ ok: false, message: expect.stringContaining(message) as unknown });
});
