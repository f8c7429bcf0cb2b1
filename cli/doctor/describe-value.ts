/** What a stored value looks like, without telling it: its length, and what is odd about it. */
export interface DescribedValue {
  readonly description: string;
  readonly oddities: readonly string[];
}

interface Oddity {
  readonly text: string;
  readonly isIn: (value: string) => boolean;
}

/** What comes of copying, pasting and encoding; nobody sees it, and no server takes it. */
const oddities: readonly Oddity[] = [
  { text: 'begins with a byte order mark (U+FEFF)', isIn: (value) => value.startsWith('\uFEFF') },
  { text: 'is not UTF-8 text', isIn: (value) => value.includes('\uFFFD') },
  { text: 'ends in a line break, as echo without -n leaves it', isIn: (value) => /\r?\n$/.test(value) },
  { text: 'has a line break in the middle', isIn: (value) => /[\r\n](?!$)/.test(value.replace(/\r?\n$/, '')) },
  { text: 'has a NUL character, as text in UTF-16 has', isIn: (value) => value.includes('\0') },
  { text: 'has a control character', isIn: (value) => /(?![\t\r\n\0])\p{Cc}/u.test(value) },
  { text: 'begins or ends with a space', isIn: (value) => /^[^\S\r\n]|[^\S\r\n](?:\r?\n)?$/.test(value.replace(/^\uFEFF/, '')) },
  { text: 'has curly quotes, as word processors make them', isIn: (value) => /[\u2018-\u201F]/.test(value) },
  {
    text: 'has an invisible character (zero width, or a no-break space)',
    isIn: (value) => /[\u00A0\u200B-\u200F\u2060]|(?!^)\uFEFF/.test(value),
  },
  { text: 'stands between quotes, which are sent as well', isIn: (value) => /^(["'])[^]*\1\s*$/.test(value) },
  { text: 'is in base64 itself: it was encoded once more than data: wants, or stands under stringData in base64', isIn: isBase64OfText },
  {
    text: 'looks like a placeholder',
    isIn: (value) => /^(?:<.*>|\$\{.*\}|\{\{.*\}\}|change-?me|secret|password|todo|xxx+|\*+)$/i.test(value.trim()),
  },
];

export function describeValue(value: string): DescribedValue {
  const count = Array.from(value).length;
  const length = `${count} character${count === 1 ? '' : 's'}`;
  // A PEM file has lines, and says itself what it is.
  const label = /-----BEGIN ([A-Z0-9 ]{1,40})-----/.exec(value)?.[1];
  if (label !== undefined)
    return { description: `${length}, ${label.toLowerCase()} in PEM`, oddities: value.includes('\0') ? ['has a NUL character'] : [] };
  return { description: value === '' ? 'empty' : length, oddities: oddities.filter(({ isIn }) => isIn(value)).map(({ text }) => text) };
}

/** Of a password that is random in base64 the bytes behind it are no text. */
function isBase64OfText(value: string): boolean {
  const text = value.trim();
  if (text.length < 12 || !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text)) return false;
  return /^[\x20-\x7e]+\s*$/.test(Buffer.from(text, 'base64').toString('latin1'));
}
