import * as z from 'zod';
import type { Examination, Step } from '../../doctor/examination.ts';
import { type VerdictCode, verdicts } from '../../doctor/verdicts.ts';
import { type FailureCode, failures } from '../../sidecar/failure.ts';

const step = z.looseObject({
  subject: z.enum(['credential', 'tokenEndpoint', 'api']),
  name: z.string(),
  outcome: z.enum(['ok', 'odd', 'failed', 'skipped']),
  tookMs: z.number(),
  summary: z.string(),
  details: z.array(z.string()),
});

/** Without a value: the field is taken out. */
const change = z.object({ path: z.string(), value: z.unknown().optional() });
const newConfigMap = z.object({ name: z.string(), data: z.record(z.string(), z.string()) });

const mend = z.discriminatedUnion('kind', [
  z.looseObject({
    kind: z.literal('manifest'),
    changes: z.array(change),
    tried: z.boolean(),
    configMap: newConfigMap.optional(),
    advice: z.string().optional(),
  }),
  z.looseObject({ kind: z.literal('secret'), field: z.string(), advice: z.string(), source: z.string().optional() }),
  z.looseObject({ kind: z.literal('command'), command: z.string(), advice: z.string() }),
  z.looseObject({ kind: z.literal('elsewhere'), advice: z.string() }),
]);

const examination = z.looseObject({
  version: z.literal(1),
  alias: z.string(),
  steps: z.array(step),
  verdict: z.looseObject({
    code: z.enum(Object.keys(verdicts) as VerdictCode[]),
    sentence: z.string(),
    mend: mend.optional(),
    failure: z.enum(Object.keys(failures) as FailureCode[]).optional(),
  }),
});

const message = z.union([z.object({ step }), z.object({ examination })]);

/**
 * A line of what the doctor writes in a pod. Whoever may change the pod may have put anything there: all that is shown of it is known to
 * have the form that it is shown by. Undefined: it is something else.
 */
export function parseExaminationMessage(line: string): { readonly step: Step } | { readonly examination: Examination } | undefined {
  try {
    const parsed = message.safeParse(JSON.parse(line));
    // The names of steps are for people, and may be those of a newer doctor.
    return parsed.success ? (parsed.data as unknown as { step: Step } | { examination: Examination }) : undefined;
  } catch {
    return undefined;
  }
}
