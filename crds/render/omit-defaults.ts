import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod/mini';

/** `value` without what `schema` would add by itself: parsing the result gives `value` again. */
export function omitDefaults(schema: unknown, value: unknown): unknown {
  if (schema instanceof z.ZodMiniOptional || schema instanceof z.ZodMiniDefault || schema instanceof z.ZodMiniPrefault) {
    return omitDefaults(schema.def.innerType, value);
  }
  if (schema instanceof z.ZodMiniArray && Array.isArray(value)) return value.map((item) => omitDefaults(schema.def.element, item));
  if (!(schema instanceof z.ZodMiniObject) || typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).flatMap(([key, inner]) => {
    const field: unknown = schema.shape[key];
    const lean = omitDefaults(field, inner);
    return isDeepStrictEqual(lean, defaultOf(field)) ? [] : [[key, lean]];
  });
  return Object.fromEntries(fields);
}

/** Undefined if there is none: then a field is left out only where it is undefined itself. */
function defaultOf(schema: unknown): unknown {
  if (!(schema instanceof z.ZodMiniDefault || schema instanceof z.ZodMiniPrefault)) return undefined;
  return omitDefaults(schema.def.innerType, schema.def.defaultValue);
}
