import { describe, expect, test } from 'vitest';
import { type AnswerHead, AnswerReader, type AnswerSink } from './answer-reader.ts';

/** What a reader told, as text; of the chunks only what they are together. */
class Told implements AnswerSink {
  readonly events: string[] = [];
  body = '';

  answerBegun(): void {
    this.events.push('begun');
  }

  answerInformed(head: AnswerHead): void {
    this.events.push(`informed ${headText(head)}`);
  }

  answerStarted(head: AnswerHead): void {
    this.events.push(`started ${headText(head)}`);
  }

  answerData(chunk: Buffer): void {
    this.body += chunk.toString('latin1');
    // What the connection may do once all has been told.
    chunk.fill('!');
  }

  answerEnded(rawTrailers: readonly string[]): void {
    this.events.push(`ended ${this.body} ${rawTrailers.join('|')}`);
  }
}

const headText = ({ status, statusText, rawHeaders }: AnswerHead): string => `${status} ${statusText} ${rawHeaders.join('|')}`;

const bytesOf = (text: string): string[] => text.split('');

interface Outcome {
  readonly events: readonly string[];
  readonly body: string;
  readonly failure: string | undefined;
  readonly rest: string;
  readonly keepAlive: boolean;
}

/** Reads these pieces, each from memory that is overwritten afterwards; then the connection ends, unless the answer has. */
function read(pieces: readonly string[], method = 'GET'): Outcome {
  const told = new Told();
  const reader = new AnswerReader(told);
  reader.begin(method);
  let failure: string | undefined;
  let rest = '';
  try {
    for (const piece of pieces) {
      if (reader.over) rest += piece;
      else {
        const bytes = Buffer.from(piece, 'latin1');
        const left = reader.read(bytes);
        if (reader.over) rest = piece.slice(piece.length - left);
        bytes.fill('?');
      }
    }
    if (!reader.over) reader.finish();
  } catch (error) {
    failure = (error as { code: string }).code;
  }
  return { events: told.events, body: told.body, failure, rest, keepAlive: failure === undefined && reader.keepAlive };
}

/** The same, however the bytes come: whole, in two pieces cut anywhere, and one by one. */
function readInAnyWay(bytes: string, method?: string): Outcome {
  const whole = read([bytes], method);
  for (let at = 1; at < bytes.length; at++) {
    expect(read([bytes.slice(0, at), bytes.slice(at)], method), `cut at ${at}`).toEqual(whole);
  }
  expect(read(bytesOf(bytes), method), 'byte by byte').toEqual(whole);
  return whole;
}

const ok = 'HTTP/1.1 200 OK\r\n';
const chunked = `${ok}Transfer-Encoding: chunked\r\n\r\n`;

