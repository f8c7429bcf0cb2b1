/** Quoted, and cut where it is long: it goes into a message. */
export const shown = (text: string): string => JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
