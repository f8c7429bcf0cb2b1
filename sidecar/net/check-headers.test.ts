import { describe, expect, test } from 'vitest';
import { checkHeaders } from './check-headers.ts';

describe('the headers that a configuration sets', () => {
  test('are kept in their order and spelling, and Host is told apart: it is not the connection’s own then', () => {
    expect(checkHeaders(['X-A', '1', 'Host', 'api.example', 'x-b', 'ä'])).toEqual({ list: ['X-A', '1', 'x-b', 'ä'], host: 'api.example' });
    expect(checkHeaders([])).toEqual({ list: [], host: undefined });
  });

  test.each([
    ['a line break in a value', ['X-A', '1\r\nX-B: 2']],
    ['a control character in a value', ['X-A', '1\u007f2']],
    ['a letter that no header may carry', ['X-A', '€']],
    ['a name that is none', ['X A', '1']],
    ['an empty name', ['', '1']],
    ['a transfer coding', ['Transfer-Encoding', 'chunked']],
    ['an upgrade', ['Upgrade', 'h2c']],
    ['a second Host', ['Host', 'a', 'host', 'b']],
  ])('are refused with %s', (_, headers) => {
    expect(() => checkHeaders(headers)).toThrow(expect.objectContaining({ code: 'REQUEST_INVALID' }));
  });
});
