/** The caller's headers that decide something, read in one pass; names are compared without regard to case. */
export interface RequestHead {
  /** Undefined when absent, empty when sent more than once; the next two likewise. */
  host: string | undefined;
  origin: string | undefined;
  secFetchSite: string | undefined;
  connection: string | undefined;
  upgrade: string | undefined;
  contentLength: string | undefined;
  chunked: boolean;
  /** A transfer coding other than chunked, which nobody here decodes. */
  unknownCoding: boolean;
  expectsContinue: boolean;
  /** A header by which frameworks let a request pass for another method or path. */
  disguise: string | undefined;
}

const disguises = new Set([
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-original-method',
  'x-original-url',
  'x-rewrite-url',
]);

/** `raw` is `IncomingMessage.rawHeaders`: name, value, name, value. The lengths rule out most names without a comparison. */
export function scanHead(raw: readonly string[]): RequestHead {
  const head: RequestHead = {
    host: undefined,
    origin: undefined,
    secFetchSite: undefined,
    connection: undefined,
    upgrade: undefined,
    contentLength: undefined,
    chunked: false,
    unknownCoding: false,
    expectsContinue: false,
    disguise: undefined,
  };
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as string;
    const length = name.length;
    if (length === 4 || length === 6 || length === 7 || length === 10 || length >= 13) read(head, name.toLowerCase(), raw[i + 1] as string);
  }
  return head;
}

function read(head: RequestHead, name: string, value: string): void {
  switch (name) {
    case 'host':
      head.host = head.host === undefined ? value : '';
      return;
    case 'origin':
      head.origin = head.origin === undefined ? value : '';
      return;
    case 'sec-fetch-site':
      head.secFetchSite = head.secFetchSite === undefined ? value : '';
      return;
    case 'connection':
      head.connection = head.connection === undefined ? value : `${head.connection},${value}`;
      return;
    case 'upgrade':
      head.upgrade = head.upgrade === undefined ? value : `${head.upgrade},${value}`;
      return;
    case 'content-length':
      head.contentLength = value;
      return;
    case 'transfer-encoding':
      head.chunked = true;
      head.unknownCoding ||= value.toLowerCase() !== 'chunked';
      return;
    case 'expect':
      head.expectsContinue = value.toLowerCase() === '100-continue';
      return;
    default:
      if (disguises.has(name)) head.disguise = name;
  }
}
