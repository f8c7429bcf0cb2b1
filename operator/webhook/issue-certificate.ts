import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, X509Certificate } from 'node:crypto';
import { Sensitive } from '../../crds/sensitive.ts';

/** PEM; the key as PKCS#8. */
export interface CertificateWithKey {
  readonly certificate: string;
  readonly key: Sensitive;
}

/** Milliseconds since the Unix epoch. */
export interface Validity {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A certificate authority of its own (RFC 5280; ECDSA with P-256), with a name that no other has. */
export function issueAuthority(validity: Validity): CertificateWithKey {
  const keys = newKeys();
  const name = distinguishedName(`Tokenward webhook authority ${randomBytes(8).toString('hex')}`);
  const extensions = [
    extension(ids.basicConstraints, sequence(isAuthority, pathLength(0)), 'critical'),
    extension(ids.keyUsage, bits(keyCertSign | crlSign), 'critical'),
    extension(ids.subjectKeyIdentifier, octets(identifierOf(keys.publicKey))),
  ];
  return certify({ issuer: name, subject: name, validity, keys, extensions, signer: keys.key });
}

/** A server's certificate for these DNS names (RFC 5280; their first is the common name, cut to the 64 characters that it may have). */
export function issueServerCertificate(dnsNames: readonly string[], validity: Validity, authority: CertificateWithKey): CertificateWithKey {
  const keys = newKeys();
  const issuer = new X509Certificate(authority.certificate);
  const issuerKey = createPublicKey(authority.key.reveal()).export({ type: 'spki', format: 'der' });
  const extensions = [
    extension(ids.basicConstraints, sequence(), 'critical'),
    extension(ids.keyUsage, bits(digitalSignature), 'critical'),
    extension(ids.extendedKeyUsage, sequence(objectId(ids.serverAuthentication))),
    extension(ids.subjectKeyIdentifier, octets(identifierOf(keys.publicKey))),
    extension(ids.authorityKeyIdentifier, sequence(der(0x80, identifierOf(issuerKey)))),
    extension(ids.subjectAlternativeName, sequence(...dnsNames.map((name) => der(0x82, Buffer.from(name))))),
  ];
  const issuerName = distinguishedName(issuer.subject.replace(/^CN=/, ''));
  const subject = distinguishedName(dnsNames[0]?.slice(0, 64) ?? '');
  return certify({ issuer: issuerName, subject, validity, keys, extensions, signer: authority.key });
}

interface Keys {
  readonly publicKey: Buffer;
  readonly key: Sensitive;
}

function newKeys(): Keys {
  const { publicKey, privateKey } = generateKeyPairSync('ec', {
    namedCurve: 'P-256',
    publicKeyEncoding: { type: 'spki', format: 'der' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  return { publicKey, key: new Sensitive(privateKey) };
}

interface Certificate {
  readonly issuer: Buffer;
  readonly subject: Buffer;
  readonly validity: Validity;
  readonly keys: Keys;
  readonly extensions: readonly Buffer[];
  readonly signer: Sensitive;
}

/** RFC 5280 section 4.1. */
function certify({ issuer, subject, validity, keys, extensions, signer }: Certificate): CertificateWithKey {
  const version3 = der(0xa0, der(0x02, Buffer.of(2)));
  // Positive, and without a leading zero byte.
  const serial = der(0x02, Buffer.concat([Buffer.of(0x40), randomBytes(15)]));
  const dates = sequence(time(validity.fromMs), time(validity.toMs));
  const toBeSigned = sequence(
    version3,
    serial,
    ecdsaWithSha256,
    issuer,
    dates,
    subject,
    keys.publicKey,
    der(0xa3, sequence(...extensions)),
  );
  const signature = sign('sha256', toBeSigned, createPrivateKey(signer.reveal()));
  const whole = sequence(toBeSigned, ecdsaWithSha256, der(0x03, Buffer.of(0), signature));
  return { certificate: new X509Certificate(whole).toString(), key: keys.key };
}

/** RFC 5280 section 4.1.2.5: two digits of the year until 2049. */
function time(ms: number): Buffer {
  const digits = `${new Date(ms).toISOString().replaceAll(/[-:T]|\..*/g, '')}Z`;
  return digits < '2050' ? der(0x17, Buffer.from(digits.slice(2))) : der(0x18, Buffer.from(digits));
}

/** RFC 7093 section 2, method 4: any value that is the key's alone. */
const identifierOf = (publicKey: Buffer): Buffer => createHash('sha256').update(publicKey).digest().subarray(0, 20);

const ids = {
  commonName: '550403',
  subjectKeyIdentifier: '551d0e',
  keyUsage: '551d0f',
  subjectAlternativeName: '551d11',
  basicConstraints: '551d13',
  authorityKeyIdentifier: '551d23',
  extendedKeyUsage: '551d25',
  serverAuthentication: '2b06010505070301',
  ecdsaWithSha256: '2a8648ce3d040302',
} as const;

/** RFC 5280 section 4.2.1.3, as the bits of one octet. */
const digitalSignature = 0x80;
const keyCertSign = 0x04;
const crlSign = 0x02;

/** Distinguished Encoding Rules, X.690: a tag, the content's length, the content. */
function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

const sequence = (...items: readonly Buffer[]): Buffer => der(0x30, ...items);
const objectId = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const octets = (content: Buffer): Buffer => der(0x04, content);
const yes = der(0x01, Buffer.of(0xff));
const isAuthority = yes;
const pathLength = (length: number): Buffer => der(0x02, Buffer.of(length));
const ecdsaWithSha256 = sequence(objectId(ids.ecdsaWithSha256));
const distinguishedName = (commonName: string): Buffer =>
  sequence(der(0x31, sequence(objectId(ids.commonName), der(0x0c, Buffer.from(commonName)))));
const extension = (id: string, value: Buffer, critical?: 'critical'): Buffer =>
  sequence(objectId(id), ...(critical ? [yes] : []), octets(value));

/** A string of bits without the zeros at its end. */
const bits = (octet: number): Buffer => der(0x03, Buffer.of(Math.clz32(octet & -octet) ^ 31, octet));
