import type { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { shownTime } from '../api/shown.ts';
import type { Mend, Verdict } from '../examination.ts';
import type { VerdictCode } from '../verdicts.ts';
import { type Chain, isSelfSigned, nameOf, namesOf, readBundle, topOf } from './certificate-chain.ts';
import { type Destination, failureOf } from './destination.ts';
import { hostOf, serverNameOf } from './route.ts';
import type { HandshakeOptions } from './shake-hands.ts';

/** A certificate that is not trusted. */
export interface Distrusted {
  readonly destination: Destination;
  /** OpenSSL's. */
  readonly code: string;
  readonly chain: Chain;
  readonly nowMs: number;
  /** Whether a handshake succeeds if this much is otherwise. */
  readonly succeedsWith: (changed: Partial<HandshakeOptions>) => Promise<boolean>;
  /** Whether the name leads to where the URL's host leads. */
  readonly leadsThere: (host: string) => Promise<boolean>;
}

const certificateCodes: Readonly<Record<string, VerdictCode>> = {
  CERT_HAS_EXPIRED: 'tls_expired',
  CERT_NOT_YET_VALID: 'tls_not_yet_valid',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls_self_signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls_authority_unknown',
  UNABLE_TO_GET_ISSUER_CERT: 'tls_authority_unknown',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls_authority_unknown',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls_authority_unknown',
  CERT_UNTRUSTED: 'tls_authority_unknown',
  // An authority of that name is trusted, but not this one: it has another key.
  CERT_SIGNATURE_FAILURE: 'tls_authority_unknown',
  INVALID_CA: 'tls_authority_unknown',
  ERR_TLS_CERT_ALTNAME_INVALID: 'tls_name',
};

export function isAboutCertificate(code: string): boolean {
  return Object.hasOwn(certificateCodes, code);
}

/** Why the certificate is not trusted, and what would have it trusted; what can be tried is tried first. */
export async function judgeCertificate(it: Distrusted): Promise<Verdict> {
  const code = certificateCodes[it.code] ?? 'tls_failed';
  if (code === 'tls_name') return otherName(it);
  if (code === 'tls_expired' || code === 'tls_not_yet_valid') return outOfTime(it, code);
  return code === 'tls_self_signed' ? selfSigned(it) : unknownAuthority(it);
}

const who = ({ title, url }: Destination): string => `The ${title} ${url.host}`;

async function selfSigned(it: Distrusted): Promise<Verdict> {
  const { destination, chain } = it;
  const [own] = chain;
  const sentence = `${who(destination)} cannot be trusted: its certificate (${nameOf(own?.subject)}) is signed by itself, and nothing here says to trust it.`;
  return { code: 'tls_self_signed', sentence, mend: await trusting(it, own, 'certificate'), failure: failureOf(destination) };
}

async function unknownAuthority(it: Distrusted): Promise<Verdict> {
  const { destination, chain } = it;
  const { tls, field } = destination;
  const top = topOf(chain);
  const sent = top !== undefined && isSelfSigned(top) ? top : undefined;
  const issuer = top?.issuer ?? '';
  const named = nameOf(issuer);
  if (tls.ca !== undefined && (await it.succeedsWith({ tls: withoutAuthority(tls) }))) {
    const sentence = `${who(destination)} cannot be trusted: its certificate comes from an authority that everybody trusts, but tls.caBundle is to be trusted in its place, and does not hold it (${named}).`;
    const mend: Mend = { kind: 'manifest', changes: [{ path: `${field}.tls.caBundle`, value: undefined }], tried: true };
    return { code: 'tls_authority_unknown', sentence, mend, failure: failureOf(destination) };
  }
  const from = downloadOf(top);
  const isIncomplete = sent === undefined && from !== undefined;
  if (isIncomplete) {
    const sentence = `${who(destination)} cannot be trusted: it does not send the certificate of ${named}, which issued its own, so that nothing leads to an authority that is trusted here.`;
    const advice =
      `The owner of the ${destination.title} has to let it send the whole chain. Until then: get that certificate (${from}) and those above it, check them,` +
      ` and name them all, as PEM in a ConfigMap or Secret, in ${field}.tls.caBundle.`;
    return {
      code: 'tls_chain_incomplete',
      sentence,
      mend: { kind: 'secret', field: `${field}.tls.caBundle`, advice },
      failure: failureOf(destination),
    };
  }
  const where = tls.ca === undefined ? 'that is not trusted here' : 'that tls.caBundle does not hold';
  const sentence = `${who(destination)} cannot be trusted: its certificate comes from an authority ${where} (${named}).`;
  const mend = sent === undefined ? missing(destination, named) : await trusting(it, sent, 'authority');
  return { code: 'tls_authority_unknown', sentence, mend, failure: failureOf(destination) };
}

/** The authority's certificate is known to nobody here. */
function missing({ field, title, url, tls }: Destination, issuer: string): Mend {
  const others =
    tls.ca === undefined
      ? ''
      : ` It holds: ${readBundle(tls.ca)
          .map(({ subject }) => nameOf(subject))
          .join('; ')}.`;
  const advice = `Get the certificate of ${issuer} from whoever runs the ${title} ${url.host}, store it as PEM in a ConfigMap or Secret, and name that in ${field}.tls.caBundle.${others}`;
  return { kind: 'secret', field: `${field}.tls.caBundle`, advice };
}

/** The server has sent what would have to be trusted; whether it is the right one only a person can say. */
async function trusting(it: Distrusted, certificate: X509Certificate | undefined, what: 'certificate' | 'authority'): Promise<Mend> {
  const { destination } = it;
  const { field, url, title, tls } = destination;
  if (certificate === undefined) return missing(destination, 'its issuer');
  const pem = certificate.toString();
  const name = `${hostOf(url)
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-|-$/g, '')}-ca`;
  const key = 'ca.crt';
  return {
    kind: 'manifest',
    changes: [{ path: `${field}.tls.caBundle`, value: { configMapKeyRef: { name, key } } }],
    configMap: { name, data: { [key]: pem } },
    tried: await it.succeedsWith({ tls: { ...withoutAuthority(tls), ca: pem } }),
    advice: `The ${what} in this ConfigMap is the one that the server has sent itself, which proves nothing: first compare its SHA-256 fingerprint, ${certificate.fingerprint256}, with the one that the owner of the ${title} tells you.`,
  };
}

const withoutAuthority = ({ ca: _ca, ...tls }: Destination['tls']): Destination['tls'] => tls;

/** Where the issuer's certificate can be had: RFC 5280 section 4.2.2.1. */
function downloadOf(certificate: X509Certificate | undefined): string | undefined {
  return /^CA Issuers - URI:(http[^\s"]{1,300})$/m.exec(certificate?.infoAccess ?? '')?.[1];
}

async function outOfTime(it: Distrusted, code: 'tls_expired' | 'tls_not_yet_valid'): Promise<Verdict> {
  const { destination, chain, nowMs } = it;
  const isExpired = code === 'tls_expired';
  const isOut = ({ validFromDate, validToDate }: X509Certificate): boolean =>
    isExpired ? validToDate.getTime() < nowMs : validFromDate.getTime() > nowMs;
  const sent = chain.find(isOut);
  const trusted = sent === undefined ? readBundle(destination.tls.ca ?? '').find((one) => isOut(one) && isNeeded(one, chain)) : undefined;
  const culprit = sent ?? trusted;
  const when = culprit && shownTime((isExpired ? culprit.validToDate : culprit.validFromDate).getTime());
  const role =
    sent === undefined
      ? 'the certificate of the authority that issued its own'
      : sent === chain[0]
        ? 'its certificate'
        : 'the certificate of an authority that it sends';
  const happened = isExpired
    ? `expired at ${when ?? 'a time that is not known'}`
    : `is not valid before ${when ?? 'a time that is not known'}`;
  const place = trusted === undefined ? '' : ', in tls.caBundle';
  const sentence = `${who(destination)} cannot be trusted: ${role} (${nameOf(culprit?.subject)}${place}) ${happened}.`;
  return { code, sentence, mend: await timely(it, trusted, isExpired), failure: failureOf(destination) };
}

const isNeeded = ({ subject }: X509Certificate, chain: Chain): boolean => chain.some(({ issuer }) => issuer === subject);

async function timely(it: Distrusted, trusted: X509Certificate | undefined, isExpired: boolean): Promise<Mend> {
  const { destination, chain, nowMs } = it;
  const { field, tls, title } = destination;
  const clock = `The clock here says ${shownTime(nowMs)}; if that is wrong, set it.`;
  if (trusted !== undefined) {
    const top = topOf(chain);
    if (top !== undefined && isSelfSigned(top) && top.subject === trusted.subject) return trusting(it, top, 'authority');
    if (await it.succeedsWith({ tls: withoutAuthority(tls) })) {
      return { kind: 'manifest', changes: [{ path: `${field}.tls.caBundle`, value: undefined }], tried: true };
    }
    const advice = `Get the renewed certificate of ${nameOf(trusted.subject)} from the owner of the ${title}, and store it where ${field}.tls.caBundle names it. ${clock}`;
    return { kind: 'secret', field: `${field}.tls.caBundle`, advice };
  }
  const advice = isExpired
    ? `The owner of the ${title} has to renew it. ${clock}`
    : `${clock} Otherwise the owner of the ${title} has installed it too early.`;
  return { kind: 'elsewhere', advice };
}

const mostNames = 5;

async function otherName(it: Distrusted): Promise<Verdict> {
  const { destination, chain } = it;
  const { url, tls, field, title } = destination;
  const names = chain[0] === undefined ? [] : namesOf(chain[0]);
  const few = names.slice(0, mostNames).join(', ') + (names.length > mostNames ? ` and ${names.length - mostNames} more` : '');
  const expected = tls.serverName ?? hostOf(url);
  const sentence = `${who(destination)} cannot be trusted: its certificate is not for ${expected}, but for ${few || 'no name at all'}.`;
  const candidates = names.filter((name) => isIP(name) === 0 && !name.includes('*')).slice(0, mostNames);
  const change = await rename(it, candidates);
  const advice = `Check the host of ${field}.url: a certificate for another name mostly means another server than the one that was meant.`;
  const mend: Mend =
    change === undefined
      ? {
          kind: 'elsewhere',
          advice: `${advice} If it is right, the owner of the ${title} has to have the certificate issued for ${expected} too.`,
        }
      : { kind: 'manifest', changes: [change], tried: true, advice };
  return { code: 'tls_name', sentence, mend, failure: failureOf(destination) };
}

/** The name by which the very same server is reached, else the name that is to be expected of it. */
async function rename(
  { destination, succeedsWith, leadsThere }: Distrusted,
  names: readonly string[],
): Promise<{ path: string; value: unknown } | undefined> {
  const { url, tls, field } = destination;
  if (tls.serverName !== undefined) {
    if (await succeedsWith({ serverName: serverNameOf({ url, tls: {} }), host: hostOf(url) }))
      return { path: `${field}.tls.serverName`, value: undefined };
  }
  const good: string[] = [];
  for (const name of names) if (await succeedsWith({ serverName: name, host: name })) good.push(name);
  for (const name of tls.serverName === undefined ? good : []) {
    if (await leadsThere(name)) return { path: `${field}.url`, value: withHost(url, name) };
  }
  return good[0] === undefined ? undefined : { path: `${field}.tls.serverName`, value: good[0] };
}

function withHost(url: URL, host: string): string {
  const changed = new URL(url);
  changed.hostname = host;
  return changed.href;
}
