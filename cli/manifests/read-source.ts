import * as z from 'zod';
import { unknownField } from '../../crds/explain-issue.ts';
import { Sensitive } from '../../crds/sensitive.ts';
import type { SourceConfigMap, SourceSecret } from '../../crds/sources.ts';
import { type ManifestObject, problemAt } from './manifest-object.ts';
import type { ManifestProblem } from './manifest-problem.ts';

const text = z.string('must be a string; put the value in quotes');
const plainText = text.transform((value) => new Sensitive(value));
// Go's decoder, which is the API server's, wants the padding and lets line breaks pass.
const base64 = z
  .string('must be a string in base64; plain text goes under stringData')
  .refine((value) => /^(?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?$/.test(value.replaceAll(/[\r\n]/g, '')), {
    error: 'is not valid base64; plain text goes under stringData',
  })
  .transform((value) => new Sensitive(Buffer.from(value, 'base64').toString('utf8')));

const mapOf = <Value extends z.ZodType>(value: Value) =>
  z
    .record(z.string(), value, 'must be a mapping')
    .nullish()
    .transform((entries) => entries ?? {});

const metadata = z.object(
  { name: text.min(1, 'must not be empty'), labels: mapOf(text), annotations: mapOf(text) },
  'is missing; it holds the name',
);

const ignored = z.unknown().optional();
const anyObject = { apiVersion: ignored, kind: ignored, metadata, immutable: ignored };
const secretManifest = z.strictObject({
  ...anyObject,
  type: text.default('Opaque'),
  data: mapOf(base64),
  stringData: mapOf(plainText),
});
const configMapManifest = z.strictObject({ ...anyObject, data: mapOf(text), binaryData: ignored });

/** Reads a `kind: Secret` as an API server would: `data` is base64, and `stringData` wins over it. */
export function readSecret(object: ManifestObject): SourceSecret | readonly ManifestProblem[] {
  const read = secretManifest.safeParse(object.value);
  if (!read.success) return problemsOf(object, read.error, Object.keys(secretManifest.shape));
  const { type, data, stringData } = read.data;
  const { name, labels, annotations } = read.data.metadata;
  return { name, labels, annotations, type, data: new Map(Object.entries({ ...data, ...stringData })) };
}

/** Reads a `kind: ConfigMap`; its `binaryData` is of no use to a credential. */
export function readConfigMap(object: ManifestObject): SourceConfigMap | readonly ManifestProblem[] {
  const read = configMapManifest.safeParse(object.value);
  if (!read.success) return problemsOf(object, read.error, Object.keys(configMapManifest.shape));
  const { name, labels } = read.data.metadata;
  return { name, labels, data: new Map(Object.entries(read.data.data)) };
}

function problemsOf(object: ManifestObject, error: z.ZodError, fields: readonly string[]): readonly ManifestProblem[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => problemAt(object, [key], unknownField(key, fields)));
    const path = issue.path.map((segment) => (typeof segment === 'number' ? segment : String(segment)));
    return [problemAt(object, path, issue.message)];
  });
}
