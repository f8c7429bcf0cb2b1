const longest = 120;

/** A value that somebody else wrote, fit for a line on a terminal: no control characters, and not long. */
export function shown(value: unknown): string {
  const text = (typeof value === 'string' ? value : (JSON.stringify(value) ?? '')).replaceAll(/[\p{C}\p{Z}]+/gu, ' ').trim();
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/** To the second, in UTC. */
export function shownTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

/** `59 min 57 s`: the two largest units of it. */
export function shownTimeSpan(spanMs: number): string {
  let rest = Math.round(Math.abs(spanMs) / 1000);
  const parts: string[] = [];
  for (const [unit, seconds] of [
    ['d', 86_400],
    ['h', 3600],
    ['min', 60],
    ['s', 1],
  ] as const) {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    if (count > 0) parts.push(`${count} ${unit}`);
  }
  return parts.slice(0, 2).join(' ') || '0 s';
}
