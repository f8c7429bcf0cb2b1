import { expect, test } from 'vitest';
import { cleanValue } from './secret-value.ts';

test.each([
  ['s3cr3t\n', 's3cr3t'],
  ['s3cr3t\r\n', 's3cr3t'],
])('one line break at the end of %j is trimmed', (stored, value) => {
  expect(cleanValue(stored, 'credential')).toEqual({ ok: true, value, trimmed: true });
});

test.each(['s3cr3t', ' p+s%w rd ', 'pässwörd', '😀'])('%j goes out as it is', (stored) => {
  expect(cleanValue(stored, 'credential')).toEqual({ ok: true, value: stored, trimmed: false });
});

test.each([
  ['', 'is empty'],
  ['\n', 'is empty'],
  ['s3cr3t\n\n', 'holds a control character at offset 6'],
  ['\ns3cr3t', 'holds a control character at offset 0'],
  ['a\u0000b', 'holds a control character at offset 1'],
  ['😀\u007f', 'holds a control character at offset 1'],
  ['a\tb', 'holds a control character at offset 1'],
  ['s3cr3t\r', 'holds a control character at offset 6'],
  ['a\uffff', 'holds a control character at offset 1'],
  ['a\uFFFDb', 'is not UTF-8 text'],
  ['\uFEFFs3cr3t', 'begins with a byte order mark'],
])('%j is refused', (stored, message) => {
  const clean = cleanValue(stored, 'credential');
  expect(clean).toMatchObject({ ok: false, message: expect.stringContaining(message) });
  expect(JSON.stringify(clean)).not.toContain('s3cr3t');
});

test('a value for a body or a query may have several lines, one for a header not', () => {
  expect(cleanValue('{\n\t"a": 1\r\n}\n', 'parameter')).toMatchObject({ ok: true, value: '{\n\t"a": 1\r\n}' });
  expect(cleanValue('a\nb', 'header')).toMatchObject({ ok: false });
  expect(cleanValue('a\u0000b', 'parameter')).toMatchObject({ ok: false });
});

test('a header takes printable ASCII only', () => {
  expect(cleanValue(' ~', 'header')).toMatchObject({ ok: true });
  expect(cleanValue('ü', 'header')).toMatchObject({ ok: false, message: expect.stringContaining('printable ASCII') });
});

test('an entry from a Secret has the same limit as one in the spec', () => {
  expect(cleanValue('😀'.repeat(1024), 'parameter')).toMatchObject({ ok: true });
  expect(cleanValue('a'.repeat(1025), 'parameter')).toMatchObject({ ok: false });
  expect(cleanValue('a'.repeat(1025), 'header')).toMatchObject({ ok: false });
  expect(cleanValue('a'.repeat(1025), 'credential')).toMatchObject({ ok: true });
});

test('a colon is refused where it would end a user name', () => {
  expect(cleanValue('a:b', 'clientIdForRawBasic')).toMatchObject({ ok: false, message: expect.stringContaining('FormURLEncoded') });
  expect(cleanValue('a:b', 'proxyUserName')).toMatchObject({ ok: false });
  expect(cleanValue('a:b', 'credential')).toMatchObject({ ok: true });
});
