import * as z from 'zod';
import { shown } from '../../doctor/api/shown.ts';
import type { Examination, RecordStep, Step } from '../../doctor/examination.ts';
import { containerName } from '../../operator/naming.ts';
import type { InjectedPod } from './injected-pod.ts';
import type { Execution, PodStreams } from './pod-streams.ts';

/** Where the sidecar's image has them: images/Containerfile. */
const program = ['/usr/bin/node', '/usr/lib/tokenward/doctor.mjs'];

export interface DoctorQuestion {
  readonly alias: string;
  readonly method?: string | undefined;
  readonly path?: string | undefined;
  /** Whether it may try other ways of asking for a token, at most four. */
  readonly probe: boolean;
}

export type DoctorAnswer =
  | { readonly ok: true; readonly examination: Examination; readonly exitCode: number }
  /** In a sentence. */
  | { readonly ok: false; readonly why: string; readonly exitCode: number };

/** The parts by which they are known; they are passed on as they are. */
const step = z.looseObject({
  subject: z.string(),
  name: z.string(),
  outcome: z.string(),
  tookMs: z.number(),
  summary: z.string(),
  details: z.array(z.string()),
});
const stepLine = z.object({ step });
const examinationLine = z.object({
  examination: z.looseObject({
    version: z.literal(1),
    alias: z.string(),
    steps: z.array(step),
    verdict: z.looseObject({ code: z.string(), sentence: z.string() }),
  }),
});

/** Has the doctor look at an alias from where the pod's sidecar is, and tells each step when it is done. Rejects with `PodStreamError` if nothing can be run there. */
export async function askDoctor(
  { execute }: Pick<PodStreams, 'execute'>,
  pod: InjectedPod,
  { alias, method, path, probe }: DoctorQuestion,
  record: RecordStep,
  signal: AbortSignal,
): Promise<DoctorAnswer> {
  const options = [
    ...(path === undefined ? [] : ['--path', path]),
    ...(method === undefined ? [] : ['--method', method]),
    ...(probe ? [] : ['--no-probe']),
  ];
  const onLine = (line: string): void => {
    const parsed = stepLine.safeParse(parseJson(line));
    if (parsed.success) record(parsed.data.step as unknown as Step);
  };
  const execution = await execute(pod, containerName, [...program, alias, '--json-lines', ...options], { signal, onLine });
  return readAnswer(execution, pod);
}

function readAnswer({ stdout, stderr, exitCode }: Execution, { sidecarVersion = 'of an unknown version' }: InjectedPod): DoctorAnswer {
  const parsed = examinationLine.safeParse(parseJson(stdout.trimEnd().split('\n').at(-1) ?? ''));
  if (parsed.success) return { ok: true, examination: parsed.data.examination as unknown as Examination, exitCode };
  if (/Cannot find module|no such file/i.test(stderr)) {
    return {
      ok: false,
      exitCode,
      why: `this pod's sidecar (${sidecarVersion}) has no doctor yet: delete the pod, so that it is created anew with a newer sidecar, or ask from here with tokenward doctor -f FILE --alias NAME`,
    };
  }
  const [said = ''] = stderr.trim().split('\n');
  return {
    ok: false,
    exitCode,
    why: said === '' ? `the doctor ended with ${exitCode} and said nothing` : shown(said.replace(/^error: /, ''), 300),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
