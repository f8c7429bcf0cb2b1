import type { TokenFailure } from '../failure.ts';
import { ProxyRefusedError } from '../net/connect-through-proxy.ts';
import type { Attempt } from './attempt.ts';

/** Why there was no answer, for those causes that a user can do something about. */
const causes: Readonly<Record<string, { readonly happened: string; readonly hint: string }>> = {
  ENOTFOUND: { happened: 'its name does not resolve', hint: 'Check the host of tokenEndpoint.url, and the DNS of this machine or pod.' },
  EAI_AGAIN: { happened: 'DNS does not answer', hint: 'Check the DNS of this machine or pod, and network policies on the way to it.' },
  ECONNREFUSED: { happened: 'it refuses connections', hint: 'Check the host and port of tokenEndpoint.url.' },
  EHOSTUNREACH: { happened: 'there is no way to it', hint: 'Check network policies; a proxy may be needed (tokenEndpoint.proxy).' },
  ENETUNREACH: { happened: 'there is no way to it', hint: 'Check network policies; a proxy may be needed (tokenEndpoint.proxy).' },
  EPROTO: { happened: 'it does not speak TLS as we do', hint: 'Check the port and scheme of tokenEndpoint.url.' },
};

const certificateProblems: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate comes from an authority that is not trusted here',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an authority that is not trusted here',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from an authority that is not trusted here, or it does not send the whole chain',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

const expired = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);

/** A connection that broke after it was made: the next one may well work. */
const broken = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_CLOSED', 'UND_ERR_DESTROYED']);

/** What an error of the HTTP client means: there is no answer of the token endpoint at `host`, perhaps behind a proxy, to judge. */
export function connectionFailure(error: unknown, host: string, proxyHost?: string): Attempt {
  const code = errorCode(error);
  const about = `The token endpoint ${host}`;
  if (error instanceof ProxyRefusedError) {
    const detail = `The proxy did not open a tunnel to the token endpoint ${host}: it answered with status ${error.statusCode}.`;
    return unavailable(detail, 'Check tokenEndpoint.proxy and its credentials.', code, 'never');
  }
  const certificate = Object.hasOwn(certificateProblems, code) ? certificateProblems[code] : undefined;
  if (certificate !== undefined) {
    return unavailable(`${about} cannot be trusted: ${certificate} (${code}).`, certificateHint(code), code, 'never');
  }
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) {
    const hint = 'Check the port of tokenEndpoint.url, and tokenEndpoint.tls: its clientCertificate may be wanted or not accepted.';
    return unavailable(`${about} cannot be reached: no TLS connection (${code}).`, hint, code, 'never');
  }
  // undici's parser errors mostly have a name and no code.
  if (code === 'UND_ERR_HEADERS_OVERFLOW' || (error instanceof Error && error.name === 'HTTPParserError')) {
    const detail = `${about} did not answer in HTTP/1.1.`;
    return {
      ok: false,
      failure: failureOf('token_malformed', detail, 'Check the scheme and port of tokenEndpoint.url.', code),
      retry: 'never',
    };
  }
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') return timedOut(host, 'no connection could be made in time');
  if (broken.has(code)) return unavailable(`${about} broke the connection off.`, brokenHint(proxyHost), code, 'soon');
  const cause = Object.hasOwn(causes, code) ? causes[code] : undefined;
  // What comes before TLS is about the proxy, if there is one.
  if (proxyHost !== undefined && cause !== undefined && code !== 'EPROTO') {
    const detail = `The proxy ${proxyHost} to the token endpoint ${host} cannot be reached: ${cause.happened} (${code}).`;
    return unavailable(detail, 'Check tokenEndpoint.proxy.url, and that the proxy can be reached from here.', code, 'soon');
  }
  const detail = `${about} cannot be reached${cause ? `: ${cause.happened}` : ''}${code === '' ? '' : ` (${code})`}.`;
  return unavailable(detail, cause?.hint ?? 'Check tokenEndpoint.url, and that it can be reached from here.', code, 'soon');
}

/** The deadline of one token request has passed. */
export function timedOut(host: string, why: string): Attempt {
  const hint = 'Check network policies and tokenEndpoint.proxy; a slow endpoint may need a larger tokenEndpoint.timeoutSeconds.';
  return { ok: false, failure: failureOf('token_timeout', `The token endpoint ${host}: ${why}.`, hint), retry: 'soon' };
}

function unavailable(detail: string, hint: string, code: string, retry: 'never' | 'soon'): Attempt {
  return { ok: false, failure: failureOf('token_unavailable', detail, hint, code), retry };
}

function failureOf(code: TokenFailure['code'], detail: string, hint: string | undefined, cause?: string): TokenFailure {
  return { code, detail, ...(hint !== undefined && { hint }), ...(cause && { log: { cause } }) };
}

/** Servers that want a client certificate, or get plain HTTP where they expect TLS, often say no more than that. */
function brokenHint(proxyHost: string | undefined): string {
  const proxy = proxyHost === undefined ? '' : `, the proxy ${proxyHost}`;
  return `If it always does: check the scheme and port of tokenEndpoint.url${proxy}, and whether it wants tokenEndpoint.tls.clientCertificate.`;
}

function certificateHint(code: string): string {
  if (expired.has(code)) return "The endpoint's owner has to renew it; check this machine's clock too.";
  return code === 'ERR_TLS_CERT_ALTNAME_INVALID'
    ? 'Check the host of tokenEndpoint.url, or name the one of the certificate in tokenEndpoint.tls.serverName.'
    : 'Name the authority that signed it in tokenEndpoint.tls.caBundle.';
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
