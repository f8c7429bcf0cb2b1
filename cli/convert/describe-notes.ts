import type { Note } from './property-table.ts';
import { printable } from './printable.ts';

/** A line for each property that is lost, and one for all those of which nothing is, by their reason. */
export function describeNotes(notes: readonly Note[]): string[] {
  const lost = notes.filter((note) => note.lost).map(({ property, reason }) => `${printable(property)}: not carried over: ${reason}`);
  const reasons = new Map<string, string[]>();
  for (const { property, reason, lost: isLost } of notes)
    if (!isLost) reasons.set(reason, [...(reasons.get(reason) ?? []), printable(property)]);
  return [...lost, ...[...reasons].map(([reason, properties]) => `${properties.join(', ')}: not needed: ${reason}`)];
}
