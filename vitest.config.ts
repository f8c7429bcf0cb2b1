import { defineConfig } from 'vitest/config';

const project = (name: string, include: string[], testTimeout: number, globalSetup: string[] = []) => ({
  test: { name, include, testTimeout, hookTimeout: testTimeout, globalSetup, pool: 'forks' as const, passWithNoTests: true },
});

export default defineConfig({
  test: {
    maxWorkers: 2,
    projects: [
      project('unit', ['{crds,operator,sidecar,cli}/**/*.test.ts', 'test/support/**/*.test.ts'], 20_000),
      project('conformance', ['test/conformance/**/*.test.ts'], 60_000),
      project('process', ['test/process/**/*.test.ts'], 180_000, ['test/support/build.ts']),
      project('simulation', ['test/simulation/**/*.test.ts'], 120_000),
      project('cluster', ['test/cluster/**/*.test.ts'], 600_000),
    ],
  },
});
