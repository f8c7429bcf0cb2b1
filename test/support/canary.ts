/**
 * The canary: every secret and token in the tests carries a mark, and the last test of a run looks for the mark in all that the
 * processes under test wrote. Nothing else in those texts may hold it, so names of files, aliases and headers stay free of it.
 */
const mark = 'canary-';

export function canarySecret(name: string): string {
  return `${mark}secret-${name}`;
}

export function canaryToken(name: string | number): string {
  return `${mark}token-${name}`;
}

/** The mark as it is, and inside Base64 (RFC 4648 sections 4 and 5) and hexadecimal text, at whatever offset it begins there. */
export const traces: readonly string[] = [
  mark,
  ...[0, 1, 2].map((offset) => {
    const encoded = Buffer.from(`${'.'.repeat(offset)}${mark}`).toString('base64url');
    // The first and the last character also depend on what stands before and after the mark.
    return encoded.slice(Math.ceil((offset * 8) / 6), Math.floor(((offset + mark.length) * 8) / 6));
  }),
  Buffer.from(mark).toString('hex'),
];

/** Where the mark shows in a text, each place with a little of what stands before it. */
export function findTraces(text: string): string[] {
  return traces.flatMap((trace) =>
    [...text.matchAll(new RegExp(trace, 'gi'))].map(({ index }) => text.slice(Math.max(0, index - 60), index + 40)),
  );
}
