import { reasons, type Condition, type Reason } from './reasons.ts';

/** Something that a user has to mend in a manifest or a Secret, in the words of a condition. */
export interface Problem {
  readonly condition: Condition;
  readonly reason: Reason;
  /** The field, as Kubernetes writes it: `spec.tokenEndpoint.parameters[0].name`; empty = the document. */
  readonly path: string;
  /** What is wrong, where, and how to mend it. Holds no secret. */
  readonly message: string;
}

export function problem(reason: Reason, path: string, message: string): Problem {
  return { condition: reasons[reason].condition, reason, path, message };
}

/** `['spec', 'parameters', 0, 'name']` -> `spec.parameters[0].name`; a key that is no plain word -> `labels[a.b/c]`. */
export function formatPath(segments: readonly PropertyKey[]): string {
  return segments.reduce<string>((path, segment) => {
    if (typeof segment === 'number' || !/^[A-Za-z_][\w-]*$/.test(String(segment))) return `${path}[${String(segment)}]`;
    return path === '' ? String(segment) : `${path}.${String(segment)}`;
  }, '');
}
