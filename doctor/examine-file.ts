import { parseSidecarConfig } from '../crds/parse-sidecar-config.ts';
import { ConfigDirectory } from '../sidecar/config/config-directory.ts';
import { examine, type Examined, type ExaminationContext } from './examine.ts';
import type { Sensitive } from '../crds/sensitive.ts';
import type { Examination, Step, Verdict } from './examination.ts';
import type { ConfigPlace } from './parse-options.ts';

export type FileQuestion = Omit<Examined, 'config' | 'projectedToken'>;

/** Examines an alias as the operator rendered it: the `<alias>.json` that its sidecar reads. */
export async function examineFile(question: FileQuestion, place: ConfigPlace, context: ExaminationContext): Promise<Examination> {
  const { alias, record } = question;
  const startedMs = context.clock.monotonicMs();
  const read = await readConfig(alias, place);
  const tookMs = context.clock.monotonicMs() - startedMs;
  const step: Step = {
    subject: 'credential',
    name: 'Manifest',
    outcome: read.ok ? 'ok' : 'failed',
    tookMs,
    summary: read.ok ? `the rendering ${alias}.json is here` : read.verdict.sentence,
    details: [],
  };
  record(step);
  if (!read.ok) return { version: 1, alias, steps: [step], verdict: read.verdict };
  const examination = await examine({ ...question, config: read.config, projectedToken: place.projectedToken }, context);
  return { ...examination, steps: [step, ...examination.steps] };
}

type Read = { readonly ok: true; readonly config: Examined['config'] } | { readonly ok: false; readonly verdict: Verdict };

async function readConfig(alias: string, { configDirectory, aliases }: ConfigPlace): Promise<Read> {
  const none: ReadonlyMap<string, Sensitive> = new Map();
  const texts = (await new ConfigDirectory(configDirectory).poll().catch(() => none)) ?? none;
  const text = texts.get(alias);
  if (text === undefined) {
    const known = [...new Set([...aliases, ...texts.keys()])].toSorted();
    return { ok: false, verdict: aliases.includes(alias) ? pending(alias) : unknown(alias, known) };
  }
  const parsed = parseSidecarConfig(text);
  if (!parsed.ok) return { ok: false, verdict: invalid(alias, parsed.reason) };
  return 'invalid' in parsed.config ? { ok: false, verdict: invalid(alias, parsed.config.invalid) } : { ok: true, config: parsed.config };
}

function pending(alias: string): Verdict {
  return {
    code: 'credential_pending',
    sentence: `No credential has been delivered for the alias ${alias}: it is not there, or its rendering has not reached this pod yet.`,
    mend: {
      kind: 'elsewhere',
      advice: 'Create the OAuth2Credential; if it is there, kubectl describe says what is missing. It takes up to two minutes to arrive.',
    },
    failure: 'credential_pending',
  };
}

function unknown(alias: string, known: readonly string[]): Verdict {
  return {
    code: 'credential_missing',
    sentence: `There is no alias ${alias} here; ${known.length === 0 ? 'there are none' : `there are: ${known.join(', ')}`}.`,
    mend: { kind: 'elsewhere', advice: "Name one of these, or add the credential to the pod's annotation tokenward.dev/inject." },
    failure: 'unknown_alias',
  };
}

function invalid(alias: string, reason: string): Verdict {
  return {
    code: 'credential_invalid',
    sentence: `The credential of the alias ${alias} is not valid: ${reason}.`.replace(/\.\.$/, '.'),
    mend: { kind: 'elsewhere', advice: 'Mend the credential or its Secret; it is picked up by itself.' },
    failure: 'credential_invalid',
  };
}
