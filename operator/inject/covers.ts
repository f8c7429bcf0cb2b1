/** Whether `actual` says all that `wanted` says. It may say more: the API server fills in its defaults, and writes an empty list as null. */
export function covers(actual: unknown, wanted: unknown): boolean {
  if (Array.isArray(wanted)) {
    const items: unknown = actual ?? [];
    return Array.isArray(items) && items.length === wanted.length && wanted.every((item, index) => covers(items[index], item));
  }
  if (typeof wanted !== 'object' || wanted === null) return actual === wanted;
  if (typeof actual !== 'object' || actual === null) return false;
  return Object.entries(wanted).every(([key, value]) => covers((actual as Record<string, unknown>)[key], value));
}
