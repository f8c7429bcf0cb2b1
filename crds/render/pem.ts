import { createPrivateKey, X509Certificate } from 'node:crypto';
import { createSecureContext } from 'node:tls';

export type Pem = { readonly ok: true; readonly pem: string } | { readonly ok: false; readonly message: string };

/** One or more certificates, and nothing else that lies in the same text. */
export function readCertificates(text: string): Pem {
  const blocks = unescaped(text).match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/gu) ?? [];
  if (blocks.length === 0)
    return { ok: false, message: 'holds no certificate: it must be PEM, beginning with -----BEGIN CERTIFICATE-----' };
  const broken = blocks.findIndex((block) => readable(() => new X509Certificate(block)) === undefined);
  if (broken >= 0)
    return { ok: false, message: `holds a damaged certificate (number ${broken + 1} of ${blocks.length}): copy it anew from its source` };
  return { ok: true, pem: joined(blocks) };
}

/** The private key of the first of `certificates`. */
export function readPrivateKey(text: string, certificates: string): Pem {
  const block = /-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----[\s\S]+?-----END \1-----/u.exec(unescaped(text))?.[0];
  if (block === undefined)
    return { ok: false, message: 'holds no private key: it must be PEM, beginning with -----BEGIN PRIVATE KEY-----' };
  if (/ENCRYPTED/u.test(block)) return { ok: false, message: 'is encrypted: store the key without a passphrase' };
  const key = readable(() => createPrivateKey(block));
  if (key === undefined) return { ok: false, message: 'holds a damaged private key: copy it anew from its source' };
  if (!new X509Certificate(certificates).checkPrivateKey(key))
    return { ok: false, message: "is not the certificate's private key: store the two that belong together" };
  // OpenSSL reads some keys that it will not use, such as short ones.
  if (readable(() => createSecureContext({ cert: certificates, key: block })) === undefined)
    return {
      ok: false,
      message: 'belongs to a certificate that is too weak for TLS: have one issued with a key of at least 2048 bits (RSA) or 256 (EC)',
    };
  return { ok: true, pem: joined([block]) };
}

/** Service keys of SAP hold PEM as it stands in JSON: with a backslash and an n in place of each line break. */
const unescaped = (text: string): string => text.replaceAll('\\r', '').replaceAll('\\n', '\n').replaceAll('\r\n', '\n');

const joined = (blocks: readonly string[]): string => blocks.map((block) => `${block}\n`).join('');

/** What OpenSSL says about a text it cannot read is not for users, and might quote it. */
function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
