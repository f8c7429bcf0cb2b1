import { systemClock } from '../crds/clock.ts';
import { version } from '../crds/version.ts';
import { examineFile } from './examine-file.ts';
import type { Step } from './examination.ts';
import { findSidecar } from './find-sidecar.ts';
import { formatStep, formatVerdict } from './format-examination.ts';
import { parseDoctorOptions, usage } from './parse-options.ts';
import { exitCodeOf, verdicts } from './verdicts.ts';

/** Waits until it is written: what exits before loses what a pipe has not taken yet. */
const print = (lines: readonly string[]): Promise<void> =>
  new Promise((resolve) => {
    process.stdout.write(lines.map((line) => `${line}\n`).join(''), () => resolve());
  });

process.on('uncaughtException', fail);
// A reader that has seen enough (`| head`) is no mistake.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 70));

const args = process.argv.slice(2);
if (args.includes('--help') || args.includes('--version')) {
  await print([args.includes('--help') ? usage.trimEnd() : version]);
  process.exit(0);
}
const parsed = parseDoctorOptions(args);
if (!parsed.ok) usageError(parsed.message);
const { alias, call, probe, output, place: named } = parsed.options;
const place = named ?? (await findSidecar('/proc'));
if (place === undefined) usageError('there is no sidecar to be seen here whose configuration could be read; --config-dir names it');

let before: Step | undefined;
const record = (step: Step): void => {
  if (output === 'text') void print(formatStep(step, before));
  if (output === 'lines') void print([JSON.stringify({ step })]);
  before = step;
};
// oxlint-disable-next-line node/no-process-env
const environment = process.env;
try {
  const question = { alias, call, probe, version, environment, record };
  const examination = await examineFile(question, place, { clock: systemClock });
  if (output === 'text') await print(formatVerdict(examination.verdict));
  else await print([output === 'json' ? JSON.stringify(examination, undefined, 2) : JSON.stringify({ examination })]);
  process.exit(exitCodeOf[verdicts[examination.verdict.code].blame]);
} catch (error) {
  fail(error);
}

function usageError(message: string): never {
  process.stderr.write(`error: ${message}\n\n${usage}`);
  process.exit(2);
}

/** Of its message nothing is shown: it may hold anything. */
function fail(error: unknown): never {
  process.stderr.write(
    `doctor: unexpected error: ${error instanceof Error ? `${error.name} ${'code' in error ? String(error.code) : ''}` : typeof error}\n`,
  );
  process.exit(70);
}
