import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface XmlsecVerdict {
  readonly accepted: boolean;
  readonly reason: string;
}

/**
 * Asks xmlsec1 whether the signatures of all these assertions are valid by this certificate, and whether what it took the digest of is, byte
 * for byte, all that the document holds beside its signature: only then is nothing in it that was not signed. One process for all.
 */
export async function verifyWithXmlsec(xmlsec1: string, documents: readonly string[], certificate: string): Promise<XmlsecVerdict> {
  const folder = await mkdtemp(join(tmpdir(), 'tokenward-saml-'));
  try {
    const trusted = join(folder, 'certificate.pem');
    await writeFile(trusted, certificate);
    const files = documents.map((_document, index) => join(folder, `${index}.xml`));
    await Promise.all(documents.map((document, index) => writeFile(files[index] ?? '', document)));
    const options = ['--verify', '--id-attr:ID', 'urn:oasis:names:tc:SAML:2.0:assertion:Assertion', '--trusted-pem', trusted];
    const { stdout } = await run(xmlsec1, [...options, '--store-references', '--print-debug', ...files], { maxBuffer: 1024 ** 3 });
    const digested = [...stdout.matchAll(digestedText)].map(([, text]) => text);
    const odd = documents.findIndex((document, index) => digested[index] !== withoutSignature(document));
    if (odd < 0 && digested.length === documents.length) return { accepted: true, reason: '' };
    return { accepted: false, reason: `number ${odd} holds something that was not signed` };
  } catch (error) {
    // Of a document that is refused it says so on standard error; it stops there.
    return { accepted: false, reason: error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error) };
  } finally {
    await rm(folder, { recursive: true });
  }
}

const digestedText = /^== PreDigest data - start buffer:\n([^]*?)\n== PreDigest data - end buffer$/gm;

/** Exactly what a signature consists of: nothing else may hide in it. */
const signature = new RegExp(
  [
    '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo [^]*?</ds:SignedInfo>',
    '<ds:SignatureValue>[\\w+/=]+</ds:SignatureValue>',
    '<ds:KeyInfo><ds:X509Data><ds:X509Certificate>[\\w+/=]+</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>',
  ].join(''),
);

const withoutSignature = (document: string): string => document.replace(signature, '');
