import { parseCredential } from '../../crds/parse-credential.ts';
import { parseSidecarConfig } from '../../crds/parse-sidecar-config.ts';
import type { Problem } from '../../crds/problem.ts';
import { renderCredential } from '../../crds/render/render-credential.ts';
import { examine, type Examined, type ExaminationContext } from '../../doctor/examine.ts';
import type { Examination, RecordStep, Step, Verdict } from '../../doctor/examination.ts';
import { problemAt, parsePath } from '../manifests/manifest-object.ts';
import { formatProblem } from '../manifests/manifest-problem.ts';
import type { ManifestTexts } from '../manifests/read-manifest-files.ts';
import { describeSource } from './describe-source.ts';
import { findCredential, type FoundCredential } from './find-credential.ts';
import { findSource, listReferences } from './list-references.ts';
import { wordProblem } from './word-problem.ts';

export type ManifestQuestion = Omit<Examined, 'config'>;

/** Examines the credential of this name from its manifest on: what is wrong with it, with its Secrets, and then with its calls. */
export async function examineManifest(texts: ManifestTexts, question: ManifestQuestion, context: ExaminationContext): Promise<Examination> {
  const { alias } = question;
  const steps: Step[] = [];
  const record: RecordStep = (step) => {
    steps.push(step);
    question.record(step);
  };
  const end = (verdict: Verdict): Examination => ({ version: 1, alias, steps, verdict });
  const startedMs = context.clock.monotonicMs();
  const search = findCredential(texts, alias);
  const tookMs = context.clock.monotonicMs() - startedMs;
  const manifestStep = { subject: 'credential', name: 'Manifest', tookMs } as const;
  if (!search.ok) {
    record({ ...manifestStep, outcome: 'failed', summary: search.verdict.sentence, details: [] });
    return end(search.verdict);
  }

  const { manifest, sources, unread } = search.found;
  const { object, namespace } = manifest;
  const place = `${object.file}:${object.lineOf(['metadata', 'name'])}, namespace ${namespace}`;
  const parsed = parseCredential(manifest.object.value);
  if (!parsed.ok) {
    record({
      ...manifestStep,
      outcome: 'failed',
      summary: `${place}: not valid`,
      details: parsed.problems.map((found) => linesOf(found, search.found)),
    });
    return end(verdictOf(alias, parsed.problems));
  }
  const details = unread.map((problem) => formatProblem(problem));
  record({ ...manifestStep, outcome: details.length > 0 ? 'odd' : 'ok', summary: place, details });

  for (const reference of listReferences(parsed.credential.spec)) record({ ...describeSource(reference, sources), tookMs: 0 });
  const rendered = renderCredential(parsed.credential, sources, context.clock.wallMs());
  const read = rendered.ok ? parseSidecarConfig(rendered.text) : undefined;
  if (!rendered.ok) return end(verdictOf(alias, rendered.problems));
  if (read?.ok !== true || 'invalid' in read.config) throw new Error('what was rendered cannot be read');
  const examination = await examine({ ...question, config: read.config, record }, context);
  return end(withSource(examination.verdict, parsed.credential.spec));
}

/** What is rendered does not say which Secret a value has come from. */
function withSource(verdict: Verdict, spec: unknown): Verdict {
  const { mend } = verdict;
  if (mend?.kind !== 'secret') return verdict;
  const source = findSource(spec, mend.field);
  return source === undefined ? verdict : { ...verdict, mend: { ...mend, source } };
}

function verdictOf(alias: string, problems: readonly Problem[]): Verdict {
  const [first] = problems;
  if (first === undefined) throw new Error('what is refused has a problem');
  return wordProblem(alias, first);
}

function linesOf({ path, message }: Problem, { manifest }: FoundCredential): string {
  return formatProblem(problemAt(manifest.object, parsePath(path), message));
}
