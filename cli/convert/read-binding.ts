import * as z from 'zod';
import type { SourceSecret } from '../../crds/sources.ts';
import type { ServiceKey } from './convert-service-key.ts';

/** What the SAP BTP service operator says of the keys of a Secret, in its key `.metadata`. */
const bindingMetadata = z.object({
  metaDataProperties: z.array(z.object({ name: z.string() })).default([]),
  credentialProperties: z
    .array(z.object({ name: z.string(), format: z.string().optional(), container: z.boolean().optional() }))
    .default([]),
});

/** What the operator adds by itself. */
const ownKeys = ['.metadata', 'type', 'label', 'plan', 'tags', 'instance_name', 'instance_guid', 'instance_external_name'];

/**
 * The service key that lies in a Secret of a service binding: one key for each member, those that are no text as JSON, or all of
 * them in one key. Or what is wrong.
 */
export function readBinding(secret: SourceSecret): ServiceKey | string {
  const values = new Map([...secret.data].map(([name, value]) => [name, value.reveal()]));
  const metadata = bindingMetadata.safeParse(jsonOf(values.get('.metadata') ?? '{}'));
  if (!metadata.success) return 'the key .metadata is not what the SAP BTP service operator writes: remove it, or copy the Secret anew';
  const { metaDataProperties, credentialProperties } = metadata.data;
  const formats = new Map(credentialProperties.map((property) => [property.name, property]));
  const ignored = new Set([...ownKeys, ...metaDataProperties.map(({ name }) => name)]);
  let key: ServiceKey = {};
  for (const [name, text] of values) {
    if (ignored.has(name) && !formats.has(name)) continue;
    const says = formats.get(name);
    const value = says?.format === 'json' || /^\s*[{[]/u.test(text) ? jsonOf(text) : text;
    if (value === undefined)
      return `the key ${/^[-._0-9A-Za-z]+$/u.test(name) ? name : '(unprintable)'} holds no valid JSON: copy the Secret anew`;
    const isContainer = says?.container === true || (values.size === 1 && isObject(value));
    key = { ...key, ...(isContainer && isObject(value) ? value : { [name]: value }) };
  }
  return key;
}

/** undefined: it is none. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is ServiceKey => typeof value === 'object' && value !== null && !Array.isArray(value);
