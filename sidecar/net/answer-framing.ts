import { malformed } from './field-reader.ts';

/** What an answer's headers say about its body and its connection. */
export interface AnswerFraming {
  /** `none`: there is no body. `rest`: all that comes until the connection ends. A number: of bytes. */
  readonly body: number | 'none' | 'chunks' | 'rest';
  /** The connection may be used again after this answer. */
  readonly keepAlive: boolean;
  /** For how long without a request, if the server says so. */
  readonly keepAliveMs: number | undefined;
}

const digits = /^[0-9]{1,15}$/;
const namesClose = /(?:^|,)[ \t]*close[ \t]*(?:,|$)/;
const namesKeepAlive = /(?:^|,)[ \t]*keep-alive[ \t]*(?:,|$)/;
const timeout = /timeout=([0-9]{1,6})(?![0-9])/i;

/**
 * RFC 9112 section 6.3, and stricter: two lengths, or a length beside a transfer coding, could be read in two ways; of the codings only
 * `chunked` is undone here, and passed on as if it were plain any other would be another body.
 */
export function answerFraming(method: string, status: number, isHttp10: boolean, fields: readonly string[]): AnswerFraming {
  let length = -1;
  let chunked = false;
  let connection = '';
  let keepAlive = '';
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    const size = name.length;
    if (size !== 10 && size !== 14 && size !== 17) continue;
    const lower = name.toLowerCase();
    const value = fields[i + 1] as string;
    if (lower === 'content-length') {
      if (length !== -1 || !digits.test(value)) throw malformed('its Content-Length');
      length = Number(value);
    } else if (lower === 'transfer-encoding') {
      if (chunked || value.toLowerCase() !== 'chunked') throw malformed('its Transfer-Encoding');
      chunked = true;
    } else if (lower === 'connection') connection = connection === '' ? value : `${connection},${value}`;
    else if (lower === 'keep-alive') keepAlive = value;
  }
  if (chunked && length !== -1) throw malformed('Content-Length beside Transfer-Encoding');
  const seconds = keepAlive === '' ? undefined : timeout.exec(keepAlive)?.[1];
  const bodiless = method === 'HEAD' || status === 204 || status === 304;
  const body = bodiless || (length === 0 && !chunked) ? 'none' : chunked ? 'chunks' : length === -1 ? 'rest' : length;
  return {
    body,
    // A 204 or 304 that announces a body may be followed by one, as may an answer to HEAD; and HTTP/1.0 knows no chunks.
    keepAlive:
      body !== 'rest' &&
      staysOpen(connection, isHttp10) &&
      !(isHttp10 && chunked) &&
      !(bodiless && method !== 'HEAD' && (length > 0 || chunked)),
    keepAliveMs: seconds === undefined ? undefined : Number(seconds) * 1000,
  };
}

function staysOpen(connection: string, isHttp10: boolean): boolean {
  if (connection === '') return !isHttp10;
  const options = connection.toLowerCase();
  return !namesClose.test(options) && (!isHttp10 || namesKeepAlive.test(options));
}
