import { shown } from '../../doctor/api/shown.ts';
import type { Examination, RecordStep } from '../../doctor/examination.ts';
import { containerName } from '../../operator/naming.ts';
import { parseExaminationMessage } from './examination-message.ts';
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
    const message = parseExaminationMessage(line);
    if (message !== undefined && 'step' in message) record(message.step);
  };
  const execution = await execute(pod, containerName, [...program, alias, '--json-lines', ...options], { signal, onLine });
  return readAnswer(execution, pod);
}

function readAnswer({ stdout, stderr, exitCode }: Execution, { sidecarVersion = 'of an unknown version' }: InjectedPod): DoctorAnswer {
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  const message = parseExaminationMessage(last);
  if (message !== undefined && 'examination' in message) return { ok: true, examination: message.examination, exitCode };
  if (/Cannot find module|no such file/i.test(stderr)) {
    return {
      ok: false,
      exitCode,
      why: `this pod's sidecar (${sidecarVersion}) has no doctor yet: delete the pod, so that it is created anew with a newer sidecar, or ask from here with tokenward doctor -f FILE --alias NAME`,
    };
  }
  if (last.startsWith('{"examination"')) {
    const why = `what its doctor (${sidecarVersion}) says is not understood here: a newer kubectl-tokenward may`;
    return { ok: false, exitCode, why };
  }
  const [said = ''] = stderr.trim().split('\n');
  return {
    ok: false,
    exitCode,
    why: said === '' ? `the doctor ended with ${exitCode} and said nothing` : shown(said.replace(/^error: /, ''), 300),
  };
}
