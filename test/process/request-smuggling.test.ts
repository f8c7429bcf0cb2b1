import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { call } from '../support/call.ts';
import { RawClient } from '../support/raw-client.ts';
import { httpAnswer } from '../support/http-answer.ts';
import { newRecording } from '../support/recordings.ts';
import { type RecordingServer, startRecordingServer } from '../support/recording-server.ts';
import { type SidecarProcess, startSidecarProcess } from '../support/start-sidecar-process.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { credential } from './stage.ts';

const failures = newRecording('failure', 'smuggling');

let issuer: TokenIssuer;
/** Says in its answer which request it took it for. */
let api: RecordingServer;
let sidecar: SidecarProcess;

beforeAll(async () => {
  issuer = await startTokenIssuer();
  api = await startRecordingServer(({ method, target, body }) => httpAnswer({ body: `${method} ${target} ${body.length}` }));
  sidecar = await startSidecarProcess({ configs: { a: credential(api.url, issuer.url) } });
});

afterAll(async () => {
  await sidecar.stop();
  await api.close();
  await issuer[Symbol.asyncDispose]();
});

beforeEach(() => {
  api.requests.length = 0;
});

const smuggled = 'GET /a/smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n';

/** A POST with these header lines after Host, then the body. */
function post(headers: string, body: string): string {
  return `POST /a/attack HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\n${body}`;
}

/** A GET with a body that a server which overlooks its framing takes for the next request. */
function get(headers: string): string {
  return `GET /a/attack HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n\r\n${smuggled}`;
}

const chunkedSmuggled = `${smuggled.length.toString(16)}\r\n${smuggled}\r\n0\r\n\r\n`;

