import type { TlsOptions } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { jsonAnswer } from '../../test/support/http-answer.ts';
import { makeCertificate } from '../../test/support/make-certificate.ts';
import { configOf, credentialManifest, secretManifest } from '../../test/support/manifest.ts';
import { startRecordingServer } from '../../test/support/recording-server.ts';
import { systemClock } from '../../crds/clock.ts';
import type { Attempt } from './attempt.ts';
import { createTokenRequester } from './create-token-requester.ts';

const authority = makeCertificate('Test authority');
const here = makeCertificate('here', { hosts: ['127.0.0.1'], issuer: authority });
const elsewhere = makeCertificate('elsewhere', { hosts: ['login.example'], issuer: authority });
const selfSigned = makeCertificate('self', { hosts: ['127.0.0.1'] });
const ours = makeCertificate('tokenward', { issuer: authority });

const caBundle = { secretKeyRef: { name: 'acme-secret', key: 'ca.crt' } };

async function askOverTls(server: TlsOptions, tls: Readonly<Record<string, unknown>>): Promise<Attempt> {
  await using endpoint = await startRecordingServer(jsonAnswer({ access_token: 'tok', expires_in: 60 }), { tls: server });
  const config = configOf(
    credentialManifest({ tokenEndpoint: { url: `${endpoint.url}/token`, tls } }),
    secretManifest({ 'client-secret': 's3cr3t', 'ca.crt': authority.certificate }),
    secretManifest({ 'tls.crt': ours.certificate, 'tls.key': ours.key }, 'our-certificate'),
  );
  const requester = createTokenRequester(config, systemClock, 'test');
  try {
    return await requester(new AbortController().signal);
  } finally {
    requester.close();
  }
}

const present = ({ certificate, key }: typeof here): TlsOptions => ({ cert: certificate, key });

describe('requestToken over TLS', () => {
  it('trusts the authority that tls.caBundle names', async () => {
    expect(await askOverTls(present(here), { caBundle })).toMatchObject({ ok: true });
  });

  it.each([
    ['comes from an authority that it does not know', here, {}, 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tokenEndpoint.tls.caBundle'],
    ['is signed by itself', selfSigned, { caBundle }, 'DEPTH_ZERO_SELF_SIGNED_CERT', 'tokenEndpoint.tls.caBundle'],
    ['is for another name', elsewhere, { caBundle }, 'ERR_TLS_CERT_ALTNAME_INVALID', 'tokenEndpoint.tls.serverName'],
  ])('sends nothing to a server whose certificate %s', async (_name, certificate, tls, code, hint) => {
    expect(await askOverTls(present(certificate), tls)).toMatchObject({
      ok: false,
      retry: 'never',
      failure: { code: 'token_unavailable', detail: expect.stringContaining(`(${code})`), hint: expect.stringContaining(hint) },
    });
  });

  it('checks the certificate for the name that tls.serverName says', async () => {
    expect(await askOverTls(present(elsewhere), { caBundle, serverName: 'login.example' })).toMatchObject({ ok: true });
  });

  it('presents its own certificate to a server that wants one', async () => {
    const server = { ...present(here), ca: authority.certificate, requestCert: true };
    expect(await askOverTls(server, { caBundle, clientCertificate: { secretName: 'our-certificate' } })).toMatchObject({ ok: true });
    expect(await askOverTls(server, { caBundle })).toMatchObject({ ok: false, failure: { code: 'token_unavailable' } });
  });
});
