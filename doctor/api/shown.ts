const usualLength = 120;

/** In the place of a secret. */
export const redacted = '[redacted]';

/** A value that somebody else wrote, fit for a line on a terminal: no control characters, and not long. */
export function shown(value: unknown, longest = usualLength): string {
  const text = textOf(value)
    .replaceAll(/[\p{C}\p{Z}]+/gu, ' ')
    .trim();
  return text.length > longest ? `${text.slice(0, longest)}…` : text;
}

/** As it is shown, but whole. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

/** To the second, in UTC. */
export function shownTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

const units = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;

/** `59 min 57 s`: the largest unit of it, and the next. */
export function shownTimeSpan(spanMs: number): string {
  let rest = Math.round(Math.abs(spanMs) / 1000);
  const counts = units.map(([unit, seconds]) => {
    const count = Math.floor(rest / seconds);
    rest -= count * seconds;
    return { unit, count };
  });
  const first = counts.findIndex(({ count }) => count > 0);
  const shownCounts = counts.slice(first, first + 2).filter(({ count }) => count > 0);
  return first === -1 ? '0 s' : shownCounts.map(({ unit, count }) => `${count} ${unit}`).join(' ');
}