describe('an answer, cut anywhere', () => {
  test.each<[string, string, string, string, boolean]>([
    ['with a length', `${ok}Content-Length: 5\r\n\r\nhello`, 'GET', 'hello', true],
    ['with a length and zeros in front', `${ok}Content-Length: 005\r\n\r\nhello`, 'GET', 'hello', true],
    ['with the length 0', `${ok}Content-Length: 0\r\n\r\n`, 'GET', '', true],
    ['in chunks', `${chunked}5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n`, 'GET', 'hello world', true],
    [
      'in chunks with sizes in letters',
      `${chunked}A\r\n0123456789\r\n00b\r\n0123456789a\r\n0\r\n\r\n`,
      'GET',
      '01234567890123456789a',
      true,
    ],
    ['in chunks with extensions', `${chunked}5;a=b;c="d e"\r\nhello\r\n0;last\r\n\r\n`, 'GET', 'hello', true],
    ['in chunks, none', `${chunked}0\r\n\r\n`, 'GET', '', true],
    ['to the end of the connection', `${ok}\r\nall there is`, 'GET', 'all there is', false],
    ['to HEAD', `${ok}Content-Length: 5\r\n\r\n`, 'HEAD', '', true],
    ['to HEAD, in chunks', chunked, 'HEAD', '', true],
    ['204', 'HTTP/1.1 204 No Content\r\n\r\n', 'GET', '', true],
    ['204 that announces a body', 'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n', 'GET', '', false],
    ['304 that announces a body', 'HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n', 'GET', '', false],
    ['304 that announces chunks', 'HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n', 'GET', '', false],
    ['that ends its connection', `${ok}Connection: close\r\nContent-Length: 2\r\n\r\nok`, 'GET', 'ok', false],
    ['that ends its connection among others', `${ok}Connection: X-A, Close\r\nContent-Length: 2\r\n\r\nok`, 'GET', 'ok', false],
    ['of HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok', 'GET', 'ok', false],
    [
      'of HTTP/1.0 that keeps the connection',
      'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok',
      'GET',
      'ok',
      true,
    ],
    [
      'of HTTP/1.0 in chunks',
      'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
      'GET',
      'ok',
      false,
    ],
    ['without a reason phrase', 'HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n', 'GET', '', true],
    ['with an empty reason phrase', 'HTTP/1.1 404 \r\nContent-Length: 0\r\n\r\n', 'GET', '', true],
  ])('%s', (_what, bytes, method, body, keepAlive) => {
    const outcome = readInAnyWay(bytes, method);
    expect(outcome).toMatchObject({ body, failure: undefined, rest: '', keepAlive });
    expect(outcome.events.at(-1)).toBe(`ended ${body} `);
  });

  test('is told with order, spelling, bytes and repetition of its headers; spaces around values go', () => {
    const bytes = `HTTP/1.1 299 Gr\u{fc}n ist\tes\r\nset-cookie: a=b; c\r\nX-Odd:\t \u{e4}\u{80}\u{ff} x \t\r\nSET-COOKIE:d\r\nX-Empty:\r\nX-Spaces:   \r\nContent-Length: 0\r\n\r\n`;
    expect(readInAnyWay(bytes).events).toEqual([
      'begun',
      'started 299 Gr\u{fc}n ist\tes set-cookie|a=b; c|X-Odd|\u{e4}\u{80}\u{ff} x|SET-COOKIE|d|X-Empty||X-Spaces||Content-Length|0',
      'ended  ',
    ]);
  });

  test('comes after any number of informational heads, whose framing counts for nothing', () => {
    const bytes = `HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 199 \r\nContent-Length: 3\r\n\r\n${ok}Content-Length: 2\r\n\r\nok`;
    expect(readInAnyWay(bytes).events).toEqual([
      'begun',
      'informed 103 Early Hints Link|</a>',
      'informed 199  Content-Length|3',
      'started 200 OK Content-Length|2',
      'ended ok ',
    ]);
  });

  test('has its trailers at the end', () => {
    expect(readInAnyWay(`${chunked}2\r\nok\r\n0\r\nX-Digest: abc\r\nX-B:\r\n\r\n`).events.at(-1)).toBe('ended ok X-Digest|abc|X-B|');
  });

  test.each([
    ['a length', `${ok}Content-Length: 2\r\n\r\nok`],
    ['chunks', `${chunked}2\r\nok\r\n0\r\n\r\n`],
    ['trailers', `${chunked}2\r\nok\r\n0\r\nX-A: b\r\n\r\n`],
    ['nothing but a head', `${ok}Content-Length: 0\r\n\r\n`],
  ])('with %s ends where it ends: what follows is not part of it', (_what, bytes) => {
    const following = 'HTTP/1.1 200 Not yours\r\n\r\n';
    const outcome = read([bytes + following]);
    expect(outcome).toMatchObject({ failure: undefined, rest: following });
    for (let at = 1; at < bytes.length + following.length; at++) {
      const all = bytes + following;
      expect(read([all.slice(0, at), all.slice(at)])).toEqual(outcome);
    }
  });
});