describe('is refused with 400, reaches the API not at all, and ends the connection', () => {
  test.each<[string, string]>([
    ['two Content-Lengths that differ', post(`Content-Length: 0\r\nContent-Length: ${smuggled.length}`, smuggled)],
    ['two Content-Lengths that agree', post(`Content-Length: ${smuggled.length}\r\nContent-Length: ${smuggled.length}`, smuggled)],
    ['a list of Content-Lengths in one line', post(`Content-Length: ${smuggled.length}, ${smuggled.length}`, smuggled)],
    ['Transfer-Encoding after Content-Length', post('Content-Length: 4\r\nTransfer-Encoding: chunked', `0\r\n\r\n${smuggled}`)],
    ['Transfer-Encoding before Content-Length', post('Transfer-Encoding: chunked\r\nContent-Length: 4', `0\r\n\r\n${smuggled}`)],
    ['chunked that is not the last coding', post('Transfer-Encoding: chunked, identity', `0\r\n\r\n${smuggled}`)],
    [
      'identity after chunked in a line of its own',
      post('Transfer-Encoding: chunked\r\nTransfer-Encoding: identity', `0\r\n\r\n${smuggled}`),
    ],
    ['chunked twice', post('Transfer-Encoding: chunked, chunked', `0\r\n\r\n${smuggled}`)],
    ['an unknown coding', post('Transfer-Encoding: xchunked', `0\r\n\r\n${smuggled}`)],
    ['a coding in quotes', post('Transfer-Encoding: "chunked"', `0\r\n\r\n${smuggled}`)],
    ['chunked after a vertical tab', post('Transfer-Encoding: \vchunked', `0\r\n\r\n${smuggled}`)],
    ['an empty Transfer-Encoding', post('Transfer-Encoding:', `0\r\n\r\n${smuggled}`)],
    ['a bare CR in a value', get('X-A: 1\rContent-Length: 100')],
    ['a bare CR at the end of a line', get('X-A: 1\rX-B: 2')],
    ['a bare CR in place of the empty line', `GET /a/attack HTTP/1.1\r\nHost: localhost\r\r${smuggled}`],
    ['a bare LF at the end of a header', get('X-A: 1\nX-B: 2')],
    ['a bare LF at the end of the request line', `GET /a/attack HTTP/1.1\nHost: localhost\r\n\r\n${smuggled}`],
    ['bare LFs throughout', `POST /a/attack HTTP/1.1\nHost: localhost\nContent-Length: 0\n\n${smuggled}`],
    ['a folded header (obs-fold)', post('X-A: 1\r\n Content-Length: 0', '')],
    ['a folded Transfer-Encoding', post('Transfer-Encoding:\r\n chunked', `0\r\n\r\n${smuggled}`)],
    ['a first header that begins with a space', `GET /a/attack HTTP/1.1\r\n X-A: 1\r\nHost: localhost\r\n\r\n`],
    ['a space before the colon', post('Content-Length : 0', smuggled)],
    ['a tab before the colon', post('Transfer-Encoding\t: chunked', `0\r\n\r\n${smuggled}`)],
    ['a header without a colon', post('Content-Length 0', smuggled)],
    ['a header without a name', post(': 0', smuggled)],
    ['a negative length', post('Content-Length: -1', smuggled)],
    ['a length with a plus sign', post('Content-Length: +5', smuggled)],
    ['a hexadecimal length', post('Content-Length: 0x5', smuggled)],
    ['a length with an exponent', post('Content-Length: 1e1', smuggled)],
    ['a length of two numbers', post('Content-Length: 5 5', smuggled)],
    ['an empty length', post('Content-Length:', smuggled)],
    ['a length of more than 64 bits', post('Content-Length: 18446744073709551617', smuggled)],
    ['NUL in a value', get('X-A: 1\u00002')],
    ['NUL in a name', get('X-\u0000A: 1')],
    ['a control character in a value', get('X-A: 1\u00012')],
    ['DEL in a value', get('X-A: 1\u007f2')],
    ['a control character in the path', `GET /a/at\u0001tack HTTP/1.1\r\nHost: localhost\r\n\r\n${smuggled}`],
    ['a path with a space', `GET /a/at tack HTTP/1.1\r\nHost: localhost\r\n\r\n`],
    ['an unknown version', `GET /a/attack HTTP/1.9\r\nHost: localhost\r\n\r\n${smuggled}`],
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ])('%s', async (_, bytes) => {
    await using client = new RawClient(sidecar.proxyPort);
    client.send(bytes);
    await client.closed;
    failures.append(client.received);
    expect(statusesIn(client)).toEqual([400]);
    expect(client.received).toMatch(/\r\nTokenward-Error: malformed_request\r\n/);
    await expectNextCallerUnharmed([]);
  });
});

/** Here the head is in order, so it may have gone out by the time when the fault shows: then as one request that never becomes whole. */
describe('is broken off at its fault, and nothing that follows it is a request', () => {
  const chunked = (body: string): string => post('Transfer-Encoding: chunked', body);

  test.each<[string, string]>([
    ['a chunk size that overflows 64 bits', chunked(`10000000000000001\r\n${smuggled}`)],
    ['a negative chunk size', chunked(`-1\r\n${smuggled}`)],
    ['a chunk size with 0x', chunked(`0x1\r\nA\r\n0\r\n\r\n${smuggled}`)],
    ['a chunk size with a plus sign', chunked(`+1\r\nA\r\n0\r\n\r\n${smuggled}`)],
    ['a chunk without a size', chunked(`\r\nA\r\n0\r\n\r\n${smuggled}`)],
    ['a space before the chunk size', chunked(` 1\r\nA\r\n0\r\n\r\n${smuggled}`)],
    ['a chunk longer than its size', chunked(`1\r\nAB\r\n0\r\n\r\n${smuggled}`)],
    ['a bare LF after the chunk size', chunked(`1\nA\r\n0\r\n\r\n${smuggled}`)],
    ['a bare LF after a chunk', chunked(`1\r\nA\n0\r\n\r\n${smuggled}`)],
    ['a bare CR after a chunk', chunked(`1\r\nA\r0\r\n\r\n${smuggled}`)],
    ['a bare CR in a chunk extension', chunked(`1;x\rA\r\n0\r\n\r\n${smuggled}`)],
    ['a bare LF in a chunk extension', chunked(`1;x\n${smuggled.length.toString(16)}\r\nA\r\n0\r\n\r\n${smuggled}`)],
    ['a chunk extension of 64 KiB', chunked(`1;${'x'.repeat(65_536)}\r\nA\r\n0\r\n\r\n${smuggled}`)],
    ['a bare LF after the last chunk', chunked(`0\n\n${smuggled}`)],
    ['a trailer that claims a length', chunked(`1\r\nA\r\n0\r\nContent-Length: 100\r\n\r\n`)],
    ['a trailer without a colon', chunked(`0\r\nTrailer\r\n\r\n${smuggled}`)],
  ])('%s', async (_, bytes) => {
    await using client = new RawClient(sidecar.proxyPort);
    client.send(bytes);
    await client.closed;
    failures.append(client.received);
    expect([[], [400], [413]]).toContainEqual(statusesIn(client));
    await expectNextCallerUnharmed([]);
  });
});

