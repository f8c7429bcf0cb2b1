import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../cli/main.ts', import.meta.url));
const startWithinMs = 20_000;
const stopWithinMs = 10_000;
const keptLogLines = 20;

export interface RunningSidecar {
  /** The base URL of each alias, as the command line printed it. */
  readonly urls: ReadonlyMap<string, string>;
  /** SIGTERM, and the exit code that it led to. */
  stop(): Promise<number | null>;
}

export interface SidecarOptions {
  /** Ends the process, whatever happens. */
  readonly stack: AsyncDisposableStack;
  readonly node: string;
  readonly args: readonly string[];
  readonly aliases: readonly string[];
}

/** `tokenward run …` as its own process; ready when it has printed the URL of every alias expected. Rejects with what it wrote if it ends before. */
export async function startSidecar({ stack, node, args, aliases }: SidecarOptions): Promise<RunningSidecar> {
  // Before the process is there, so that none is left behind if the demo is over already: then this throws.
  stack.defer(async () => {
    await stop();
  });
  const child = spawn(node, [main, 'run', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const exited = once(child, 'exit');
  const urls = new Map<string, string>();
  const lastWords: string[] = [];
  createInterface({ input: child.stderr }).on('line', (line) => {
    lastWords.push(line);
    if (lastWords.length > keptLogLines) lastWords.shift();
  });
  const { promise: ready, resolve } = Promise.withResolvers<'ready'>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    const [url, alias] = /http:\/\/127\.0\.0\.1:\d+\/([a-z0-9-]+)/.exec(line) ?? [];
    if (url !== undefined && alias !== undefined) urls.set(alias, url);
    if (aliases.every((expected) => urls.has(expected))) resolve('ready');
  });

  async function stop(): Promise<number | null> {
    child.kill('SIGTERM');
    const tooLate = setTimeout(() => child.kill('SIGKILL'), stopWithinMs);
    await exited;
    clearTimeout(tooLate);
    return child.exitCode;
  }

  const tooLong = setTimeout(() => child.kill('SIGKILL'), startWithinMs);
  const outcome = await Promise.race([ready, exited]);
  clearTimeout(tooLong);
  if (outcome === 'ready') return { urls, stop };
  throw new Error(`tokenward run ended before it served:\n${lastWords.join('\n')}`);
}

export interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}

/** Runs a `tokenward` command that ends by itself. */
export async function runTokenward(node: string, args: readonly string[]): Promise<Ended> {
  const child = spawn(node, [main, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { exitCode: child.exitCode, output: `${stdout}${stderr}`.trimEnd() };
}
