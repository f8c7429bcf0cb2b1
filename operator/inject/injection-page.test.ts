import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { parseAllDocuments } from 'yaml';
import { injectionSettings } from '../../test/support/pod.ts';
import { podAnnotations } from '../naming.ts';
import { injectSidecar } from './inject-sidecar.ts';
import { defaultInjectionSettings } from './injection-settings.ts';
import { podSchema, type Pod } from './pod.ts';

const docs = join(import.meta.dirname, '../../docs');
const page = await readFile(join(docs, 'injection.md'), 'utf8');
const rows = new Map(
  [...page.matchAll(/^\| `(tokenward\.dev\/[^`]+)` \|.*\| ([^|]+) \|$/gm)].map(([, name = '', without = '']) => [name, without]),
);

test('docs/injection.md has one row for each annotation', () => {
  expect([...rows.keys()].toSorted()).toEqual(Object.values(podAnnotations).toSorted());
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
    [podAnnotations.assertionAudience]: 'no token',
    [podAnnotations.assertionHosts]: 'no token',
  });
});

/** A pod's template within a Deployment, a Job, or a CronJob. */
const holder = z.looseObject({
  spec: z.looseObject({
    template: podSchema.optional(),
    jobTemplate: z.looseObject({ spec: z.looseObject({ template: podSchema }) }).optional(),
  }),
});

test('every pod in the documentation gets the sidecar that it asks for', async () => {
  const outcomes: { readonly path: string; readonly said: string }[] = [];
  for await (const path of glob('**/*.md', { cwd: docs })) {
    for (const pod of podsIn(await readFile(join(docs, path), 'utf8'))) {
      const injection = injectSidecar(pod, injectionSettings);
      outcomes.push({ path, said: injection.outcome === 'denied' ? injection.problems.join('; ') : injection.outcome });
    }
  }
  expect(outcomes.length).toBeGreaterThan(2);
  expect(outcomes.filter(({ said }) => said !== 'injected')).toEqual([]);
});

function podsIn(text: string): Pod[] {
  const blocks = [...text.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, yaml = '']) => yaml);
  return blocks
    .flatMap((yaml) => parseAllDocuments(yaml).map((document): unknown => document.toJS()))
    .flatMap((manifest) => {
      const spec = holder.safeParse(manifest).data?.spec;
      const pod = spec?.template ?? spec?.jobTemplate?.spec.template;
      return pod?.metadata?.annotations?.[podAnnotations.inject] === undefined ? [] : [pod];
    });
}
