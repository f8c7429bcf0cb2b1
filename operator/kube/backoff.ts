import type { Random } from '../../crds/clock.ts';

export interface Backoff {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Doubles with each failure (1, 2, …). Between half and all of that, so that those who failed together do not come back together. */
export function backoffMs({ firstMs, longestMs }: Backoff, failures: number, random: Random): number {
  return Math.min(longestMs, firstMs * 2 ** (failures - 1)) * (0.5 + random() / 2);
}
