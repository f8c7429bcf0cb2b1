import type { IncomingMessage } from 'node:http';
import type { Failure } from '../failure.ts';
import { extendsAscii } from '../soap/xml-scanner.ts';
import type { RequestHead } from './scan-head.ts';

/** An envelope is kept whole, for the token goes in at its beginning and another one perhaps later. */
export const longestEnvelopeBytes = 4 * 1024 * 1024;

export const envelopeTooLarge: Failure = {
  code: 'body_too_large',
  detail: `The SOAP envelope is larger than ${longestEnvelopeBytes / 1024 / 1024} MiB, the most that can be kept to put the token in.`,
};

/** A description of the service (`?wsdl`), not a call of it: it goes out without a token. */
export function hasNoEnvelope({ method }: Pick<IncomingMessage, 'method'>, { contentLength, chunked }: RequestHead): boolean {
  return (method === 'GET' || method === 'HEAD') && !chunked && (contentLength === undefined || contentLength === '0');
}

/** Whether the head of a request lets one expect an envelope that the token can be put into. */
export function checkSoapRequest(request: Pick<IncomingMessage, 'method' | 'headers'>, head: RequestHead): Failure | undefined {
  if (hasNoEnvelope(request, head)) return undefined;
  const { 'content-type': contentType = '', 'content-encoding': coding = '' } = request.headers;
  const mediaType = contentType.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType === 'multipart/related') {
    return refuse('The envelope is in a multipart message (MTOM or attachments), into which no token can be put.', withoutAttachments);
  }
  if (mediaType !== 'text/xml' && mediaType !== 'application/soap+xml') {
    return refuse('The Content-Type of the request is neither text/xml nor application/soap+xml.', oneOfTheTwo);
  }
  if (coding !== '' && coding.toLowerCase() !== 'identity') {
    return refuse('The envelope has a Content-Encoding, and no token can be put into it.', 'Send it uncompressed.');
  }
  const charset = charsetOf(contentType);
  if (charset !== undefined && !extendsAscii(charset)) {
    return refuse('The charset of the request is none that extends ASCII.', 'Send the envelope in UTF-8.');
  }
  return Number(head.contentLength) > longestEnvelopeBytes ? envelopeTooLarge : undefined;
}

const withoutAttachments = 'Have the client send the envelope alone, with binary data as base64.';
const oneOfTheTwo = 'SOAP 1.1 is text/xml, SOAP 1.2 application/soap+xml. Without injection.soapHeader the token goes into an HTTP header.';

function refuse(detail: string, hint: string): Failure {
  return { code: 'soap_invalid', detail, hint };
}

/** RFC 9110 section 8.3.1. Other parameters are read, too: an action may have anything between its quotes. */
function charsetOf(contentType: string): string | undefined {
  for (const [, name, value = ''] of contentType.matchAll(/;\s*([^=;\s]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;\s]*)/g)) {
    if (name?.toLowerCase() === 'charset') return value.replaceAll(/["']/g, '');
  }
  return undefined;
}
