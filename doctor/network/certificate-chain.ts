import { X509Certificate } from 'node:crypto';
import { certificateBlocks } from '../../crds/render/pem.ts';
import { shown, shownTime } from '../api/shown.ts';

/** Certificates as a server sent them, its own first. */
export type Chain = readonly X509Certificate[];

const longest = 10;

/** The certificate and those that came after it. */
export function chainOf(leaf: X509Certificate | undefined): Chain {
  const chain: X509Certificate[] = [];
  for (let next = leaf; next !== undefined && chain.length < longest; next = next.issuerCertificate) chain.push(next);
  return chain;
}

/** The topmost one that the others lead to, whatever else was sent. */
export function topOf(chain: Chain): X509Certificate | undefined {
  let [top] = chain;
  for (let step = 0; step < chain.length; step += 1) {
    const current = top;
    const issuer = chain.find(
      (other) => current !== undefined && !isSelfSigned(current) && other !== current && isIssuedBy(current, other),
    );
    if (issuer === undefined) return top;
    top = issuer;
  }
  return top;
}

export function isSelfSigned(certificate: X509Certificate): boolean {
  return certificate.subject === certificate.issuer && isIssuedBy(certificate, certificate);
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** `CN=Acme CA, O=Acme`. */
export function nameOf(name: string | undefined): string {
  return shown((name ?? '').replaceAll('\n', ', ')) || '(no name)';
}

/** The DNS names and addresses that it is for. */
export function namesOf({ subjectAltName }: X509Certificate): readonly string[] {
  return (subjectAltName ?? '').split(', ').flatMap((entry) => /^(?:DNS|IP Address):("?)(.+)\1$/.exec(entry)?.[2] ?? []);
}

export function describeCertificate(certificate: X509Certificate, nowMs: number): string {
  const { subject, issuer, validFromDate, validToDate } = certificate;
  const by = isSelfSigned(certificate) ? 'signed by itself' : `issued by ${nameOf(issuer)}`;
  const end = validToDate.getTime() < nowMs ? 'EXPIRED' : 'expires';
  const start = validFromDate.getTime() > nowMs ? `, NOT VALID BEFORE ${shownTime(validFromDate.getTime())}` : '';
  return `${nameOf(subject)}, ${by}, ${end} ${shownTime(validToDate.getTime())}${start}`;
}

/** Those of a bundle that can be read. */
export function readBundle(pem: string): readonly X509Certificate[] {
  return certificateBlocks(pem).flatMap((block) => {
    try {
      return new X509Certificate(block);
    } catch {
      return [];
    }
  });
}
