export type ParsedProperties =
  | { readonly ok: true; readonly properties: ReadonlyMap<string, string> }
  /** The line counts from 1. */
  | { readonly ok: false; readonly line: number; readonly message: string };

interface LogicalLine {
  readonly text: string;
  readonly line: number;
}

/** A file of `java.util.Properties`, as the cockpit of SAP BTP exports a destination. A key that comes twice has its last value. */
export function parseProperties(text: string): ParsedProperties {
  const properties = new Map<string, string>();
  for (const { text: content, line } of logicalLines(text)) {
    const [, key = '', value = ''] = /^((?:\\[^]|[^\\=: \t\f])*)[ \t\f]*[=:]?[ \t\f]*([^]*)$/u.exec(content) ?? [];
    const [name, plain] = [unescape(key), unescape(value)];
    if (name === undefined || plain === undefined)
      return { ok: false, line, message: 'a backslash and a "u" must be followed by four hexadecimal digits' };
    properties.set(name, plain);
  }
  return { ok: true, properties };
}

/** Without comments and blank lines, and with those joined that end in an odd number of backslashes. */
function logicalLines(text: string): LogicalLine[] {
  const joined: LogicalLine[] = [];
  let open: LogicalLine | undefined;
  for (const [index, natural] of text.split(/\r\n|\r|\n/u).entries()) {
    const content = natural.replace(/^[ \t\f]+/u, '');
    // Within a value that goes on, a number sign is one.
    if (open === undefined && /^(?:[#!]|$)/u.test(content)) continue;
    const line: LogicalLine = { text: (open?.text ?? '') + content, line: open?.line ?? index + 1 };
    const backslashes = /\\*$/u.exec(content)?.[0].length ?? 0;
    open = backslashes % 2 === 1 ? { ...line, text: line.text.slice(0, -1) } : undefined;
    if (open === undefined) joined.push(line);
  }
  return open === undefined ? joined : [...joined, open];
}

const controls: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

/** undefined: an escape is malformed. */
function unescape(text: string): string | undefined {
  if (/(?:^|[^\\])(?:\\\\)*\\u(?![\dA-Fa-f]{4})/u.test(text)) return undefined;
  return text.replaceAll(/\\(?:u([\dA-Fa-f]{4})|([^]))/gu, (_, code: string | undefined, character: string) =>
    code === undefined ? (controls[character] ?? character) : String.fromCharCode(Number.parseInt(code, 16)),
  );
}
