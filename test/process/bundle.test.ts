import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { expect, it } from 'vitest';
import { moduleListFile } from '../../images/build.ts';

const bundles = JSON.parse(readFileSync(moduleListFile, 'utf8')) as Readonly<Record<string, readonly string[]>>;

function modulesOf(bundle: string): readonly string[] {
  const modules = bundles[bundle] ?? [];
  // Else the absences below would prove nothing.
  expect(modules.length).toBeGreaterThan(20);
  return modules;
}

it('the sidecar holds no Kubernetes client, and nothing of the operator, the doctor and the command line', () => {
  const modules = modulesOf('dist/sidecar.mjs');
  expect(modules).toContain('sidecar/start-sidecar.ts');
  expect(
    modules.filter((module) => /^(?:operator|doctor|cli)\/|node_modules\/(?:@kubernetes|commander|yaml|fastify|undici)\//.test(module)),
  ).toEqual([]);
});

it('the doctor in the sidecar holds no Kubernetes client, no server, and nothing of the operator and the command line', () => {
  const modules = modulesOf('dist/doctor.mjs');
  expect(modules).toContain('doctor/examine.ts');
  expect(
    modules.filter((module) =>
      /^(?:operator|cli)\/|node_modules\/(?:@kubernetes|commander|yaml|fastify|prom-client|undici)\//.test(module),
    ),
  ).toEqual([]);
});

it.each(['sidecar', 'doctor'])('the %s is one file that asks for nothing but Node', (bundle) => {
  const text = readFileSync(new URL(`../../dist/${bundle}.mjs`, import.meta.url), 'utf8');
  const imported = [...text.matchAll(/(?:^|[;}\s])(?:import|export)\b[\w*{}\s,$]*?(?:from)?\s*["'`]([^"'`\n]+)["'`]/g)].map(
    ([, name = '']) => name,
  );
  expect(imported).toContain('node:http');
  expect(imported.filter((name) => !builtinModules.includes(name.replace(/^node:/, '')))).toEqual([]);
});

it.each(['sidecar', 'doctor'])('the %s carries zod/mini only, not all of zod', (name) => {
  expect(modulesOf(`dist/${name}.mjs`).filter((module) => /node_modules\/zod\/v4\/classic\//.test(module))).toEqual([]);
});

it('the command line holds no Kubernetes client, and nothing of the operator', () => {
  const modules = modulesOf('dist/tokenward.mjs');
  expect(modules.filter((module) => /^operator\/|node_modules\/@kubernetes\//.test(module))).toEqual([]);
});

it('the kubectl plugin holds of the operator how it reaches the API server and how it names things, and of the sidecar nothing that serves', () => {
  const modules = modulesOf('dist/kubectl-tokenward.mjs');
  expect(modules).toContain('cli/kubectl/kubectl-tokenward.ts');
  expect(modules.filter((module) => /^operator\/(?!kube\/|naming\.ts$)/.test(module))).toEqual([]);
  expect(modules.filter((module) => /^sidecar\/(?:proxy|token|config)\/|node_modules\/fastify\//.test(module))).toEqual([]);
});

it('the operator holds nothing of the sidecar, the doctor and the command line', () => {
  const modules = modulesOf('dist/operator.mjs');
  expect(modules).toContain('operator/start-operator.ts');
  expect(modules.filter((module) => /^(?:sidecar|doctor|cli)\/|node_modules\/(?:commander|yaml)\//.test(module))).toEqual([]);
});

it.each(['dist/launcher.mjs', 'dist/kubectl-launcher.mjs'])(
  '%s has no dependency, so that it loads on old versions of Node',
  (launcher) => {
    expect(bundles[launcher]?.filter((module) => module.includes('node_modules'))).toEqual([]);
  },
);