describe('is refused, cut anywhere', () => {
  test.each<[string, string]>([
    ['another protocol', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['HTTP/2', 'HTTP/2.0 200 OK\r\n\r\n'],
    ['HTTP/1.2', 'HTTP/1.2 200 OK\r\n\r\n'],
    ['HTTP/0.9', '<html></html>'],
    ['lower case', 'http/1.1 200 OK\r\n\r\n'],
    ['an empty line before the status line', `\r\n${ok}\r\n`],
    ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['a status below 100', 'HTTP/1.1 099 OK\r\n\r\n'],
    ['a status that is no number', 'HTTP/1.1 2x0 OK\r\n\r\n'],
    ['two spaces before the status', 'HTTP/1.1  200 OK\r\n\r\n'],
    ['a tab after the status', 'HTTP/1.1 200\tOK\r\n\r\n'],
    ['a control character in the reason phrase', 'HTTP/1.1 200 O\u0001K\r\n\r\n'],
    ['a bare LF after the status line', 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n'],
    ['a bare CR in the status line', 'HTTP/1.1 200 OK\rContent-Length: 0\r\n\r\n'],
    ['a bare LF after a header', `${ok}X-A: b\nContent-Length: 0\r\n\r\n`],
    ['a bare CR in a value', `${ok}X-A: b\rContent-Length: 0\r\n\r\n`],
    ['a bare CR in place of the empty line', `${ok}X-A: b\r\n\rabc`],
    ['a bare LF in place of the empty line', `${ok}X-A: b\r\n\nabc`],
    ['bare LFs throughout', 'HTTP/1.1 200 OK\nContent-Length: 0\n\n'],
    ['a folded header', `${ok}X-A: b\r\n c\r\nContent-Length: 0\r\n\r\n`],
    ['a first header that begins with a space', `${ok} X-A: b\r\nContent-Length: 0\r\n\r\n`],
    ['a folded Transfer-Encoding', `${ok}Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n`],
    ['a space before the colon', `${ok}Content-Length : 0\r\n\r\n`],
    ['a header without a colon', `${ok}X-A\r\nContent-Length: 0\r\n\r\n`],
    ['a header without a name', `${ok}: b\r\nContent-Length: 0\r\n\r\n`],
    ['a name with a letter beyond ASCII', `${ok}X-\u{e4}: b\r\nContent-Length: 0\r\n\r\n`],
    ['NUL in a value', `${ok}X-A: b\u0000c\r\nContent-Length: 0\r\n\r\n`],
    ['DEL in a value', `${ok}X-A: b\u007fc\r\nContent-Length: 0\r\n\r\n`],
    ['two lengths that differ', `${ok}Content-Length: 1\r\nContent-Length: 2\r\n\r\nab`],
    ['two lengths that agree', `${ok}Content-Length: 1\r\nContent-Length: 1\r\n\r\na`],
    ['a list of lengths', `${ok}Content-Length: 1, 1\r\n\r\na`],
    ['a negative length', `${ok}Content-Length: -1\r\n\r\n`],
    ['a length with a plus sign', `${ok}Content-Length: +1\r\n\r\na`],
    ['a length in hexadecimal', `${ok}Content-Length: 0x1\r\n\r\na`],
    ['a length of two numbers', `${ok}Content-Length: 1 1\r\n\r\na`],
    ['an empty length', `${ok}Content-Length:\r\n\r\n`],
    ['a length of more than can be counted', `${ok}Content-Length: 18446744073709551617\r\n\r\na`],
    ['a length before chunks', `${ok}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['a length after chunks', `${ok}Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n`],
    ['a length beside chunks to HEAD’s like', `HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n`],
    ['another coding', `${ok}Transfer-Encoding: gzip\r\n\r\n`],
    ['another coding under chunks', `${ok}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ['another coding in a line of its own', `${ok}Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['chunked twice', `${ok}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    ['chunked with what is no space', `${ok}Transfer-Encoding: chunked\u00a0\r\n\r\n0\r\n\r\n`],
    ['an empty coding', `${ok}Transfer-Encoding:\r\n\r\n`],
    ['a chunk without a size', `${chunked}\r\nA\r\n0\r\n\r\n`],
    ['an extension without a size', `${chunked};a\r\n0\r\n\r\n`],
    ['a negative chunk size', `${chunked}-1\r\nA\r\n0\r\n\r\n`],
    ['a chunk size with 0x', `${chunked}0x1\r\nA\r\n0\r\n\r\n`],
    ['a chunk size after a space', `${chunked} 1\r\nA\r\n0\r\n\r\n`],
    ['a chunk size before a space', `${chunked}1 \r\nA\r\n0\r\n\r\n`],
    ['a chunk size of more than can be counted', `${chunked}10000000000000001\r\nA\r\n0\r\n\r\n`],
    ['a chunk that is longer than its size', `${chunked}1\r\nAB\r\n0\r\n\r\n`],
    ['a chunk that is shorter than its size', `${chunked}3\r\nA\r\n0\r\n\r\n`],
    ['a bare LF after a chunk size', `${chunked}1\nA\r\n0\r\n\r\n`],
    ['a bare LF after a chunk', `${chunked}1\r\nA\n0\r\n\r\n`],
    ['a bare CR after a chunk', `${chunked}1\r\nA\r0\r\n\r\n`],
    ['a bare CR in an extension', `${chunked}1;x\rA\r\n0\r\n\r\n`],
    ['a bare LF in an extension', `${chunked}1;x\nA\r\n0\r\n\r\n`],
    ['a trailer without a colon', `${chunked}0\r\nTrailer\r\n\r\n`],
    ['a folded trailer', `${chunked}0\r\nX-A: b\r\n c\r\n\r\n`],
    ['100 Continue, unasked', `HTTP/1.1 100 Continue\r\n\r\n${ok}Content-Length: 0\r\n\r\n`],
    ['101 Switching Protocols, unasked', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n'],
  ])('%s', (_what, bytes) => {
    expect(readInAnyWay(bytes)).toMatchObject({ failure: 'ANSWER_MALFORMED', keepAlive: false });
  });

  test.each<[string, string, string?]>([
    ['an extension of 8 KiB', `${chunked}1;${'x'.repeat(8192)}\r\nA\r\n0\r\n\r\n`, 'ANSWER_MALFORMED'],
    ['a head of more than 16 KiB in one line', `${ok}X-A: ${'a'.repeat(17_000)}\r\n\r\n`],
    ['in many lines', `${ok}${`X-A: ${'a'.repeat(100)}\r\n`.repeat(170)}\r\n`],
    ['in lines as short as can be', `${ok}${'a:\r\n'.repeat(5000)}\r\n`],
    ['a reason phrase of 20 KiB', `HTTP/1.1 200 ${'a'.repeat(20_000)}\r\n\r\n`],
    ['a head without an end', `${ok}X-A: ${'a'.repeat(17_000)}`],
    ['trailers of more than 16 KiB', `${chunked}0\r\n${`X-A: ${'a'.repeat(100)}\r\n`.repeat(170)}\r\n`],
    ['informational heads of more than 64 KiB together', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(2500)],
  ])('%s', (_what, bytes, failure = 'ANSWER_HEADERS_TOO_LARGE') => {
    const whole = read([bytes]);
    expect(whole.failure).toBe(failure);
    for (let at = 1; at < bytes.length; at += 97) expect(read([bytes.slice(0, at), bytes.slice(at)])).toEqual(whole);
    expect(read(bytes.match(/[^]{1,50}/g) ?? [])).toEqual(whole);
  });

  test('a head is taken up to 16 KiB, to the byte', () => {
    const head = (bytes: number): string => {
      const without = `${ok}Content-Length: 0\r\nX-A: \r\n\r\n`;
      return without.replace('X-A: ', `X-A: ${'a'.repeat(bytes - without.length)}`);
    };
    expect(read([head(16_384)]).failure).toBeUndefined();
    expect(read(bytesOf(head(16_384))).failure).toBeUndefined();
    expect(read([head(16_385)]).failure).toBe('ANSWER_HEADERS_TOO_LARGE');
  });

  test.each([
    ['nothing', ''],
    ['half a status line', 'HTTP/1.1 2'],
    ['half a head', `${ok}X-A: b\r\n`],
    ['half a body', `${ok}Content-Length: 5\r\n\r\nhel`],
    ['half a chunk', `${chunked}5\r\nhel`],
    ['chunks without the last', `${chunked}5\r\nhello\r\n`],
    ['chunks without the empty line', `${chunked}5\r\nhello\r\n0\r\n`],
    ['an informational head', 'HTTP/1.1 103 Early Hints\r\n\r\n'],
  ])('%s before the connection ends', (_what, bytes) => {
    expect(bytes === '' ? read([]) : readInAnyWay(bytes)).toMatchObject({ failure: 'CONNECTION_CLOSED' });
  });
});
