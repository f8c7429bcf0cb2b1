import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { CommandOptions, Launch } from './cluster.ts';

/** Runs a program to its end and resolves to what it printed; rejects with its complaint. */
export async function runCommand({ command: [program, ...args], env }: Launch, { input, signal }: CommandOptions = {}): Promise<string> {
  const running = promisify(execFile)(program, args, { env, maxBuffer: 2 ** 28, ...(signal === undefined ? {} : { signal }) });
  // A program may end without having read its input.
  running.child.stdin?.on('error', () => undefined).end(input ?? '');
  try {
    return (await running).stdout;
  } catch (error) {
    if (!(error instanceof Error) || !('stderr' in error)) throw error;
    throw new Error(`${[program, ...args].join(' ')}: ${String(error.stderr).trim() || error.message}`, { cause: error });
  }
}
