import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { requireTool } from './require-tool.ts';

afterEach(() => vi.unstubAllEnvs());

test('a tool on the PATH is found where it is', () => {
  const directory = mkdtempSync(join(tmpdir(), 'tokenward-'));
  writeFileSync(join(directory, 'hammer'), '', { mode: 0o755 });
  writeFileSync(join(directory, 'not-a-tool'), '', { mode: 0o644 });
  vi.stubEnv('PATH', `/nowhere:${directory}`);
  vi.stubEnv('TOKENWARD_REQUIRE_ALL', '');
  try {
    expect(requireTool('hammer', 'to test this')).toBe(join(directory, 'hammer'));
    expect(requireTool('not-a-tool', 'to test this')).toBeUndefined();
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a missing tool is a failure that names it and its purpose where everything is required', () => {
  vi.stubEnv('PATH', '/nowhere');
  vi.stubEnv('TOKENWARD_REQUIRE_ALL', '1');
  expect(() => requireTool('hammer', 'to drive a nail')).toThrow('hammer is not on the PATH: it is needed to drive a nail');
});
