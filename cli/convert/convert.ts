import { Sensitive } from '../../crds/sensitive.ts';
import { checkManifests } from '../check-manifests.ts';
import { type CliContext, exitCode } from '../cli-context.ts';
import { formatProblem } from '../manifests/manifest-problem.ts';
import { findManifestFiles, readManifestFiles, readManifestTexts } from '../manifests/read-manifest-files.ts';
import { assignNames, type Names } from './assign-names.ts';
import type { ConvertOptions } from './conversion.ts';
import { convertDestination } from './convert-destination.ts';
import { convertServiceKey } from './convert-service-key.ts';
import { describeNotes } from './describe-notes.ts';
import { printable } from './printable.ts';
import { readSources, type Source } from './read-sources.ts';
import { writeManifests } from './write-manifests.ts';

export interface ConvertCommandOptions {
  readonly filename: readonly string[];
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
  readonly upstreamUrl?: string | undefined;
  /** `<key>=<file>` */
  readonly fromFile: readonly FromFile[];
}

export interface FromFile {
  readonly key: string;
  readonly file: string;
}

/** `tokenward convert -f …`: prints manifests, or else what is missing and nothing half. */
export async function convert(options: ConvertCommandOptions, context: CliContext): Promise<number> {
  const { print, printError, readStdin, clock } = context;
  const read = await readManifestTexts(options.filename, readStdin);
  const parsed = read.texts.map(readSources);
  const files = await readFromFiles(options.fromFile);
  const problems = [...read.problems, ...parsed.flatMap((result) => result.problems), ...files.problems];
  for (const problem of problems) printError(`error: ${formatProblem(problem)}`);
  if (problems.length > 0) return exitCode.problem;

  const sources = parsed.flatMap((result) => result.sources);
  const names = assignNames(sources, options.name);
  const results = sources.map((source, index) =>
    convertSource(source, names[index] ?? { name: '', secretName: '' }, { ...options, files: files.values }),
  );
  const mistake = mistakeIn(options, results.filter(({ leftOut }) => !leftOut).length);
  if (mistake !== undefined) {
    printError(`error: ${mistake}`);
    return exitCode.usage;
  }
  for (const line of results.flatMap((result) => result.messages)) printError(line);
  const written = results.flatMap(({ yaml }) => yaml ?? []);
  if (results.some(({ failed }) => failed)) return nothing(printError, 'nothing is printed until all that is essential is there');
  if (written.length === 0) return nothing(printError, 'there is nothing here that a credential can be made of');

  const text = written.join('---\n');
  const check = checkManifests({ texts: [{ file: '(converted)', text }], problems: [] }, clock.wallMs());
  for (const { credential = '(converted)', path = '', message } of check.warnings)
    printError(`warning: ${credential}: ${path}: ${message}`);
  for (const { credential = '(converted)', path = '', message } of check.problems) printError(`error: ${credential}: ${path}: ${message}`);
  if (check.problems.length > 0) return nothing(printError, 'nothing is printed, for it would not be valid');
  printError('note: the output holds secrets: keep it out of repositories');
  print(text.trimEnd());
  return exitCode.fine;
}

function nothing(printError: CliContext['printError'], reason: string): number {
  printError(`error: ${reason}`);
  return exitCode.problem;
}

function mistakeIn({ name, upstreamUrl, fromFile }: ConvertCommandOptions, count: number): string | undefined {
  const single = name !== undefined || upstreamUrl !== undefined || fromFile.length > 0;
  if (count < 2 || !single) return undefined;
  return `--name, --upstream-url and --from-file are for one credential, and there are ${count} here: convert each by itself`;
}

interface ReadFromFiles {
  readonly values: ReadonlyMap<string, Sensitive>;
  readonly problems: readonly { readonly file: string; readonly message: string }[];
}

async function readFromFiles(fromFile: readonly FromFile[]): Promise<ReadFromFiles> {
  const read = await Promise.all(
    fromFile.map(async ({ key, file }) => ({ key, ...(await readManifestFiles(await findManifestFiles([file]))) })),
  );
  return {
    // One line break at the end is what an editor left there.
    values: new Map(read.flatMap(({ key, texts }) => texts.map(({ text }) => [key, new Sensitive(text.replace(/\r?\n$/u, ''))] as const))),
    problems: read.flatMap(({ problems }) => problems),
  };
}

interface Converted {
  readonly yaml?: string;
  readonly leftOut: boolean;
  readonly failed: boolean;
  readonly messages: readonly string[];
}

type SourceOptions = Pick<ConvertOptions, 'files'> & Pick<ConvertCommandOptions, 'namespace' | 'upstreamUrl'>;

function convertSource(source: Source, names: Names, { files, namespace, upstreamUrl }: SourceOptions): Converted {
  const place = [source.file, ...(source.name === undefined ? [] : [printable(source.name)])].join(': ');
  const options: ConvertOptions = { secretName: names.secretName, upstreamUrl, files };
  const conversion =
    source.kind === 'destination' ? convertDestination(source.destination, options) : convertServiceKey(source.key, options);
  if ('leftOut' in conversion) return { leftOut: true, failed: false, messages: [`${place}: left out: ${conversion.leftOut}`] };
  const notes = describeNotes(conversion.notes).map((note) => `${place}: ${note}`);
  const written = conversion.missing.length > 0 ? undefined : writeManifests(conversion, names, namespace ?? source.namespace);
  const problems = written === undefined || written.ok ? [] : written.problems.map(({ path, message }) => `${path}: ${message}`);
  const errors = [...conversion.missing, ...problems].map((message) => `error: ${place}: ${message}`);
  return {
    ...(written?.ok === true && { yaml: written.yaml }),
    leftOut: false,
    failed: errors.length > 0,
    messages: [...notes, ...errors],
  };
}
