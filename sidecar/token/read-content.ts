import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import type { Members } from './read-member.ts';

/** The most that is read of a token endpoint's answer, before and after decompression. */
export const longestAnswerBytes = 1024 * 1024;

/** The content of a token endpoint's answer, by what it is and not by what its Content-Type says it is. */
export type Content =
  | { readonly kind: 'members'; readonly members: Members }
  | { readonly kind: 'html' | 'text' | 'empty' | 'too large' | 'undecodable'; readonly text: string };

/** Decodes and parses a body that was read up to `longestAnswerBytes`, and a byte more if there was one. RFC 9110 section 8.4. */
export function readContent(body: Uint8Array, contentEncoding: string): Content {
  if (body.length > longestAnswerBytes) return { kind: 'too large', text: contentEncoding === '' ? utf8(body) : '' };
  const decoded = decode(body, contentEncoding);
  return typeof decoded === 'string' ? { kind: decoded, text: '' } : parse(utf8(decoded));
}

/** Drops a byte order mark; whatever is not UTF-8 becomes U+FFFD, which no token may contain. */
function utf8(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes).trim();
}

/** More than this is no server's honest answer. */
const mostCodings = 3;

const decoders: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  gzip: (bytes) => gunzipSync(bytes, { maxOutputLength: longestAnswerBytes }),
  br: (bytes) => brotliDecompressSync(bytes, { maxOutputLength: longestAnswerBytes }),
  // "deflate" is the zlib format, but some servers send the bare stream.
  deflate: (bytes) => {
    const isZlib = ((bytes[0] ?? 0) & 0x0f) === 8 && (((bytes[0] ?? 0) << 8) | (bytes[1] ?? 0)) % 31 === 0;
    return (isZlib ? inflateSync : inflateRawSync)(bytes, { maxOutputLength: longestAnswerBytes });
  },
  identity: (bytes) => bytes,
};

function decode(body: Uint8Array, contentEncoding: string): Uint8Array | 'too large' | 'undecodable' {
  const codings = contentEncoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim().replace(/^x-/, ''))
    .filter((coding) => coding !== '');
  if (codings.length > mostCodings) return 'undecodable';
  let bytes = body;
  for (const coding of codings.toReversed()) {
    const decoder = Object.hasOwn(decoders, coding) ? decoders[coding] : undefined;
    // An empty body has no coding to undo, whatever its header says.
    if (bytes.length === 0) break;
    if (!decoder) return 'undecodable';
    try {
      bytes = decoder(bytes);
    } catch (error) {
      return error instanceof RangeError ? 'too large' : 'undecodable';
    }
  }
  return bytes;
}

const htmlStart = /^<(?:!doctype|html|head|body|\?xml|!--|meta|script|title|form)\b/i;
/** Not a single word in base64, which ends in `=` or `==` and is all value. */
const form = /^(?![\w.~-]+==?$)[\w.~-]+=[^\s<>&]*(?:&[\w.~-]+=[^\s<>&]*)*$/;

function parse(text: string): Content {
  if (text === '') return { kind: 'empty', text };
  const value = parseJson(text);
  if (isMembers(value)) return { kind: 'members', members: value };
  if (form.test(text)) return { kind: 'members', members: Object.fromEntries(new URLSearchParams(text)) };
  return { kind: htmlStart.test(text) ? 'html' : 'text', text };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
