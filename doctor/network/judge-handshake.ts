import type { Clock } from '../../crds/clock.ts';
import type { Mend, Verdict } from '../examination.ts';
import { readBundle, describeCertificate } from './certificate-chain.ts';
import { type CertificateRequest, readCertificateRequest } from './client-certificate-request.ts';
import { type Destination, failureOf } from './destination.ts';
import { speaksPlainHttp } from './look-for-plain-http.ts';
import { type Route, serverNameOf, shakeHandsBy } from './route.ts';

/** A handshake that failed by no fault of the server's certificate. */
export interface FailedHandshake {
  readonly destination: Destination;
  readonly code: string;
  readonly route: Route;
  readonly clock: Clock;
}

type Found = Omit<Verdict, 'failure'>;

/** What else there is to be found out by connecting again. */
export async function judgeHandshake(it: FailedHandshake): Promise<Verdict> {
  const { destination, route, clock, code } = it;
  const found =
    ((await speaksPlainHttp(destination, route, clock)) ? notSpoken(destination) : undefined) ??
    (await aboutClientCertificate(it)) ??
    (await outdated(it)) ??
    plainly(destination, code);
  return { ...found, failure: failureOf(destination) };
}

/** Where manifests may have plain http: the URL's host is this machine or the cluster. */
const local = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\]|(?:[\w-]+\.)+svc(?:\.cluster\.local)?)$/i;

function notSpoken({ title, url, field }: Destination): Found {
  const sentence = `The ${title} ${url.host} does not speak TLS on this port: it answers in plain HTTP.`;
  if (local.test(url.hostname)) {
    const value = url.href.replace(/^https:/, 'http:').replace(/^(http:\/\/[^/:]+|http:\/\/\[[^\]]+\])(?=\/)/, '$1:443');
    return { code: 'tls_not_spoken', sentence, mend: { kind: 'manifest', changes: [{ path: `${field}.url`, value }], tried: false } };
  }
  const advice = `Name the port for https in ${field}.url; secrets and tokens do not go over plain HTTP outside this machine and the cluster.`;
  return { code: 'tls_not_spoken', sentence, mend: { kind: 'elsewhere', advice } };
}

const aboutOurs = /CERTIFICATE|UNKNOWN_CA|ACCESS_DENIED|HANDSHAKE_FAILURE|ECONNRESET|EPIPE/;

async function aboutClientCertificate({ destination, code, route, clock }: FailedHandshake): Promise<Found | undefined> {
  if (!aboutOurs.test(code)) return undefined;
  const { title, url, tls, field } = destination;
  const request = code.includes('CERTIFICATE_REQUIRED') ? { asked: true, authorities: [] } : await questionOf(destination, route, clock);
  if (request?.asked !== true) return undefined;
  const taken = request.authorities.length === 0 ? '' : ` It takes those of: ${request.authorities.join('; ')}.`;
  const about = `The ${title} ${url.host}`;
  const mendOf = (advice: string): Mend => ({ kind: 'secret', field: `${field}.tls.clientCertificate`, advice: advice + taken });
  const [ours] = readBundle(tls.certificate ?? '');
  if (ours === undefined) {
    const advice = `Store the certificate and key that the ${title} knows in a Secret of type kubernetes.io/tls, and name it in ${field}.tls.clientCertificate.`;
    return {
      code: 'tls_client_certificate',
      sentence: `${about} wants a client certificate, and the credential has none (${code}).`,
      mend: mendOf(advice),
    };
  }
  return {
    code: 'tls_client_certificate',
    sentence: `${about} does not accept our client certificate (${code}): ${describeCertificate(ours, clock.wallMs())}.`,
    mend: mendOf(
      `Check that the ${title} trusts the authority that issued it, that it has not expired, and that the Secret holds the certificates in between too.`,
    ),
  };
}

export async function questionOf(destination: Destination, route: Route, clock: Clock): Promise<CertificateRequest> {
  const dialled = await route();
  return dialled.ok ? readCertificateRequest(dialled.socket, serverNameOf(destination), clock) : undefined;
}

const outdatedVersions = { minVersion: 'TLSv1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const;

/** Whether it would go with what nobody should use any more; only to say so. */
async function outdated({ destination, code, route, clock }: FailedHandshake): Promise<Found | undefined> {
  if (code === 'ETIMEDOUT') return undefined;
  const handshake = await shakeHandsBy(route, destination, clock, { look: { ca: [], ...outdatedVersions } });
  if (!handshake.ok) return undefined;
  const { title, url } = destination;
  return {
    code: 'tls_failed',
    sentence: `The ${title} ${url.host} offers only TLS that is too weak to be used: ${handshake.protocol}, ${handshake.cipher}.`,
    mend: { kind: 'elsewhere', advice: `The owner of the ${title} has to let it speak TLS 1.2 or 1.3 with current ciphers and keys.` },
  };
}

function plainly({ title, url, field }: Destination, code: string): Found {
  const about = `The ${title} ${url.host}`;
  if (code === 'ECONNRESET' || code === 'EPIPE') {
    const advice = `Something on the way may not let TLS to this host pass: a firewall, a network policy, or a proxy that is to be named in ${field}.proxy. Check the port of ${field}.url too.`;
    return {
      code: 'connection_broken',
      sentence: `${about} takes connections and breaks them off during the TLS handshake.`,
      mend: { kind: 'elsewhere', advice },
    };
  }
  if (code === 'ETIMEDOUT') {
    const advice = `Check the port of ${field}.url, and firewalls on the way, which may let the first packets pass and no larger ones (MTU).`;
    return {
      code: 'tls_failed',
      sentence: `${about} takes connections and does not answer the TLS handshake.`,
      mend: { kind: 'elsewhere', advice },
    };
  }
  if (code.includes('UNRECOGNIZED_NAME')) {
    const advice = `Check the host of ${field}.url, or name the one that the server knows in ${field}.tls.serverName.`;
    return { code: 'tls_name', sentence: `${about} does not know itself by this name (${code}).`, mend: { kind: 'elsewhere', advice } };
  }
  const advice = `Check the port of ${field}.url, and ${field}.tls.`;
  return {
    code: 'tls_failed',
    sentence: `${about} does not come to a TLS connection with us (${code}).`,
    mend: { kind: 'elsewhere', advice },
  };
}
