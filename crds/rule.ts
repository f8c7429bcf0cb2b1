import * as z from 'zod';
import type { ReasonOf } from './reasons.ts';

interface Judgement<T> {
  readonly reason: ReasonOf<'Accepted'>;
  readonly holds: (self: T) => boolean;
  /** The field below `self` to blame. */
  readonly at?: readonly string[];
}

/**
 * What a schema alone cannot say about a value, once for the API server and once for us: the CEL goes into the CRD, the
 * predicate into the zod schema, the message into both. A test runs both over one corpus and compares verdict and text.
 */
export interface CelRule<T> extends Judgement<T> {
  /** CEL; `self` is the value. True = fine. */
  readonly cel: string;
  /** What is wrong and how to mend it: fixed, or computed at admission by CEL and here by `text`, which say the same. */
  readonly message: string | { readonly cel: string; readonly text: (self: T) => string; readonly otherwise: string };
}

/** What CEL cannot say either: for the operator and the command line only. */
export interface OwnRule<T> extends Judgement<T> {
  readonly cel?: never;
  readonly message: string | { readonly text: (self: T) => string };
}

export type Rule<T> = CelRule<T> | OwnRule<T>;

/** A rule that a regular expression decides: one pattern that RE2 and JavaScript understand alike. */
export function matching(reason: ReasonOf<'Accepted'>, pattern: string, message: string): CelRule<string> {
  const expression = new RegExp(pattern, 'u');
  return { reason, message, cel: `self.matches(${celString(pattern)})`, holds: (self) => expression.test(self) };
}

/** A CEL string literal. CEL reads JSON's escapes; what is not ASCII is escaped so that the YAML stays legible. */
export function celString(text: string): string {
  return JSON.stringify(text).replace(/[^ -~]/gu, (character) => `\\u${character.codePointAt(0)?.toString(16).padStart(4, '0')}`);
}

export const celList = (items: readonly string[]): string => `[${items.map(celString).join(', ')}]`;

export interface FieldMeta {
  readonly description: string;
  readonly [keyword: string]: unknown;
}

/** The schema with its description and its rules. Last in a chain: what is appended afterwards loses both. */
export function ruled<S extends z.ZodType>(schema: S, meta: FieldMeta, rules: readonly Rule<z.output<S>>[] = []): S {
  const refined = rules.reduce<S>((before, rule) => before.check(check(rule)), schema);
  const validations = rules.flatMap((rule) => (rule.cel === undefined ? [] : [validation(rule)]));
  return refined.meta({ ...meta, ...(validations.length > 0 && { 'x-kubernetes-validations': validations }) });
}

function check<T>(rule: Rule<T>): z.core.$ZodCheck<T> {
  const { message, at = [], reason } = rule;
  const made = z.check<T>((payload) => {
    if (rule.holds(payload.value)) return;
    const text = typeof message === 'string' ? message : message.text(payload.value);
    payload.issues.push({ code: 'custom', input: payload.value, path: [...at], message: text, params: { reason }, continue: true });
  });
  // An unknown field is reported and otherwise ignored; anything else that is wrong within the value leaves nothing to judge.
  made._zod.def.when = (payload) => payload.issues.every((issue) => issue.continue === true || issue.code === 'unrecognized_keys');
  return made;
}

function validation<T>({ cel, message, at }: CelRule<T>): Record<string, unknown> {
  return {
    rule: cel,
    ...(typeof message === 'string' ? { message } : { message: message.otherwise, messageExpression: message.cel }),
    ...(at !== undefined && { fieldPath: at.map((segment) => `.${segment}`).join('') }),
  };
}
