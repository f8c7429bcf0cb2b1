import { createPrivateKey, type KeyObject } from 'node:crypto';

export type ReadKey = { readonly ok: true; readonly key: KeyObject } | { readonly ok: false; readonly message: string };

/** What a key is to do: sign a JWT by this algorithm (RFC 7518 section 3, RFC 8037), or XML (RFC 9231 section 2.3.2). */
export type KeyUse = 'RS256' | 'PS256' | 'ES256' | 'EdDSA' | 'RSA-SHA256';

/** RFC 5958, RFC 8017 appendix A.1.2, RFC 5915: an armour's label is not needed to tell them apart. */
const encodings = ['pkcs8', 'pkcs1', 'sec1'] as const;

const none = { ok: false, message: 'holds no private key: it must be PEM, beginning with -----BEGIN PRIVATE KEY-----' } as const;
const damaged = { ok: false, message: 'holds a damaged private key: copy it anew from its source' } as const;

/** A private key as PEM (PKCS#8, PKCS#1, SEC 1), however its lines are broken, or as SuccessFactors generates it. */
export function readPrivateKey(text: string): ReadKey {
  const armoured = armouredKey(text);
  const [, label = '', body = unescaped(text)] = armoured ?? [];
  // SuccessFactors calls this encrypted, which it is not.
  const generated = generatedBySuccessFactors(body);
  if (generated !== undefined) return keyOf(generated) ?? damaged;
  if (armoured === null) return keyOf(body) ?? unarmoured(body);
  if (/ENCRYPTED/u.test(armoured[0])) return { ok: false, message: 'is encrypted: store the key without a passphrase' };
  if (label === 'OPENSSH PRIVATE KEY') return { ok: false, message: 'is in the format of OpenSSH: convert it with ssh-keygen -p -m PKCS8' };
  return keyOf(body) ?? damaged;
}

/** The first whole PEM key in a text; then its label and its body. */
export const armouredKey = (text: string): RegExpExecArray | null =>
  /-----BEGIN ((?:[A-Z]+ )?PRIVATE KEY)-----((?:(?!-----)[\s\S])+)-----END \1-----/u.exec(unescaped(text));

/** What is there in place of a whole PEM key. */
function unarmoured(text: string): ReadKey {
  const no = (message: string): ReadKey => ({ ok: false, message });
  if (text.trim() === '') return no('is empty: store the private key as PEM');
  if (/-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/u.test(text))
    return no('holds a private key that is cut off: copy all of it, to the line that begins with -----END');
  if (/-----BEGIN (?:[A-Z]+ )?PUBLIC KEY-----/u.test(text)) return no('holds a public key: store the private one that belongs to it');
  if (decode(text)?.toString('latin1').trimStart().startsWith('-----BEGIN ') === true)
    return no('holds PEM that is in base64 once too often: under stringData it stands as it is, under data in base64 once');
  return none;
}

/** Why the key cannot be used so; undefined: it can. */
export function unfitness({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject, use: KeyUse): string | undefined {
  if (use === 'ES256') {
    return type === 'ec' && details?.namedCurve === 'prime256v1'
      ? undefined
      : `is no key on the curve P-256, which ${use} takes: ${mend(use)}`;
  }
  if (use === 'EdDSA') return type === 'ed25519' ? undefined : `is no Ed25519 key, which ${use} takes: ${mend(use)}`;
  if (type !== 'rsa') return `is no RSA key, which ${use} takes: ${mend(use)}`;
  const bits = details?.modulusLength ?? 0;
  return bits >= 2048 ? undefined : `is an RSA key of ${bits} bits, and ${use} takes at least 2048: have a longer one made`;
}

const mend = (use: KeyUse): string => (use === 'RSA-SHA256' ? 'store one' : 'store one, or choose the algorithm that goes with this key');

/** PKCS#8, as all that is rendered. */
export const toPem = (key: KeyObject): string => key.export({ type: 'pkcs8', format: 'pem' });

/** Service keys of SAP hold PEM as it stands in JSON: with a backslash and an n in place of each line break. */
export const unescaped = (text: string): string => text.replaceAll('\\r', '').replaceAll('\\n', '\n').replaceAll('\r\n', '\n');

/** What OpenSSL says about a text that it cannot read is not for users, and might quote it. */
export function readable<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

/** SuccessFactors makes a key the base64 of: the body of its PEM, three number signs, and what belongs to SuccessFactors alone. */
function generatedBySuccessFactors(body: string): string | undefined {
  const decoded = decode(body)?.toString('latin1') ?? '';
  return /^([A-Za-z0-9+/=\s]+)###[ -~\s]*$/u.exec(decoded)?.[1];
}

function keyOf(base64: string): ReadKey | undefined {
  const key = decode(base64);
  if (key === undefined) return undefined;
  for (const type of encodings) {
    const read = readable(() => createPrivateKey({ key, format: 'der', type }));
    if (read !== undefined) return { ok: true, key: read };
  }
  return undefined;
}

function decode(base64: string): Buffer | undefined {
  const compact = base64.replace(/\s/gu, '');
  return /^[A-Za-z0-9+/]+={0,2}$/u.test(compact) ? Buffer.from(compact, 'base64') : undefined;
}
