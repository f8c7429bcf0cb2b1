/** One request as it stood on the wire. */
export interface WireRequest {
  /** Every byte of it, framing included. */
  readonly raw: Buffer;
  readonly method: string;
  readonly target: string;
  /** In order, with the names as they were written. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** Without its framing. */
  readonly body: Buffer;
}

interface Head extends Omit<WireRequest, 'raw' | 'body'> {
  readonly length: number;
}

/** Where the head ends, once it is all there. */
export function readHead(bytes: Buffer): Head | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [requestLine = '', ...lines] = bytes.subarray(0, end).toString('latin1').split('\r\n');
  const [method = '', target = ''] = requestLine.split(' ');
  const headers = lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()] as const);
  return { method, target, headers, length: end + 4 };
}

/** The first request in `bytes`, once it is complete: by Content-Length, by chunks, or without a body. */
export function readRequest(bytes: Buffer): WireRequest | undefined {
  const head = readHead(bytes);
  if (!head) return undefined;
  const { length, ...request } = head;
  const chunked = /chunked/i.test(headerValue(request, 'transfer-encoding') ?? '');
  const framed = chunked ? readChunks(bytes, length) : readLength(bytes, length, Number(headerValue(request, 'content-length') ?? 0));
  return framed && { ...request, raw: bytes.subarray(0, framed.end), body: framed.body };
}

/** The value of a header that may be there once; several are joined, so that a test notices. */
export function headerValue({ headers }: Pick<WireRequest, 'headers'>, name: string): string | undefined {
  const values = headers.filter(([other]) => other.toLowerCase() === name.toLowerCase()).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}

interface Framed {
  readonly body: Buffer;
  readonly end: number;
}

function readLength(bytes: Buffer, start: number, length: number): Framed | undefined {
  return bytes.length < start + length ? undefined : { body: bytes.subarray(start, start + length), end: start + length };
}

function readChunks(bytes: Buffer, start: number): Framed | undefined {
  const chunks: Buffer[] = [];
  let at = start;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16);
    if (size === 0) {
      // Trailers, if any, end with an empty line.
      const end = bytes.indexOf('\r\n\r\n', lineEnd);
      return end < 0 ? undefined : { body: Buffer.concat(chunks), end: end + 4 };
    }
    at = lineEnd + 2 + size + 2;
    if (bytes.length < at) return undefined;
    chunks.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size));
  }
}
