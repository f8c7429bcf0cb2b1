import * as z from 'zod';
import { ruled, type Rule } from './rule.ts';

/** The building stones of the schema: each has a description (`kubectl explain`) and a limit. */

/** A string of `min` to `max` characters, counted in code points as the API server counts them. */
export function text(
  description: string,
  { min = 1, max, rules = [] }: { min?: number; max: number; rules?: readonly Rule<string>[] },
): z.ZodString {
  const limited = z.string().check((payload) => {
    const length = Array.from(payload.value).length;
    if (length < min) payload.issues.push({ code: 'too_small', origin: 'string', minimum: min, input: payload.value, continue: false });
    if (length > max) payload.issues.push({ code: 'too_big', origin: 'string', maximum: max, input: payload.value, continue: false });
  });
  return ruled(limited, { description, ...(min > 0 && { minLength: min }), maxLength: max }, rules);
}

export const integer = (description: string, min: number, max: number): z.ZodInt =>
  z.int().min(min).max(max).meta({ description, format: 'int32' });

export const choice = <const V extends readonly [string, ...string[]]>(description: string, values: V) =>
  z.enum(values).meta({ description });

export const flag = (description: string): z.ZodBoolean => z.boolean().meta({ description });

/** Owned as a whole by who applies it (server-side apply), or entry by entry where `mapKey` tells them apart. */
export function list<T extends z.ZodType>(
  description: string,
  item: T,
  { min = 0, max, rules = [], mapKey }: { min?: number; max: number; rules?: readonly Rule<z.output<T>[]>[]; mapKey?: string },
): z.ZodArray<T> {
  const limited = min > 0 ? z.array(item).min(min).max(max) : z.array(item).max(max);
  const ownership =
    mapKey === undefined
      ? { 'x-kubernetes-list-type': 'atomic' }
      : { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [mapKey] };
  return ruled<z.ZodArray<T>>(limited, { description, ...ownership }, rules);
}

export function record<S extends z.core.$ZodLooseShape>(
  description: string,
  shape: S,
  rules: readonly Rule<z.output<z.ZodObject<S, z.core.$strict>>>[] = [],
): z.ZodObject<S, z.core.$strict> {
  return ruled(z.strictObject(shape), { description }, rules);
}
