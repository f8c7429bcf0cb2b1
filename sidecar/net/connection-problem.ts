import type { ClientErrorCode } from './client-error.ts';
import { ProxyRefusedError } from './connect-through-proxy.ts';

/** The server that was not reached, and where a credential says how to reach it. */
export interface Peer {
  readonly name: 'token endpoint' | 'API';
  readonly field: 'tokenEndpoint' | 'upstream';
  /** With the port, if it is named. */
  readonly host: string;
  readonly proxyHost?: string | undefined;
}

/**
 * - `refused`: the proxy, the certificate or TLS stands in the way, and will the next time.
 * - `foreign`: what answered does not speak HTTP/1.1, or not as it is understood here.
 * - `broken`: the connection broke after it was made; the next one may well work.
 */
export interface ConnectionProblem {
  readonly kind: 'refused' | 'foreign' | 'timeout' | 'broken' | 'unreachable';
  readonly detail: string;
  readonly hint: string;
  /** The doctor looks at each step on the way, and at the certificates. */
  readonly doctorHelps?: true;
  /** The error's own code, for the log; may be empty. */
  readonly code: string;
}

/** Why there was no answer, for those causes that a user can do something about. */
const causes: Readonly<Record<string, { readonly happened: string; readonly hint: (field: string) => string }>> = {
  ENOTFOUND: {
    happened: 'its name does not resolve',
    hint: (field) => `Check the host of ${field}.url, and the DNS of this machine or pod.`,
  },
  EAI_AGAIN: {
    happened: 'DNS does not answer',
    hint: () => 'Check the DNS of this machine or pod, and network policies on the way to it.',
  },
  ECONNREFUSED: { happened: 'it refuses connections', hint: (field) => `Check the host and port of ${field}.url.` },
  EHOSTUNREACH: { happened: 'there is no way to it', hint: (field) => `Check network policies; a proxy may be needed (${field}.proxy).` },
  ENETUNREACH: { happened: 'there is no way to it', hint: (field) => `Check network policies; a proxy may be needed (${field}.proxy).` },
  EPROTO: { happened: 'it does not speak TLS as we do', hint: (field) => `Check the port and scheme of ${field}.url.` },
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

/** An answer's headers are larger than the HTTP client takes. */
export const headersOverflow: ClientErrorCode = 'ANSWER_HEADERS_TOO_LARGE';

/** Those that have words of their own, for docs/errors.md. */
export const connectionCodes: readonly string[] = [
  ...Object.keys(causes),
  'CONNECT_TIMEOUT' satisfies ClientErrorCode,
  ...Object.keys(certificateProblems),
  'ERR_SSL_*',
  'ECONNRESET',
  headersOverflow,
];

const expired = new Set(['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID']);
const broken = new Set<string>(['ECONNRESET', 'EPIPE', 'CONNECTION_CLOSED' satisfies ClientErrorCode]);

const doctorHelps: ReadonlySet<ConnectionProblem['kind']> = new Set(['refused', 'timeout', 'unreachable']);

/** What an error of the HTTP client means. Nothing of its message is kept: it may hold anything. */
export function connectionProblem(error: unknown, peer: Peer): ConnectionProblem {
  const problem = explain(error, peer);
  return doctorHelps.has(problem.kind) ? { ...problem, doctorHelps: true } : problem;
}

function explain(error: unknown, peer: Peer): ConnectionProblem {
  const { name, field, host, proxyHost } = peer;
  const code = errorCode(error);
  const about = `The ${name} ${host}`;
  if (error instanceof ProxyRefusedError) {
    const detail = `The proxy did not open a tunnel to the ${name} ${host}: it answered with status ${error.statusCode}.`;
    return { kind: 'refused', detail, hint: `Check ${field}.proxy and its credentials.`, code };
  }
  const certificate = Object.hasOwn(certificateProblems, code) ? certificateProblems[code] : undefined;
  if (certificate !== undefined) {
    return { kind: 'refused', detail: `${about} cannot be trusted: ${certificate} (${code}).`, hint: certificateHint(code, peer), code };
  }
  if (code.startsWith('ERR_SSL_') || code.startsWith('ERR_TLS_')) {
    const hint = `Check the port of ${field}.url, and ${field}.tls: its clientCertificate may be wanted or not accepted.`;
    return { kind: 'refused', detail: `${about} cannot be reached: no TLS connection (${code}).`, hint, code };
  }
  if (code === headersOverflow) {
    const hint = `Headers of that size are mostly cookies; the owner of the ${name} has to send less.`;
    return { kind: 'foreign', detail: `${about} sent headers of more than 16 KiB.`, hint, code };
  }
  if (code === ('ANSWER_MALFORMED' satisfies ClientErrorCode)) {
    return { kind: 'foreign', detail: `${about} did not answer in HTTP/1.1.`, hint: `Check the scheme and port of ${field}.url.`, code };
  }
  if (code === ('CONNECT_TIMEOUT' satisfies ClientErrorCode) || code === 'ETIMEDOUT') {
    const detail = `${about}: no connection could be made in time.`;
    return { kind: 'timeout', detail, hint: `Check ${field}.url, ${field}.proxy, and network policies on the way.`, code };
  }
  if (broken.has(code)) return { kind: 'broken', detail: `${about} broke the connection off.`, hint: brokenHint(peer), code };
  const cause = Object.hasOwn(causes, code) ? causes[code] : undefined;
  // What comes before TLS is about the proxy, if there is one.
  if (proxyHost !== undefined && cause !== undefined && code !== 'EPROTO') {
    const detail = `The proxy ${proxyHost} to the ${name} ${host} cannot be reached: ${cause.happened} (${code}).`;
    return { kind: 'unreachable', detail, hint: `Check ${field}.proxy.url, and that the proxy can be reached from here.`, code };
  }
  const detail = `${about} cannot be reached${cause ? `: ${cause.happened}` : ''}${code === '' ? '' : ` (${code})`}.`;
  return { kind: 'unreachable', detail, hint: cause?.hint(field) ?? `Check ${field}.url, and that it can be reached from here.`, code };
}

/** A connection that there was is there no longer. */
export function isBrokenConnection(error: unknown): boolean {
  return broken.has(errorCode(error));
}

/** Servers that want a client certificate, or get plain HTTP where they expect TLS, often say no more than that. */
function brokenHint({ field, proxyHost }: Peer): string {
  const proxy = proxyHost === undefined ? '' : `, the proxy ${proxyHost}`;
  return `If it always does: check the scheme and port of ${field}.url${proxy}, and ${field}.tls.clientCertificate, which may be wanted or not accepted.`;
}

function certificateHint(code: string, { name, field }: Peer): string {
  if (expired.has(code)) return `The owner of the ${name} has to renew it; check this machine's clock too.`;
  return code === 'ERR_TLS_CERT_ALTNAME_INVALID'
    ? `Check the host of ${field}.url, or name the one of the certificate in ${field}.tls.serverName.`
    : `Name the authority that signed it in ${field}.tls.caBundle.`;
}

export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : '';
}
