import type { ReasonOf } from '../reasons.ts';
import type { Rule } from '../rule.ts';

/** A union as the Kubernetes API conventions have it: optional arms, of which exactly one is set. */
export function exactlyOne<A extends string, B extends string>(
  a: A,
  b: B,
  reason: ReasonOf<'Accepted'> = 'InvalidReference',
): Rule<{ readonly [K in A | B]?: unknown }> {
  return {
    reason,
    cel: `has(self.${a}) != has(self.${b})`,
    holds: (self) => (self[a] === undefined) !== (self[b] === undefined),
    message: `must have exactly one of ${a} and ${b}: set one and remove the other`,
  };
}
