/**
 * Whether `one` is older than `other`. Since Kubernetes 1.35 resource versions are promised to be decimal numbers that grow, of any length; they
 * always were. What is not a number is in no order.
 */
export function isOlder(one: string, other: string): boolean {
  if (!decimal.test(one) || !decimal.test(other)) return false;
  return one.length === other.length ? one < other : one.length < other.length;
}

const decimal = /^[1-9][0-9]*$/;
