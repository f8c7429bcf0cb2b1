import { createHash, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';
import { readable, readPrivateKey, toPem, unescaped, unfitness, type KeyUse } from './private-key.ts';

/** The PEM certificates that lie in a text. */
export const certificateBlocks = (text: string): readonly string[] =>
  unescaped(text).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/gu) ?? [];

export type Pem = { readonly ok: true; readonly pem: string } | { readonly ok: false; readonly message: string };

/** One or more certificates, and nothing else that lies in the same text. */
export function readCertificates(text: string): Pem {
  const blocks = certificateBlocks(text);
  if (blocks.length === 0)
    return { ok: false, message: 'holds no certificate: it must be PEM, beginning with -----BEGIN CERTIFICATE-----' };
  const broken = blocks.findIndex((block) => readable(() => new X509Certificate(block)) === undefined);
  if (broken >= 0)
    return { ok: false, message: `holds a damaged certificate (number ${broken + 1} of ${blocks.length}): copy it anew from its source` };
  return { ok: true, pem: blocks.map((block) => `${block}\n`).join('') };
}

/** The private key of the first of `certificates`, for TLS. */
export function readTlsKey(text: string, certificates: string): Pem {
  const read = readPrivateKey(text);
  if (!read.ok) return read;
  if (!belongs(read.key, certificates)) return foreign;
  const pem = toPem(read.key);
  // OpenSSL reads some keys that it will not use, such as short ones.
  if (readable(() => createSecureContext({ cert: certificates, key: pem })) === undefined)
    return {
      ok: false,
      message: 'belongs to a certificate that is too weak for TLS: have one issued with a key of at least 2048 bits (RSA) or 256 (EC)',
    };
  return { ok: true, pem };
}

/** A private key that signs; of the first of `certificates`, if there are any. */
export function readSigningKey(text: string, use: KeyUse, certificates: string | undefined): Pem {
  const read = readPrivateKey(text);
  if (!read.ok) return read;
  const message = unfitness(read.key, use);
  if (message !== undefined) return { ok: false, message };
  if (certificates !== undefined && !belongs(read.key, certificates)) return foreign;
  return { ok: true, pem: toPem(read.key) };
}

/** The first of them, without those that issued it. */
export const leafOf = (certificates: string): string => /^[^]*?-----END CERTIFICATE-----\n/u.exec(certificates)?.[0] ?? '';

/** Milliseconds since the Unix epoch. */
export const endOf = (certificate: string): number => new X509Certificate(certificate).validToDate.getTime();

/** RFC 7515 section 4.1.8. */
export const thumbprintOf = (certificate: string): string =>
  createHash('sha256').update(new X509Certificate(certificate).raw).digest('base64url');

const foreign = { ok: false, message: "is not the certificate's private key: store the two that belong together" } as const;

const belongs = (key: Parameters<X509Certificate['checkPrivateKey']>[0], certificates: string): boolean =>
  new X509Certificate(certificates).checkPrivateKey(key);
