import { parseApiCall } from '../../doctor/api/api-call.ts';
import type { Step } from '../../doctor/examination.ts';
import { formatStep, formatVerdict } from '../../doctor/format-examination.ts';
import { exitCode } from '../cli-context.ts';
import { askDoctor, type DoctorQuestion } from './ask-doctor.ts';
import { type ClusterReader, tellReadError } from './cluster-reader.ts';
import { findPod } from './find-pod.ts';
import type { KubectlContext } from './kubectl-context.ts';
import type { PodStreams } from './pod-streams.ts';

/** The doctor itself waits for nothing longer than the credential's own timeouts. */
const timeoutMs = 180_000;

export interface DoctorRequest extends DoctorQuestion {
  readonly namespace: string;
  readonly pod: string;
  readonly json: boolean;
}

/** `kubectl tokenward doctor POD ALIAS`: what the cluster knows, then what the doctor finds in the pod. Resolves to the doctor's exit code. */
export async function doctor(
  request: DoctorRequest,
  { reader, streams }: { readonly reader: ClusterReader; readonly streams: Pick<PodStreams, 'execute'> },
  { print, printError }: Pick<KubectlContext, 'print' | 'printError'>,
): Promise<number> {
  const { namespace, alias, json, method } = request;
  const parsed = parseApiCall(method ?? 'GET', request.path);
  if (!parsed.ok) {
    printError(`error: ${parsed.message}`);
    return exitCode.usage;
  }
  const question = { ...request, path: parsed.call.path, method: method && parsed.call.method };
  const found = await findPod(reader, namespace, request.pod, alias);
  if (!found.ok) {
    printError(`error: ${found.why}`);
    return exitCode.problem;
  }
  for (const line of await tellCredential(reader, namespace, found.credential)) (json ? printError : print)(line);
  try {
    let before: Step | undefined;
    const record = (step: Step): void => {
      if (!json) for (const line of formatStep(step, before)) print(line);
      before = step;
    };
    const answer = await askDoctor(streams, found.pod, question, record, AbortSignal.timeout(timeoutMs));
    if (!answer.ok) {
      printError(`error: ${answer.why}`);
      return answer.exitCode === exitCode.fine ? exitCode.internal : answer.exitCode;
    }
    if (json) print(JSON.stringify(answer.examination, undefined, 2));
    else for (const line of formatVerdict(answer.examination.verdict)) print(line);
    return answer.exitCode;
  } catch (error) {
    printError(`error: nothing can be run in the sidecar of the pod ${request.pod}: ${tellReadError(error)}`);
    return exitCode.problem;
  }
}

/** The conditions that do not hold: the doctor in the pod sees only what came of them. */
async function tellCredential(reader: ClusterReader, namespace: string, name: string): Promise<readonly string[]> {
  try {
    const { status } = await reader.credential(namespace, name);
    const failing = (status?.conditions ?? []).filter((condition) => condition.status !== 'True');
    if (status?.conditions === undefined) return [`The credential ${name} has not been looked at by an operator yet.`, ''];
    if (failing.length === 0) return [];
    return [
      `The credential ${name}, as the cluster has it:`,
      ...failing.map(({ type, reason, message }) => `  ${type}: ${reason}: ${message}`),
      '',
    ];
  } catch (error) {
    return [`The credential ${name} cannot be read: ${tellReadError(error)}`, ''];
  }
}
