import { Sensitive } from '../../crds/sensitive.ts';
import type { CertificateWithKey } from './issue-certificate.ts';

/** What the replicas share: a Secret holds it. All PEM; a part that is missing is empty. */
export interface CertificateStore {
  /** The newest first. A client that trusts all of them trusts any replica. */
  readonly authorities: readonly string[];
  /** Of the newest: the others sign no more. */
  readonly authorityKey: Sensitive;
  readonly serving: CertificateWithKey;
}

type SecretData = Readonly<Record<string, string>>;

export function readStore(data: SecretData | undefined): CertificateStore {
  const read = (key: string): string => Buffer.from(data?.[key] ?? '', 'base64').toString('utf8');
  return {
    authorities: read('ca.crt').match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n?/g) ?? [],
    authorityKey: new Sensitive(read('ca.key')),
    serving: { certificate: read('tls.crt'), key: new Sensitive(read('tls.key')) },
  };
}

export function writeStore({ authorities, authorityKey, serving }: CertificateStore): SecretData {
  const data = {
    'ca.crt': bundleOf(authorities),
    'ca.key': authorityKey.reveal(),
    'tls.crt': serving.certificate,
    'tls.key': serving.key.reveal(),
  };
  return Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString('base64')]));
}

export const bundleOf = (authorities: readonly string[]): string => authorities.map((pem) => `${pem.trim()}\n`).join('');
