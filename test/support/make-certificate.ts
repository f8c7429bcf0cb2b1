import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

export interface Certificate {
  readonly commonName: string;
  /** PEM. */
  readonly certificate: string;
  /** PEM, PKCS#8. */
  readonly key: string;
}

export interface CertificateOptions {
  readonly hosts?: readonly string[];
  readonly issuer?: Certificate;
  readonly curve?: string;
  /** An RSA key of this length in place of one on the curve. */
  readonly rsaBits?: number;
  readonly validFrom?: Date;
  readonly validTo?: Date;
  /** May sign others though it has an issuer. One that signs itself may anyway. */
  readonly isAuthority?: boolean;
  /** Where the issuer's certificate can be had: RFC 5280 section 4.2.2.1. */
  readonly issuerUrl?: string;
  /** The one that it renews: it has the same key. */
  readonly renews?: Certificate;
}

const longAgo = new Date('2020-01-01T00:00:00Z');
const farAhead = new Date('2120-01-01T00:00:00Z');

/** A certificate for tests, signed by `issuer` or else by itself (RFC 5280), so that no private key need lie in the tree. */
export function makeCertificate(
  commonName: string,
  {
    hosts = [],
    issuer,
    curve = 'P-256',
    rsaBits,
    validFrom = longAgo,
    validTo = farAhead,
    isAuthority = issuer === undefined,
    issuerUrl,
    renews,
  }: CertificateOptions = {},
): Certificate {
  const key = renews?.key ?? newKey(rsaBits, curve);
  const extensions = sequence(
    ...(hosts.length > 0 ? [extension('551d11', sequence(...hosts.map(alternativeName)))] : []),
    ...(issuerUrl === undefined
      ? []
      : [extension('2b06010505070101', sequence(sequence(objectId('2b06010505073002'), der(0x86, Buffer.from(issuerUrl)))))]),
    extension('551d13', isAuthority ? sequence(der(0x01, Buffer.of(0xff))) : sequence()),
  );
  const signingKey = createPrivateKey(issuer?.key ?? key);
  const algorithm = signatureAlgorithm(signingKey);
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.concat([Buffer.of(1), randomBytes(8)])),
    algorithm,
    distinguishedName(issuer?.commonName ?? commonName),
    sequence(generalizedTime(validFrom), generalizedTime(validTo)),
    distinguishedName(commonName),
    createPublicKey(key).export({ type: 'spki', format: 'der' }),
    der(0xa3, extensions),
  );
  const signature = sign('sha256', toBeSigned, signingKey);
  const whole = sequence(toBeSigned, algorithm, der(0x03, Buffer.of(0), signature));
  const lines = whole.toString('base64').match(/.{1,64}/g) ?? [];
  return { commonName, key, certificate: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n` };
}

function newKey(rsaBits: number | undefined, namedCurve: string): string {
  const pair = rsaBits === undefined ? generateKeyPairSync('ec', { namedCurve }) : generateKeyPairSync('rsa', { modulusLength: rsaBits });
  return pair.privateKey.export({ type: 'pkcs8', format: 'pem' });
}

function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const content = Buffer.concat(contents);
  const { length } = content;
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}

const sequence = (...items: readonly Buffer[]): Buffer => der(0x30, ...items);
const objectId = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const ecdsaWithSha256 = sequence(objectId('2a8648ce3d040302'));
const rsaWithSha256 = sequence(objectId('2a864886f70d01010b'), der(0x05));
const signatureAlgorithm = (key: KeyObject): Buffer => (key.asymmetricKeyType === 'rsa' ? rsaWithSha256 : ecdsaWithSha256);
const distinguishedName = (commonName: string): Buffer =>
  sequence(der(0x31, sequence(objectId('550403'), der(0x0c, Buffer.from(commonName)))));
const generalizedTime = (time: Date): Buffer => der(0x18, Buffer.from(`${time.toISOString().replace(/\D/g, '').slice(0, 14)}Z`));
const extension = (id: string, value: Buffer): Buffer => sequence(objectId(id), der(0x04, value));

function alternativeName(host: string): Buffer {
  return isIP(host) === 4 ? der(0x87, Buffer.from(host.split('.').map(Number))) : der(0x82, Buffer.from(host));
}
