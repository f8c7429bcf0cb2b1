import type { ReasonOf } from '../reasons.ts';
import { celString, type Rule } from '../rule.ts';

interface Arms<D extends string, A extends string> {
  readonly reason: ReasonOf<'Accepted'>;
  /** The field that chooses. */
  readonly discriminator: D;
  /** By choice the arm that belongs to it, and to it alone. */
  readonly arms: Readonly<Record<string, A>>;
}

/** A union as the Kubernetes API conventions have it: a discriminator, and for each value that needs more one optional arm. */
export function armRules<D extends string, A extends string>({
  reason,
  discriminator,
  arms,
}: Arms<D, A>): Rule<{ readonly [K in D]: string } & { readonly [K in A]?: unknown }>[] {
  return Object.entries(arms).flatMap(([choice, arm]) => [
    {
      reason,
      at: [arm],
      cel: `self.${discriminator} != ${celString(choice)} || has(self.${arm})`,
      holds: (self) => self[discriminator] !== choice || self[arm] !== undefined,
      message: `is required by ${discriminator}: ${choice}`,
    },
    {
      reason,
      at: [arm],
      cel: `self.${discriminator} == ${celString(choice)} || !has(self.${arm})`,
      holds: (self) => self[discriminator] === choice || self[arm] === undefined,
      message: `is used by ${discriminator}: ${choice} alone: set that, or remove this field`,
    },
  ]);
}
