import { findJsonError } from '../../crds/json-error.ts';
import { problemAt } from '../manifests/manifest-object.ts';
import type { ManifestProblem } from '../manifests/manifest-problem.ts';
import { parseManifests } from '../manifests/parse-manifests.ts';
import type { ManifestText } from '../manifests/read-manifest-files.ts';
import { readSecret } from '../manifests/read-source.ts';
import type { ServiceKey } from './convert-service-key.ts';
import type { Destination } from './destination.ts';
import { printable } from './printable.ts';
import { parseProperties } from './parse-properties.ts';
import { readBinding } from './read-binding.ts';

/** What one credential is to be made of. */
export type Source = {
  readonly file: string;
  /** As the source calls itself; absent if it has no name. */
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
} & (
  | { readonly kind: 'destination'; readonly destination: Destination }
  | { readonly kind: 'serviceKey'; readonly key: ServiceKey }
  | { readonly kind: 'binding'; readonly key: ServiceKey }
);

export interface ReadSources {
  readonly sources: readonly Source[];
  readonly problems: readonly ManifestProblem[];
}

const expected =
  'expected a destination of SAP BTP (JSON or .properties), a service key (JSON), or the Secret of a service binding (a manifest)';

/** Recognises by its content what a file holds. */
export function readSources({ file, text }: ManifestText): ReadSources {
  if (text.trim() === '') return failed({ file, message: `the file is empty; ${expected}` });
  if (/^\s*[{[]/u.test(text)) return fromJson(file, text);
  if (/^kind:/mu.test(text) && /^apiVersion:/mu.test(text)) return fromManifests(file, text);
  return fromProperties(file, text);
}

function fromJson(file: string, text: string): ReadSources {
  const error = findJsonError(text);
  if (error !== undefined) {
    const before = Array.from(text).slice(0, error.offset).join('');
    const lines = before.split('\n');
    const message = `not valid JSON: ${error.expected} expected at column ${Array.from(lines.at(-1) ?? '').length + 1}, found ${error.found}`;
    return failed({ file, line: lines.length, message });
  }
  const value: unknown = JSON.parse(text);
  const entries = Array.isArray(value)
    ? value.map((entry: unknown, index) => ({ entry, path: `[${index}]` }))
    : [{ entry: value, path: '' }];
  if (entries.length === 0) return failed({ file, message: `the list is empty; ${expected}` });
  if (!Array.isArray(value) && isObject(value) && 'kind' in value && 'apiVersion' in value) return fromManifests(file, text);
  return merge(entries.map(({ entry, path }) => fromObject(file, path, entry)));
}

function fromObject(file: string, path: string, value: unknown): ReadSources {
  const at = path === '' ? { file } : { file, path };
  if (!isObject(value)) return failed({ ...at, message: `holds no JSON object; ${expected}` });
  const { destinationConfiguration, credentials } = value;
  if (isObject(destinationConfiguration)) return destinationIn(at, destinationConfiguration, value['certificates']);
  if (isObject(credentials)) return fromObject(file, path === '' ? 'credentials' : `${path}.credentials`, credentials);
  if ('Authentication' in value || 'tokenServiceURL' in value || ('Name' in value && 'Type' in value))
    return destinationIn(at, value, undefined);
  if (['clientid', 'uaa', 'oauth'].some((name) => name in value)) {
    return { sources: [{ file, kind: 'serviceKey', key: value }], problems: [] };
  }
  return failed({ ...at, message: `holds neither Authentication nor clientid nor uaa; ${expected}` });
}

type At = Pick<ManifestProblem, 'file' | 'path'>;

function destinationIn(at: At, configuration: Record<string, unknown>, certificates: unknown): ReadSources {
  const properties = new Map<string, string>();
  for (const [name, value] of Object.entries(configuration)) {
    if (value === null) continue;
    if (typeof value !== 'string' && typeof value !== 'boolean' && typeof value !== 'number')
      return failed({ ...at, message: `the property ${printable(name)} must be a text` });
    properties.set(name, String(value));
  }
  return { sources: [asDestination(at.file, properties, certificatesIn(certificates))], problems: [] };
}

function asDestination(file: string, properties: ReadonlyMap<string, string>, certificates: ReadonlyMap<string, string>): Source {
  return { file, kind: 'destination', name: properties.get('Name'), destination: { properties, certificates } };
}

/** The Destination service hands a keystore out as the base64 of its file. */
function certificatesIn(value: unknown): Map<string, string> {
  const entries: readonly unknown[] = Array.isArray(value) ? value : [];
  return new Map(
    entries.flatMap((entry) => {
      if (!isObject(entry)) return [];
      const [name, content] = [entry['Name'] ?? entry['name'], entry['Content'] ?? entry['content']];
      if (typeof name !== 'string' || typeof content !== 'string') return [];
      return [[name, content.includes('-----BEGIN') ? content : Buffer.from(content, 'base64').toString('latin1')] as const];
    }),
  );
}

function fromProperties(file: string, text: string): ReadSources {
  const parsed = parseProperties(text);
  if (!parsed.ok) return failed({ file, line: parsed.line, message: `not valid as .properties: ${parsed.message}` });
  const { properties } = parsed;
  if (!['Name', 'Authentication', 'tokenServiceURL'].some((name) => properties.has(name)))
    return failed({ file, line: 1, message: `holds neither JSON nor a manifest nor the property Authentication; ${expected}` });
  return { sources: [asDestination(file, properties, new Map())], problems: [] };
}

function fromManifests(file: string, text: string): ReadSources {
  const { objects, problems } = parseManifests(file, text);
  const secrets = objects.filter(({ value }) => value['kind'] === 'Secret');
  if (secrets.length === 0 && problems.length === 0) return failed({ file, message: `there is no Secret in these manifests; ${expected}` });
  const read = secrets.map((object): ReadSources => {
    const secret = readSecret(object);
    if (!('name' in secret)) return { sources: [], problems: secret };
    const key = readBinding(secret);
    if (typeof key === 'string') return failed(problemAt(object, ['data'], key));
    const { namespace } = isObject(object.value['metadata']) ? object.value['metadata'] : {};
    const place = typeof namespace === 'string' ? { namespace } : {};
    return { sources: [{ file, kind: 'binding', name: secret.name, ...place, key }], problems: [] };
  });
  return merge([...read, { sources: [], problems }]);
}

const failed = (problem: ManifestProblem): ReadSources => ({ sources: [], problems: [problem] });

const merge = (read: readonly ReadSources[]): ReadSources => ({
  sources: read.flatMap(({ sources }) => sources),
  problems: read.flatMap(({ problems }) => problems),
});

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
