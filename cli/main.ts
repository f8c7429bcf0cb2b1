#!/usr/bin/env node
import { buffer } from 'node:stream/consumers';
import { destination, pino } from 'pino';
import { version } from '../crds/version.ts';
import { systemClock } from '../crds/clock.ts';
import { type CliContext, exitCode } from './cli-context.ts';
import { tokenward } from './tokenward.ts';

const signals = ['SIGINT', 'SIGTERM'] as const;

const context: CliContext = {
  version,
  clock: systemClock,
  random: Math.random,
  // oxlint-disable-next-line node/no-process-env
  environment: process.env,
  print: (line) => process.stdout.write(`${line}\n`),
  printError: (line) => process.stderr.write(`${line}\n`),
  readStdin: () => buffer(process.stdin),
  openLog: (level) => pino({ name: 'tokenward', level, base: { version } }, destination({ dest: 2, sync: true })),
  untilStopped: () =>
    new Promise((resolve) => {
      const stop = (): void => {
        // The next signal finds no listener, and ends the process at once.
        for (const signal of signals) process.off(signal, stop);
        resolve();
      };
      for (const signal of signals) process.on(signal, stop);
    }),
};

// A reader that has seen enough (`| head`) is no mistake.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? exitCode.fine : exitCode.internal));
process.on('uncaughtException', fail);

try {
  process.exit(await tokenward(process.argv.slice(2), context));
} catch (error) {
  fail(error);
}

function fail(error: unknown): never {
  // oxlint-disable-next-line node/no-process-env
  const debug = process.env['TOKENWARD_DEBUG'] !== undefined;
  const { name, message, stack } = error instanceof Error ? error : new Error(String(error));
  const line = `tokenward: unexpected error: ${name}: ${message.split('\n', 1)[0]}; TOKENWARD_DEBUG=1 prints where it comes from`;
  process.stderr.write(`${debug ? (stack ?? line) : line}\n`);
  process.exit(exitCode.internal);
}
