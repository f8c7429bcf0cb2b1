import type { Failure } from '../failure.ts';
import { ProxyRefusedError } from '../net/connect-through-proxy.ts';

/** What an error of the HTTP client means for the caller. `answered`: a byte of the answer had come. */
export function upstreamFailure(error: Error, host: string, answered: boolean): Failure {
  const code = codeOf(error);
  const log = { error: code === '' ? error.name : code };
  if (error instanceof ProxyRefusedError) {
    const detail = `The proxy did not open a tunnel to ${host}: it answered ${error.statusCode}.`;
    return { code: 'upstream_unreachable', detail, hint: 'Check upstream.proxy and its credentials.', log };
  }
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') {
    const detail = `No connection to ${host} in time.`;
    return { code: 'upstream_timeout', detail, hint: 'Check upstream.url, and network policies on the way.', log };
  }
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH') {
    return { code: 'malformed_request', detail: 'The request cannot be sent on as HTTP/1.1.', log };
  }
  // The parser's errors have a name, but not always a code.
  if (answered || error.name === 'HTTPParserError' || code === 'UND_ERR_HEADERS_OVERFLOW') {
    return { code: 'upstream_protocol', detail: `${host} broke off its answer, or it is not valid HTTP/1.1.`, log };
  }
  if (isBrokenConnection(error)) {
    const detail = `${host} closed the connection without an answer.`;
    return { code: 'upstream_protocol', detail, log };
  }
  if (/CERT|TLS|SSL|EPROTO|UNABLE_TO/.test(code)) {
    const hint = "Name the authority that signed the server's certificate in upstream.tls.caBundle, or mend upstream.tls.serverName.";
    return { code: 'upstream_unreachable', detail: `No trusted TLS connection to ${host}: ${code}.`, hint, log };
  }
  const detail = `No connection to ${host}${code === '' ? '' : `: ${code}`}.`;
  return { code: 'upstream_unreachable', detail, hint: 'Check upstream.url, and that its name resolves from here.', log };
}

/** A connection that there was is there no longer. */
export function isBrokenConnection(error: Error): boolean {
  return ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(codeOf(error));
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}
