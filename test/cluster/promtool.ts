import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { buildGoProgram } from '../support/build-go-program.ts';

/** Prometheus' own judge of rules and expressions, in the version that go.mod pins. Resolves to its path. */
export function buildPromtool(go: string): Promise<string> {
  // It reads files only; what finds targets is most of its dependencies.
  return buildGoProgram(go, fileURLToPath(new URL('promtool', import.meta.url)), {
    path: 'github.com/prometheus/prometheus/cmd/promtool',
    tags: 'remove_all_sd',
  });
}

/** Rejects, with what it says, if it finds a fault. */
export async function runPromtool(program: string, ...args: readonly string[]): Promise<string> {
  const found = await promisify(execFile)(program, [...args]).catch((error: Error & { stdout?: string; stderr?: string }) => {
    throw new Error(`${error.stdout ?? ''}${error.stderr ?? ''}`, { cause: error });
  });
  return found.stdout + found.stderr;
}
