/** So many characters in a row are no coincidence. */
const blockLength = 32;

interface Block {
  readonly secret: string;
  readonly offset: number;
}

/** Takes long secrets out of a text, in parts too: whatever of them has 64 characters, and most of what has half as many. */
export type RemoveExcerpts = (text: string, replacement: string) => string;

/** Letter case does not matter. No regular expression can be as long as some assertions are. */
export function excerptsOf(secrets: Iterable<string>): RemoveExcerpts {
  const blocks = new Map<string, Block[]>();
  for (const secret of secrets) {
    const lower = lowerCase(secret);
    for (let offset = 0; offset + blockLength <= lower.length; offset += blockLength) {
      const block = lower.slice(offset, offset + blockLength);
      const places = blocks.get(block);
      if (places) places.push({ secret: lower, offset });
      else blocks.set(block, [{ secret: lower, offset }]);
    }
  }
  return (text, replacement) => {
    const lower = lowerCase(text);
    const kept: string[] = [];
    let end = 0;
    for (let start = end; start + blockLength <= lower.length;) {
      const places = blocks.get(lower.slice(start, start + blockLength));
      if (places === undefined) {
        start += 1;
        continue;
      }
      const found = widest(places.map((place) => extent(lower, start, place, end)));
      kept.push(text.slice(end, found.start), replacement);
      end = found.end;
      start = end;
    }
    return [...kept, text.slice(end)].join('');
  };
}

interface Extent {
  readonly start: number;
  readonly end: number;
}

/** How far the text goes on as the secret does, on either side of the block at `start`, but not before `first`. */
function extent(text: string, start: number, { secret, offset }: Block, first: number): Extent {
  let before = 0;
  while (start - before > first && offset > before && text[start - before - 1] === secret[offset - before - 1]) before += 1;
  let after = blockLength;
  while (offset + after < secret.length && text[start + after] === secret[offset + after]) after += 1;
  return { start: start - before, end: start + after };
}

/** The encodings of one secret have parts in common. */
function widest(extents: readonly Extent[]): Extent {
  return extents.reduce((a, b) => (b.end - b.start > a.end - a.start ? b : a));
}

/** Of the same length, so that what is found in it is found in the text. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
