import type { Reason } from '../../crds/reasons.ts';

/** Something wrong in a manifest, with its place. Says what is wrong and how to mend it; never holds a secret's value. */
export interface ManifestProblem {
  readonly file: string;
  /** Counted from 1. */
  readonly line?: number;
  /** Counted from 1 within the file. */
  readonly document?: number;
  /** `spec.grant.scope` */
  readonly path?: string;
  readonly message: string;
  /** The credential that cannot be served because of it; absent if that cannot be told. */
  readonly credential?: string;
  /** What an operator would say of it. */
  readonly reason?: Reason;
}

/** `examples/x.yaml:14: document 2, spec.grant.scope: message`: one line, which editors and terminals make a link of. */
export function formatProblem(problem: ManifestProblem, severity: 'error' | 'warning' = 'error'): string {
  const place = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}`;
  const document = problem.document === undefined ? undefined : `document ${problem.document}`;
  const where = [document, problem.path].filter((part) => part !== undefined && part !== '').join(', ');
  const mark = severity === 'warning' ? ['warning'] : [];
  return [place, ...mark, ...(where === '' ? [] : [where]), oneLine(problem.message)].join(': ');
}

function oneLine(message: string): string {
  return message.replaceAll(/\s*\n\s*/g, ' ');
}
