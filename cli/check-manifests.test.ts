import { describe, expect, it } from 'vitest';
import { makeCertificate } from '../test/support/make-certificate.ts';
import { checkManifests } from './check-manifests.ts';

const credential = (name: string, secretName: string) => `apiVersion: tokenward.dev/v1alpha1
kind: OAuth2Credential
metadata: {name: ${name}}
spec:
  upstream: {url: 'https://api.acme.example'}
  tokenEndpoint: {url: 'https://login.acme.example/token'}
  client: {id: acme, secretRef: {name: ${secretName}}}
`;
const secret = (name: string, rest: string) => `apiVersion: v1\nkind: Secret\nmetadata: {name: ${name}}\n${rest}\n`;

const nowMs = Date.parse('2026-01-01');

const messages = (...documents: readonly string[]) =>
  checkManifests({ texts: [{ file: 'x.yaml', text: documents.join('---\n') }], problems: [] }, nowMs).problems.map(
    ({ message }) => message,
  );

describe('checkManifests', () => {
  it('misses no Secret while a document that may hold it is not valid YAML', () => {
    expect(messages(credential('a', 's'), secret('s', 'stringData: {client-secret: "'))).toEqual([
      expect.stringMatching(/^not valid YAML/),
    ]);
  });

  it('misses no Secret while a file that may hold it cannot be read', () => {
    const problems = [{ file: 'secrets.yaml', message: 'cannot be read: permission denied' }];
    expect(checkManifests({ texts: [{ file: 'x.yaml', text: credential('a', 's') }], problems }, nowMs).problems).toEqual(problems);
  });

  it('blames a broken Secret once, at the Secret, and says of the others what is wrong with them', () => {
    expect(messages(credential('a', 's'), credential('b', 't'), secret('s', 'data: {client-secret: "?"}'), secret('t', ''))).toEqual([
      'is not valid base64; plain text goes under stringData',
      expect.stringMatching(/^the Secret t has not opted in/),
    ]);
  });

  it('warns of a certificate that has ended, at the reference to it', () => {
    const { key, certificate } = makeCertificate('client', { rsaBits: 2048 });
    const bearer = `{assertion: {nameID: u, issuer: i, audience: a, keyRef: {name: k}, certificateRef: {name: k}}}`;
    const grant = `  grant: {type: SAML2Bearer, saml2Bearer: ${bearer}}\n`;
    const labels = '{name: k, labels: {tokenward.dev/credential: "true"}}';
    const held = { 'client-secret': 's3cr3t', 'tls.key': key, 'tls.crt': certificate };
    const text = `${credential('a', 'k')}${grant}---\napiVersion: v1\nkind: Secret\nmetadata: ${labels}\nstringData: ${JSON.stringify(held)}\n`;
    const warningsAt = (time: string) => {
      const { problems, warnings } = checkManifests({ texts: [{ file: 'x.yaml', text }], problems: [] }, Date.parse(time));
      return [...problems, ...warnings];
    };
    expect(warningsAt('2119-12-31')).toEqual([]);
    expect(warningsAt('2120-01-01')).toEqual([
      expect.objectContaining({ file: 'x.yaml', line: 8, message: expect.stringMatching(/holds a certificate that ended on 2120-01-01/) }),
    ]);
  });

  it('misses a Secret where everything could be read', () => {
    expect(messages(credential('a', 's'))).toEqual([expect.stringMatching(/^there is no Secret s in the namespace default/)]);
  });
});
