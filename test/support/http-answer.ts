export interface HttpAnswer {
  readonly status?: number;
  /** In this order, with these names. Content-Length comes by itself. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** The bytes of an HTTP/1.1 answer, with nothing in it that was not asked for but its Content-Length. */
export function httpAnswer({ status = 200, headers = {}, body = '' }: HttpAnswer = {}): Buffer {
  const bytes = Buffer.from(body);
  const lines = Object.entries({ ...headers, 'Content-Length': String(bytes.length) }).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status} Scripted\r\n${lines.join('')}\r\n`, 'latin1'), bytes]);
}

/** A JSON answer, as token endpoints give them. */
export function jsonAnswer(value: unknown, { status = 200, headers = {} }: Omit<HttpAnswer, 'body'> = {}): Buffer {
  return httpAnswer({ status, headers: { 'Content-Type': 'application/json', ...headers }, body: JSON.stringify(value) });
}
