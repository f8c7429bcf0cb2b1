#!/usr/bin/env node
import { spawn } from 'node:child_process';
import { systemClock } from '../../crds/clock.ts';
import { version } from '../../crds/version.ts';
import { exitCode } from '../cli-context.ts';
import type { KubectlContext } from './kubectl-context.ts';
import { kubectlTokenward } from './kubectl-tokenward.ts';
import { plainText } from '../plain-text.ts';

const signals = ['SIGINT', 'SIGTERM'] as const;
const openers: Readonly<Partial<Record<NodeJS.Platform, readonly [string, ...string[]]>>> = {
  darwin: ['open'],
  win32: ['rundll32', 'url.dll,FileProtocolHandler'],
};

const context: KubectlContext = {
  version,
  clock: systemClock,
  print: (text) => process.stdout.write(`${plainText(text)}\n`),
  printError: (text) => process.stderr.write(`${plainText(text)}\n`),
  untilStopped: () =>
    new Promise((resolve) => {
      const stop = (): void => {
        // The next signal finds no listener, and ends the process at once.
        for (const signal of signals) process.off(signal, stop);
        resolve();
      };
      for (const signal of signals) process.on(signal, stop);
    }),
  openBrowser: (url) => {
    const [program, ...args] = openers[process.platform] ?? ['xdg-open'];
    const browser = spawn(program, [...args, url], { stdio: 'ignore', detached: true });
    browser.on('error', () => process.stderr.write('No browser could be opened: open the URL yourself.\n'));
    browser.unref();
  },
};

// A reader that has seen enough (`| head`) is no mistake.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? exitCode.fine : exitCode.internal));
process.on('uncaughtException', fail);

try {
  process.exit(await kubectlTokenward(process.argv.slice(2), context));
} catch (error) {
  fail(error);
}

function fail(error: unknown): never {
  // oxlint-disable-next-line node/no-process-env
  const debug = process.env['TOKENWARD_DEBUG'] !== undefined;
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const line = `kubectl tokenward: unexpected error: ${name}: ${message.split('\n', 1)[0]}; TOKENWARD_DEBUG=1 prints where it comes from`;
  process.stderr.write(`${plainText(debug ? (stack ?? line) : line)}\n`);
  process.exit(exitCode.internal);
}
