import type { BodySink } from './http-connection.ts';

/** A body that is sent as it comes. */
export interface StreamedBody {
  /** Writes what there is, and goes on by itself. */
  flow(to: BodySink): void;
  /** The sink that had enough takes more. */
  drained(): void;
  /** The sink takes nothing more. */
  stop(): void;
}

export interface OutgoingBody {
  /** In parts; empty for none, and with a `stream`. */
  readonly body: readonly Buffer[];
  readonly stream: StreamedBody | undefined;
  /** Of the stream; undefined for chunks. */
  readonly contentLength: number | undefined;
}

/** A request as it goes out: headers are known to be valid, and none concerns the connection or the framing. */
export interface OutgoingRequest extends OutgoingBody {
  readonly method: string;
  /** Path and query, or a whole URL for a proxy. */
  readonly path: string;
  readonly host: string;
  /** A flat list. */
  readonly headers: readonly string[];
}

export const noBody: OutgoingBody = { body: [], stream: undefined, contentLength: undefined };

const notInTarget = /[^\x21-\xff]/;
/** Without a body they say so (RFC 9110 section 8.6). */
export const withBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'QUERY', 'PROPFIND', 'PROPPATCH']);

/** Whether it can be written into a request line (RFC 9112 section 3). */
export function isTarget(path: string): boolean {
  return path !== '' && !notInTarget.test(path);
}

/** `last`: the connection ends with the answer. */
export function requestHead({ method, path, host, headers, body, stream, contentLength }: OutgoingRequest, last: boolean): string {
  let head = `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\nconnection: ${last ? 'close' : 'keep-alive'}\r\n`;
  for (let i = 0; i < headers.length; i += 2) head += `${headers[i]}: ${headers[i + 1]}\r\n`;
  if (stream !== undefined)
    return head + (contentLength === undefined ? 'transfer-encoding: chunked\r\n\r\n' : `content-length: ${contentLength}\r\n\r\n`);
  let length = 0;
  for (const part of body) length += part.length;
  return head + (length > 0 || withBody.has(method) ? `content-length: ${length}\r\n\r\n` : '\r\n');
}
