export interface JsonError {
  /** In code points, from 0. */
  readonly offset: number;
  readonly expected: string;
  readonly found: string;
}

/**
 * Where a text stops being JSON (RFC 8259), or undefined if it is JSON. JSON.parse knows, but tells it in an engine's own
 * words, and for some errors without the position.
 */
export function findJsonError(text: string): JsonError | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch {
    return locate(text);
  }
}

type Bracket = '{' | '[';
type Expected = 'value' | 'first key' | 'key' | 'colon' | 'first item' | 'comma' | 'end';

const string = String.raw`"(?:[^"\\\x00-\x1f]|\\(?:["\\/bfnrt]|u[0-9A-Fa-f]{4}))*"`;
const number = String.raw`-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?`;
const token = `[{}[\\],:]|${string}|${number}|true|false|null`;

/** Reads token by token with a stack of what is open, and stops at the first token that does not belong. */
function locate(text: string): JsonError {
  const open: Bracket[] = [];
  let expected: Expected = 'value';
  let at = 0;
  for (;;) {
    at += /^[ \t\r\n]*/.exec(text.slice(at))?.[0].length ?? 0;
    const found = tokenAt(text, at);
    const next: Expected | undefined = found === undefined ? undefined : advance(expected, found, open);
    if (found === undefined || next === undefined) return describe(text, at, expectation(expected, open.at(-1)));
    expected = next;
    at += found.length;
  }
}

function tokenAt(text: string, at: number): string | undefined {
  return new RegExp(`^(?:${token})`).exec(text.slice(at))?.[0];
}

/** What may follow `found`, or undefined if `found` itself may not be here. Keeps the stack. */
function advance(expected: Expected, found: string, open: Bracket[]): Expected | undefined {
  const closing = open.at(-1) === '{' ? '}' : ']';
  const mayClose = expected === 'first key' || expected === 'first item' || expected === 'comma';
  if (mayClose && found === closing) {
    open.pop();
    return open.length === 0 ? 'end' : 'comma';
  }
  if (expected === 'colon') return found === ':' ? 'value' : undefined;
  if (expected === 'comma' && found === ',') return closing === '}' ? 'key' : 'value';
  if (expected === 'first key' || expected === 'key') return found.startsWith('"') ? 'colon' : undefined;
  if (expected === 'comma' || expected === 'end') return undefined;
  if (found === '{' || found === '[') {
    open.push(found);
    return found === '{' ? 'first key' : 'first item';
  }
  if (/^[\]},:]$/.test(found)) return undefined;
  return open.length === 0 ? 'end' : 'comma';
}

function expectation(expected: Expected, open: Bracket | undefined): string {
  const names = {
    value: 'a value',
    'first key': 'a quoted name or "}"',
    key: 'a quoted name',
    colon: '":"',
    'first item': 'a value or "]"',
    comma: open === '[' ? '"," or "]"' : '"," or "}"',
    end: 'the end',
  } as const satisfies Record<Expected, string>;
  return names[expected];
}

function describe(text: string, at: number, expected: string): JsonError {
  const character = text.codePointAt(at);
  const offset = Array.from(text.slice(0, at)).length;
  if (character === undefined) return { offset, expected, found: 'the end' };
  const codePoint = `U+${character.toString(16).toUpperCase().padStart(4, '0')}`;
  const printable = character > 0x20 && character < 0x7f;
  return { offset, expected, found: printable ? `${String.fromCodePoint(character)} (${codePoint})` : codePoint };
}