describe('is one request exactly, with the body that its framing says', () => {
  test.each<[string, string, string]>([
    ['what looks like a request in a body with a length', post(`Content-Length: ${smuggled.length}`, smuggled), `${smuggled.length}`],
    ['what looks like a request in a chunk', post('Transfer-Encoding: chunked', chunkedSmuggled), `${smuggled.length}`],
    ['Transfer-Encoding in capitals', post('TRANSFER-ENCODING: CHUNKED', chunkedSmuggled), `${smuggled.length}`],
    ['a chunk with an extension', post('Transfer-Encoding: chunked', `1;a=b\r\nA\r\n0\r\n\r\n`), '1'],
    ['a length with zeros in front', post('Content-Length: 005', '12345'), '5'],
  ])('%s', async (_, bytes, length) => {
    await using client = new RawClient(sidecar.proxyPort);
    client.send(bytes);
    expect(await client.until(/POST \/attack \d+$/)).toMatch(new RegExp(`POST /attack ${length}$`));
    await expectNextCallerUnharmed(['/attack']);
    // It has been answered once, and what it sent in its body is still no request.
    expect(statusesIn(client)).toEqual([200]);
  });
});

test.each(['gzip, chunked', 'identity, chunked', 'gzip\r\nTransfer-Encoding: chunked'])(
  'a body under chunked that nobody here decodes is refused, not passed on as if it were plain: %s',
  async (coding) => {
    await using client = new RawClient(sidecar.proxyPort);
    client.send(post(`Transfer-Encoding: ${coding}`, '1\r\nA\r\n0\r\n\r\n'));
    await client.closed;
    expect(statusesIn(client)).toEqual([400]);
    expect(client.received).toMatch(/\r\nTokenward-Error: malformed_request\r\n/);
    await expectNextCallerUnharmed([]);
  },
);

test('the headers that a caller nominates in Connection take neither its length nor the token away', async () => {
  await using client = new RawClient(sidecar.proxyPort);
  client.send(post(`Connection: Content-Length, Authorization, Host\r\nContent-Length: ${smuggled.length}`, smuggled));
  await client.until(/POST \/attack \d+$/);
  const { headers, body } = api.request;
  expect(body.toString()).toBe(smuggled);
  expect(headers.map(([name]) => name.toLowerCase()).toSorted()).toEqual([
    'authorization',
    'connection',
    'content-length',
    'host',
    'x-tenant',
  ]);
  await expectNextCallerUnharmed(['/attack']);
});

function statusesIn({ received }: RawClient): number[] {
  return [...received.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, status]) => Number(status));
}

/** The API has seen these requests, each whole, and the next caller gets the answer to its own. */
async function expectNextCallerUnharmed(targets: readonly string[]): Promise<void> {
  expect(await call(`${sidecar.proxyUrl}/a/next`)).toMatchObject({ status: 200, body: 'GET /next 0' });
  expect(api.requests.map(({ target }) => target)).toEqual([...targets, '/next']);
}
