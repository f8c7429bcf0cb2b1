import type { Problem } from '../../crds/problem.ts';
import { reasons, type Reason } from '../../crds/reasons.ts';
import type { CredentialCondition, CredentialStatus } from './credential-object.ts';

/** Far below the CRD's limit: twenty problems are mended one after the other. */
const longestMessage = 4096;

/** A condition before it is known since when it holds. */
export type Verdict = Pick<CredentialCondition, 'status' | 'reason' | 'message'>;

/** One a line, each with its field. */
export function tellProblems(problems: readonly Problem[]): string {
  return cut(problems.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)).join('\n'), longestMessage);
}

/** How to read what the first field takes that is wrong, if it is a field. */
export function explanation([first]: readonly Problem[]): string[] {
  if (first === undefined || !first.path.startsWith('spec')) return [];
  const path = first.path.replace(/\[\d+\]/gu, '');
  // What is no field is in none of the explanations: those beside it are.
  const field = first.reason === 'UnknownField' ? path.replace(/\.[^.]*$/u, '') : path;
  return [`What may stand there: kubectl explain oauth2credential.${field}`];
}

/** The status that says so, or undefined if the one before says it already. `lastTransitionTime` changes with the condition's status only. */
export function nextStatus(
  before: CredentialStatus | undefined,
  verdicts: readonly Verdict[],
  { generation, revision }: { readonly generation: number; readonly revision: string | undefined },
  now: string,
): CredentialStatus | undefined {
  const conditions = verdicts.map(({ status, reason, message }): CredentialCondition => {
    const type = reasons[reason].condition;
    const last = conditionOf(before, type);
    const lastTransitionTime = last?.status === status ? last.lastTransitionTime : now;
    return { type, status, observedGeneration: generation, lastTransitionTime, reason, message: cut(message, longestMessage) };
  });
  const unchanged =
    before?.observedGeneration === generation &&
    before.revision === revision &&
    conditions.every((condition) => isSame(conditionOf(before, condition.type), condition));
  return unchanged ? undefined : { observedGeneration: generation, ...(revision !== undefined && { revision }), conditions };
}

export function conditionOf(status: CredentialStatus | undefined, type: CredentialCondition['type']): CredentialCondition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

function isSame(a: CredentialCondition | undefined, b: CredentialCondition): boolean {
  return (
    a !== undefined &&
    a.status === b.status &&
    a.reason === b.reason &&
    a.message === b.message &&
    a.observedGeneration === b.observedGeneration &&
    a.lastTransitionTime === b.lastTransitionTime
  );
}

export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

export const holds = (reason: Reason, message: string): Verdict => ({ status: 'True', reason, message });
export const fails = (reason: Reason, message: string): Verdict => ({ status: 'False', reason, message });
export const unknown = (reason: Reason, message: string): Verdict => ({ status: 'Unknown', reason, message });
