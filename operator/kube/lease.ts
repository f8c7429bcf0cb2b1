import type { ApiObject } from './api-object.ts';

/** `coordination.k8s.io/v1` Lease, as far as an election needs it. */
export interface Lease extends ApiObject {
  readonly spec?: LeaseSpec;
}

export interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}

/** The holder may be silent for so long before another one takes over; measured by the clock of the other one. */
export const leaseDurationSeconds = 15;

/** What `identity` writes to take the lease, or to renew it. The times are for human readers: nobody compares them with a clock. */
export function takenBy(identity: string, before: LeaseSpec | undefined, nowMs: number): LeaseSpec {
  const now = microTime(nowMs);
  const renews = before?.holderIdentity === identity;
  return {
    holderIdentity: identity,
    leaseDurationSeconds,
    acquireTime: renews ? (before.acquireTime ?? now) : now,
    renewTime: now,
    leaseTransitions: (before?.leaseTransitions ?? 0) + (renews || before === undefined ? 0 : 1),
  };
}

/** A lease that nobody holds: the next one need not wait. */
export function released({ leaseTransitions = 0 }: LeaseSpec, nowMs: number): LeaseSpec {
  const now = microTime(nowMs);
  return { holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now, leaseTransitions };
}

/** `metav1.MicroTime`. */
function microTime(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z');
}
