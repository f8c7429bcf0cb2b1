import * as z from 'zod';
import { oauth2Credential } from './oauth2-credential.ts';
import { formatPath, problem, type Problem } from './problem.ts';
import { reasons, type Reason } from './reasons.ts';
import { suggest } from './suggest.ts';

/** zod's findings in plain English. They never repeat a value: it might be a secret in the wrong place. */
export function explainIssue(issue: z.core.$ZodIssue): Problem[] {
  const path = formatPath(issue.path);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => problem('UnknownField', formatPath([...issue.path, key]), unknownField(key, fieldsAt(issue.path))));
  }
  if (issue.code === 'custom') return [problem(reasonOf(issue.params), path, issue.message)];
  return [problem('InvalidField', path, misfit(issue))];
}

function misfit(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type') return wrongType(issue.expected, issue.input);
  if (issue.code === 'invalid_value') return notOneOf(issue.values.map(String), issue.input);
  if (issue.code === 'too_small') return tooSmall(issue.origin, Number(issue.minimum));
  if (issue.code === 'too_big') return tooBig(issue.origin, Number(issue.maximum));
  return 'is not valid';
}

/** What is wrong with a field that is none of `known`. */
export function unknownField(key: string, known: readonly string[]): string {
  const meant = suggest(key, known);
  if (meant !== undefined) return `is not a field: did you mean ${meant}?`;
  return `is not a field: remove it; the fields here are ${known.join(', ')}`;
}

/** The fields of the object at this path of the schema. */
function fieldsAt(path: readonly PropertyKey[]): string[] {
  const at = path.reduce<unknown>((schema, segment) => {
    const parent = unwrap(schema);
    if (parent instanceof z.ZodArray) return parent.element;
    return parent instanceof z.ZodObject ? parent.shape[String(segment)] : undefined;
  }, oauth2Credential);
  const object = unwrap(at);
  return object instanceof z.ZodObject ? Object.keys(object.shape) : [];
}

function unwrap(schema: unknown): unknown {
  const isWrapper = schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault;
  return isWrapper ? unwrap(schema.unwrap()) : schema;
}

function reasonOf(params: Readonly<Record<string, unknown>> | undefined): Reason {
  const reason = params?.['reason'];
  return isReason(reason) ? reason : 'InvalidField';
}

const isReason = (value: unknown): value is Reason => typeof value === 'string' && Object.hasOwn(reasons, value);

const typeNames: Readonly<Record<string, string>> = {
  string: 'a string',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
};

function wrongType(expected: string, input: unknown): string {
  if (input === undefined) return 'is required: add it';
  const found = typeOf(input);
  const hint = expected === 'string' && (typeof input === 'number' || typeof input === 'boolean') ? '; put it in quotes' : '';
  // Every number of the schema is a whole one.
  const wanted = expected === 'number' ? typeNames['int'] : typeNames[expected];
  return `must be ${wanted ?? expected}, not ${found}${hint}`;
}

function typeOf(input: unknown): string {
  if (input === null) return 'null';
  if (Array.isArray(input)) return 'a list';
  if (typeof input === 'number' && !Number.isInteger(input)) return 'a number with a fraction';
  return typeNames[typeof input] ?? typeof input;
}

function notOneOf(values: readonly string[], input: unknown): string {
  if (input === undefined) return `is required: set it to ${values.join(' or ')}`;
  const meant = typeof input === 'string' ? suggest(input, values) : undefined;
  const must = values.length === 1 ? `must be ${values[0]}` : `must be one of ${values.join(', ')}`;
  return meant === undefined || values.length === 1 ? must : `${must}: did you mean ${meant}?`;
}

function tooSmall(origin: string, minimum: number): string {
  if (origin === 'string') return minimum === 1 ? 'must not be empty' : `must have at least ${minimum} characters`;
  if (origin === 'array') return `must have at least ${minimum === 1 ? 'one entry' : `${minimum} entries`}, or be left out`;
  return `must be at least ${minimum}`;
}

function tooBig(origin: string, maximum: number): string {
  if (origin === 'string') return `must have at most ${maximum} characters: shorten it`;
  if (origin === 'array') return `must have at most ${maximum} entries: remove some`;
  return `must be at most ${maximum}`;
}
