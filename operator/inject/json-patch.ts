/** One operation of RFC 6902, as far as the injector needs them. It removes nothing. */
export type PatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'move'; readonly from: string; readonly path: string };

/** RFC 6901. */
export const pointer = (...segments: readonly (string | number)[]): string =>
  segments.map((segment) => `/${String(segment).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');

/** Appends to a list; the list itself where there is none. */
export function append(path: string, existing: readonly unknown[] | undefined, values: readonly unknown[]): PatchOperation[] {
  if (values.length === 0) return [];
  if (existing === undefined) return [{ op: 'add', path, value: values }];
  return values.map((value) => ({ op: 'add', path: `${path}/-`, value }));
}

/** Puts in front of a list, in the order given; the list itself where there is none. */
export function prepend(path: string, existing: readonly unknown[] | undefined, values: readonly unknown[]): PatchOperation[] {
  if (values.length === 0) return [];
  if (existing === undefined) return [{ op: 'add', path, value: values }];
  return values.map((value, index) => ({ op: 'add', path: `${path}/${index}`, value }));
}
