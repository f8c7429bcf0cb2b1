import { describe, expect, test } from 'vitest';
import { parseProperties } from './parse-properties.ts';

const parsed = (text: string): Record<string, string> => {
  const result = parseProperties(text);
  if (!result.ok) throw new Error(`line ${result.line}: ${result.message}`);
  return Object.fromEntries(result.properties);
};

describe('a .properties file', () => {
  test.each<[string, string, Record<string, string>]>([
    ['separators', 'a=1\nb:2\nc 3\nd = 4\ne : 5\nf\t6', { a: '1', b: '2', c: '3', d: '4', e: '5', f: '6' }],
    ['only the first separator counts', 'URL=https://x:1/a?b=c', { URL: 'https://x:1/a?b=c' }],
    ['escaped separators in a key', 'a\\=b\\:c\\ d=e', { 'a=b:c d': 'e' }],
    ['comments and blank lines', '# a=1\n  ! b=2\n\n \t\nc=#3', { c: '#3' }],
    ['a comment does not go on', '# a \\\nb=1', { b: '1' }],
    ['lines that go on, less what is before them', 'a=1 \\\n   2 \\\r\n\t3\nb=4', { a: '1 2 3', b: '4' }],
    ['a number sign within a value that goes on', 'a=1\\\n#2', { a: '1#2' }],
    ['two backslashes do not go on', 'a=1\\\\\nb=2', { a: '1\\', b: '2' }],
    ['escapes', 'a=\\t\\n\\r\\f\\q\\\\\\u00e4\\uD83D\\uDE00', { a: '\t\n\r\fq\\ä😀' }],
    ['a backslash before a u is one', 'a=\\\\u00', { a: '\\u00' }],
    ['space at the end stays', 'a=1  ', { a: '1  ' }],
    ['a key alone', 'a\nb=', { a: '', b: '' }],
    ['the last value of a key', 'a=1\na=2', { a: '2' }],
    ['old line ends, and one that is missing', 'a=1\rb=2\\', { a: '1', b: '2' }],
  ])('is read as java.util.Properties does: %s', (_what, text, expected) => {
    expect(parsed(text)).toEqual(expected);
  });

  test('says in which line an escape is malformed', () => {
    expect(parseProperties('a=1\nb=\\\n  \\u12G4\n')).toMatchObject({ ok: false, line: 2 });
  });
});
