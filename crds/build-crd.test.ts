import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { buildCrd } from './build-crd.ts';

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly additionalProperties?: unknown;
}

const committed = parse(await readFile(new URL('tokenward.dev_oauth2credentials.yaml', import.meta.url), 'utf8'));
const [version] = committed.spec.versions;

/** Every field below the root with its path; metadata is the API server's own. */
function fieldsOf(path: string, { properties = {}, items }: Schema): [string, Schema][] {
  const inner = [
    ...Object.entries(properties).map(([name, schema]): [string, Schema] => [`${path}.${name}`, schema]),
    ...(items ? [[`${path}[]`, items] as [string, Schema]] : []),
  ];
  return inner.filter(([name]) => name !== '.metadata').flatMap(([name, schema]) => [[name, schema], ...fieldsOf(name, schema)]);
}

const fields = fieldsOf('', version.schema.openAPIV3Schema);

test('the committed CRD is what the schema says', () => {
  expect(committed).toEqual(buildCrd());
});

test('the names, the subresource and the columns are those that users know', () => {
  expect(committed.spec).toMatchObject({
    group: 'tokenward.dev',
    scope: 'Namespaced',
    names: { kind: 'OAuth2Credential', plural: 'oauth2credentials', shortNames: ['o2c'] },
  });
  expect(version).toMatchObject({ name: 'v1alpha1', subresources: { status: {} } });
  expect(version.additionalPrinterColumns.map(({ name }: { name: string }) => name)).toEqual([
    'Ready',
    'Reason',
    'Sidecars',
    'Grant',
    'Upstream',
    'Revision',
    'Age',
  ]);
});

test('kubectl explain has something to say about every field', () => {
  expect(fields.length).toBeGreaterThan(80);
  expect(fields.filter(([, { description = '' }]) => description === '').map(([path]) => path)).toEqual([]);
});

test('every string and every list has a limit', () => {
  const unlimited = fields.filter(
    ([, schema]) =>
      (schema.type === 'string' && schema.enum === undefined && schema.maxLength === undefined) ||
      (schema.type === 'array' && schema.maxItems === undefined),
  );
  expect(unlimited.map(([path]) => path)).toEqual([]);
});

test('every field has one type, and no object forbids or swallows other fields', () => {
  const types = new Set(fields.map(([, { type }]) => type));
  expect(types).toEqual(new Set(['array', 'boolean', 'integer', 'object', 'string']));
  expect(fields.filter(([, schema]) => schema.additionalProperties !== undefined)).toEqual([]);
});
