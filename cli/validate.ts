import { checkManifests, type ManifestCheck } from './check-manifests.ts';
import { type CliContext, exitCode } from './cli-context.ts';
import { formatProblem } from './manifests/manifest-problem.ts';
import { readManifestTexts } from './manifests/read-manifest-files.ts';

export interface ValidateOptions {
  readonly filename: readonly string[];
}

/** `tokenward validate -f …`: prints every problem and warning with its place, then a count. */
export async function validate({ filename }: ValidateOptions, { print, readStdin, clock }: CliContext): Promise<number> {
  const texts = await readManifestTexts(filename, readStdin);
  const check = checkManifests(texts, clock.wallMs());
  for (const warning of check.warnings) print(formatProblem(warning, 'warning'));
  for (const problem of check.problems) print(formatProblem(problem));
  print(summary(check));
  return check.problems.length === 0 ? exitCode.fine : exitCode.problem;
}

function summary({ credentials, ignored, problems, warnings }: ManifestCheck): string {
  const checked = `${count(credentials, 'credential')} checked`;
  const found = problems.length === 0 ? 'no problems' : count(problems.length, 'problem');
  const warned = warnings.length === 0 ? [] : [count(warnings.length, 'warning')];
  const others = ignored === 0 ? [] : [`${count(ignored, 'object')} of other kinds ignored`];
  return `${checked}: ${[found, ...warned, ...others].join(', ')}`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
