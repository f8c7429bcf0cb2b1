/** Compares two versions of Node: `isAtLeast('22.9.0', '22.19')` is false. */
export function isAtLeast(version: string, needed: string): boolean {
  const found = version.split('.').map((part) => Number.parseInt(part, 10));
  for (const [index, part] of needed.split('.').entries()) {
    const difference = (found[index] ?? 0) - Number(part);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
