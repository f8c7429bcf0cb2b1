import { formatPath } from '../../crds/problem.ts';
import type { ManifestProblem } from './manifest-problem.ts';

/** Keys and list positions on the way to a field. */
export type FieldPath = readonly (string | number)[];

/** One Kubernetes object of a file: a `---` document, or one item of a `kind: …List`. */
export interface ManifestObject {
  readonly file: string;
  /** Counted from 1 within the file. */
  readonly document: number;
  /** `items[2].` for an item of a list, else empty: what a field path of the object is to be prefixed with. */
  readonly pathPrefix: string;
  readonly value: Readonly<Record<string, unknown>>;
  /** Line (from 1) of the field, or of the nearest field above it that exists. */
  lineOf(path: FieldPath): number;
}

/** A problem at a field of an object, with the field's place in the file. */
export function problemAt(object: ManifestObject, path: FieldPath, message: string): ManifestProblem {
  const { file, document, pathPrefix } = object;
  return { file, line: object.lineOf(path), document, path: pathPrefix + formatPath(path), message };
}

/** The inverse of `formatPath`: `spec.tokenEndpoint.parameters[0].value` -> its five segments. */
export function parsePath(path: string): FieldPath {
  return [...path.matchAll(/\[([^\]]*)\]|[^.[\]]+/g)].map(([segment, bracketed]) => {
    if (bracketed === undefined) return segment;
    return /^\d+$/.test(bracketed) ? Number(bracketed) : bracketed;
  });
}
