/**
 * Why the HTTP client gave up, where no system call says so:
 * - `ANSWER_MALFORMED`: it is not HTTP/1.1, or not as it is understood here.
 * - `ANSWER_HEADERS_TOO_LARGE`: its headers are larger than the client takes.
 * - `CONNECTION_CLOSED`: the other side closed the connection before the answer was whole.
 * - `CONNECT_TIMEOUT`: no connection was made in time.
 * - `REQUEST_INVALID`: it cannot be written as HTTP/1.1.
 */
export type ClientErrorCode = 'ANSWER_MALFORMED' | 'ANSWER_HEADERS_TOO_LARGE' | 'CONNECTION_CLOSED' | 'CONNECT_TIMEOUT' | 'REQUEST_INVALID';

/** Its message never quotes what was sent or received. */
export class ClientError extends Error {
  readonly code: ClientErrorCode;

  constructor(code: ClientErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
