import { parseApiCall } from '../doctor/api/api-call.ts';
import type { Step } from '../doctor/examination.ts';
import { formatStep, formatVerdict } from '../doctor/format-examination.ts';
import { exitCodeOf, verdicts } from '../doctor/verdicts.ts';
import { type CliContext, exitCode } from './cli-context.ts';
import { examineManifest } from './doctor/examine-manifest.ts';
import { readManifestTexts } from './manifests/read-manifest-files.ts';

export interface DoctorOptions {
  readonly filename: readonly string[];
  readonly alias: string;
  readonly path?: string | undefined;
  readonly method: string;
  readonly probe: boolean;
  readonly json?: boolean | undefined;
  readonly assertionFile?: string | undefined;
  readonly assertionHost: readonly string[];
}

/** `tokenward doctor -f … --alias …`: prints each step as it is done, then the verdict and what to change. */
export async function doctor(options: DoctorOptions, context: CliContext): Promise<number> {
  const { print, printError, readStdin, version, clock, environment } = context;
  const parsed = parseApiCall(options.method, options.path);
  if (!parsed.ok) {
    printError(`error: ${parsed.message}`);
    return exitCode.usage;
  }
  const { alias, probe, json, assertionFile, assertionHost } = options;
  let before: Step | undefined;
  const record = (step: Step): void => {
    if (json !== true) for (const line of formatStep(step, before)) print(line);
    before = step;
  };
  const projectedToken = assertionFile === undefined ? undefined : { file: assertionFile, hosts: assertionHost };
  const texts = await readManifestTexts(options.filename, readStdin);
  const question = { alias, call: parsed.call, probe, version, projectedToken, environment, record };
  const examination = await examineManifest(texts, question, { clock });
  const lines = json === true ? [JSON.stringify(examination, undefined, 2)] : formatVerdict(examination.verdict);
  for (const line of lines) print(line);
  return exitCodeOf[verdicts[examination.verdict.code].blame];
}
