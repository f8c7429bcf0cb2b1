/** The model as JSON for machines: `takenAtMs: 0` becomes `takenAt: "1970-01-01T00:00:00.000Z"`, as for all times in it. */
export function formatJson(value: unknown): string {
  return JSON.stringify(withTimestamps(value), undefined, 2);
}

function withTimestamps(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withTimestamps);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]: [string, unknown]) =>
      typeof inner === 'number' && /(?:At|^at|^since)Ms$/.test(name)
        ? [name.slice(0, -2), Number.isFinite(inner) ? new Date(inner).toISOString() : undefined]
        : [name, withTimestamps(inner)],
    ),
  );
}
