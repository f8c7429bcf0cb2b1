import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Sensitive } from '../../crds/sensitive.ts';
import type { CertificateStore } from './certificate-store.ts';
import { issueAuthority, issueServerCertificate, type Validity } from './issue-certificate.ts';

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
const authorityLifetimeMs = 365 * dayMs;
const certificateLifetimeMs = 90 * dayMs;
/** For verifiers whose clocks are behind, or that took local time for universal time. */
const backdatedMs = dayMs;
/** So long a new authority is only trusted and signs nothing yet: until every API server has heard of it. */
const settlingMs = 10 * minuteMs;
/** Beside the newest one. More than one is there only if something is wrong. */
const mostFormerAuthorities = 3;

export interface CertificateMoment {
  readonly nowMs: number;
  /** For how long the API server is known to trust the newest authority. Of that no certificate tells: whoever made it may have another time. */
  readonly announcedForMs: number;
}

export interface CertificateDecision {
  /** Trusted still: those that have ended are not among them. */
  readonly authorities: readonly string[];
  /** Makes an authority, which goes before the others. */
  readonly newAuthority: boolean;
  /** Has the newest authority, which is the new one if there is one, sign a new certificate for the server. */
  readonly newCertificate: boolean;
}

/**
 * What to do about the webhook's certificates. Each is renewed when two thirds of its life are over. A new authority is trusted first and
 * signs later; until it does the old certificate serves, so that at no time an API server meets one that it cannot verify. What cannot
 * serve (ended, damaged, for other names) is replaced at once.
 */
export function decideCertificates(
  store: CertificateStore,
  dnsNames: readonly string[],
  { nowMs, announcedForMs }: CertificateMoment,
): CertificateDecision {
  const trusted = store.authorities.flatMap((pem) => {
    const certificate = readCertificate(pem);
    return certificate !== undefined && isCurrent(certificate, nowMs) ? [{ pem, certificate }] : [];
  });
  const first = trusted[0]?.certificate;
  const newest = first !== undefined && fits(first, store.authorityKey) ? first : undefined;
  const newAuthority = newest === undefined || isLate(newest, nowMs);

  const serving = readCertificate(store.serving.certificate);
  const canServe =
    serving !== undefined &&
    isCurrent(serving, nowMs) &&
    fits(serving, store.serving.key) &&
    dnsNames.every((name) => serving.checkHost(name) !== undefined) &&
    trusted.some(({ certificate }) => isSignedBy(serving, certificate));
  const mayWait = newAuthority || announcedForMs < settlingMs;
  const isDue = canServe && newest !== undefined && (isLate(serving, nowMs) || !isSignedBy(serving, newest));
  return {
    authorities: trusted.slice(0, mostFormerAuthorities).map(({ pem }) => pem),
    newAuthority,
    newCertificate: !canServe || (isDue && !mayWait),
  };
}

/** The store as decided; the same one if nothing changes. */
export function renewCertificates(
  store: CertificateStore,
  decision: CertificateDecision,
  dnsNames: readonly string[],
  nowMs: number,
): CertificateStore {
  const { authorities, newAuthority, newCertificate } = decision;
  if (!newAuthority && !newCertificate && authorities.length === store.authorities.length) return store;
  const issued = newAuthority ? issueAuthority(validity(nowMs, authorityLifetimeMs)) : undefined;
  const authority = issued ?? { certificate: authorities[0] ?? '', key: store.authorityKey };
  return {
    authorities: issued === undefined ? authorities : [issued.certificate, ...authorities],
    authorityKey: authority.key,
    serving: newCertificate ? issueServerCertificate(dnsNames, validity(nowMs, certificateLifetimeMs), authority) : store.serving,
  };
}

const validity = (nowMs: number, lifetimeMs: number): Validity => ({ fromMs: nowMs - backdatedMs, toMs: nowMs + lifetimeMs });

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function fits(certificate: X509Certificate, key: Sensitive): boolean {
  try {
    return certificate.checkPrivateKey(createPrivateKey(key.reveal()));
  } catch {
    return false;
  }
}

const isSignedBy = (certificate: X509Certificate, issuer: X509Certificate): boolean =>
  certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);

const isCurrent = ({ validFromDate, validToDate }: X509Certificate, nowMs: number): boolean =>
  validFromDate.getTime() <= nowMs && nowMs < validToDate.getTime();

/** Two thirds of its life are over. */
function isLate({ validFromDate, validToDate }: X509Certificate, nowMs: number): boolean {
  const [fromMs, toMs] = [validFromDate.getTime(), validToDate.getTime()];
  return nowMs >= fromMs + ((toMs - fromMs) * 2) / 3;
}
