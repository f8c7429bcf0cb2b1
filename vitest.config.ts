import { defineConfig } from 'vitest/config';

const project = (
  name: string,
  include: string[],
  testTimeout: number,
  { hookTimeout = testTimeout, globalSetup = [] as string[], groupOrder = 0 } = {},
) => ({
  test: {
    name,
    include,
    testTimeout,
    hookTimeout,
    // What is waited for comes; how soon depends on what else the machine does.
    expect: { poll: { timeout: testTimeout / 2 } },
    globalSetup,
    sequence: { groupOrder },
    pool: 'forks' as const,
    passWithNoTests: true,
  },
});

export default defineConfig({
  test: {
    maxWorkers: 2,
    globalSetup: ['test/support/recordings.ts'],
    projects: [
      project('unit', ['{crds,operator,sidecar,doctor,cli}/**/*.test.ts', 'test/support/**/*.test.ts'], 20_000),
      project('conformance', ['test/conformance/**/*.test.ts'], 60_000),
      project('process', ['test/process/**/*.test.ts'], 180_000, { globalSetup: ['test/support/build.ts'] }),
      // Broken set-ups, and what the doctor says of each.
      project('gallery', ['test/gallery/**/*.test.ts'], 120_000),
      project('simulation', ['test/simulation/**/*.test.ts'], 120_000),
      // The first run on a machine builds Kubernetes.
      project('cluster', ['test/cluster/**/*.test.ts'], 600_000, { hookTimeout: 3_600_000 }),
      // Searches what all others have written, so it runs when they have ended.
      project('canary', ['test/canary/**/*.test.ts'], 20_000, { groupOrder: 1 }),
    ],
  },
});
