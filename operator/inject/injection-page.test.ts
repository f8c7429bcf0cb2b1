import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { podWith, injectionSettings } from '../../test/support/pod.ts';
import { podAnnotations } from '../naming.ts';
import { injectSidecar } from './inject-sidecar.ts';
import { defaultInjectionSettings } from './injection-settings.ts';

const page = await readFile(new URL('../../docs/injection.md', import.meta.url), 'utf8');
const rows = new Map(
  [...page.matchAll(/^\| `(tokenward\.dev\/[^`]+)` \|.*\| ([^|]+) \|$/gm)].map(([, name = '', without = '']) => [name, without]),
);

test('docs/injection.md has one row for each annotation that works', () => {
  const works = Object.values(podAnnotations).filter((name) => {
    const injection = injectSidecar(podWith({}, { [name]: 'x' }), injectionSettings);
    return injection.outcome !== 'denied' || !injection.problems.some((problem) => problem.includes('not supported'));
  });
  expect([...rows.keys()].toSorted()).toEqual(works.toSorted());
});

test('its defaults are those of the settings', () => {
  const { resources, proxyPort, adminPort, logLevel } = defaultInjectionSettings;
  expect(Object.fromEntries(rows)).toEqual({
    [podAnnotations.inject]: 'no sidecar',
    [podAnnotations.proxyPort]: String(proxyPort),
    [podAnnotations.adminPort]: String(adminPort),
    [podAnnotations.logLevel]: `\`${logLevel}\``,
    [podAnnotations.cpuRequest]: resources.cpuRequest,
    [podAnnotations.cpuLimit]: 'none',
    [podAnnotations.memoryRequest]: resources.memoryRequest,
    [podAnnotations.memoryLimit]: resources.memoryLimit,
  });
});
