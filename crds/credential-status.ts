import * as z from 'zod';
import { list, record, text } from './field.ts';

/** metav1.Condition, with its limits. */
const condition = record('What is known of the credential in one respect.', {
  type: text('Accepted: the spec is valid. SecretsResolved: every reference leads to a usable value. Ready: the sidecars have it.', {
    max: 316,
  }),
  status: z.enum(['True', 'False', 'Unknown']).meta({ description: 'Whether it is so.' }),
  observedGeneration: z.int().min(0).meta({ description: 'The metadata.generation that this is about.', format: 'int64' }).optional(),
  lastTransitionTime: z.string().meta({ description: 'When the status last changed.', format: 'date-time', maxLength: 64 }),
  reason: text('Why, in one word; docs/conditions.md lists them.', { max: 1024 }),
  message: text('Why, and how to mend it.', { min: 0, max: 32_768 }),
});

/** The status of an OAuth2Credential: written by the operator only, and never read from a manifest. */
export const credentialStatus = record('What the operator found; written by it alone.', {
  observedGeneration: z
    .int()
    .min(0)
    .meta({ description: 'The metadata.generation that the operator last saw.', format: 'int64' })
    .optional(),
  revision: text(
    'The version of the configuration that sidecars should have; kubectl tokenward status NAME shows which one each has. Absent: there is none for them.',
    { max: 64 },
  ).optional(),
  conditions: list('The conditions Accepted, SecretsResolved and Ready.', condition, { max: 16, mapKey: 'type' }).optional(),
});
