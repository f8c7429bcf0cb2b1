import { expect, test } from 'vitest';
import { plainText } from './plain-text.ts';

test('what would steer a terminal is taken out, and nothing else', () => {
  expect(plainText('\u001b[2J\u001b]0;title\u0007gone\r')).toBe('\ufffd[2J\ufffd]0;title\ufffdgone\ufffd');
  expect(plainText('\u202eback\u009b')).toBe('\ufffdback\ufffd');
  expect(plainText('pay\u200bload\u061c')).toBe('pay\ufffdload\ufffd');
  expect(plainText('one\n\ttwo ü 漢 …')).toBe('one\n\ttwo ü 漢 …');
});
