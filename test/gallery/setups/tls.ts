import { makeCertificate } from '../../support/make-certificate.ts';
import type { BrokenSetup } from '../broken-setup.ts';
import { clientSecret } from '../gallery-realm.ts';
import { name } from '../manifests.ts';
import { placesOf } from '../places.ts';
import { sceneOf, startProvider } from '../scenes.ts';

const caBundle = { secretKeyRef: { name, key: 'ca.crt' } };
const validTo = new Date('2026-01-31T12:00:00Z');

export const wrongHost: BrokenSetup = {
  name: 'wrong-host',
  title: 'The host is not the one that the certificate is for',
  story: 'The URL names the server by another name than its certificate: an old name, an internal one, or an address.',
  symptom: { status: 502, failure: 'token_unavailable' },
  needs: 'names',
  verdict: {
    code: 'tls_name',
    sentence:
      'The token endpoint sso.acme.example cannot be trusted: its certificate is not for sso.acme.example, but for login.acme.example.',
    mend: {
      kind: 'manifest',
      changes: [{ path: 'spec.tokenEndpoint.url', value: 'https://login.acme.example/token' }],
      tried: true,
      advice:
        'Check the host of spec.tokenEndpoint.url: a certificate for another name mostly means another server than the one that was meant.',
    },
    failure: 'token_unavailable',
  },
  set: async (stage) => {
    const [wrong, right] = ['sso.acme.internal', 'login.acme.internal'];
    for (const host of [wrong, right]) stage.names.set(host, '127.0.0.1');
    const authority = makeCertificate('Acme CA');
    const provider = await startProvider({ tls: makeCertificate(right, { hosts: [right], issuer: authority }) });
    const url = provider.url.replace('127.0.0.1', wrong);
    const kept = { 'client-secret': clientSecret, 'ca.crt': authority.certificate };
    const scene = await sceneOf(stage, provider, { tokenEndpoint: { url, tls: { caBundle } }, kept });
    const login = provider.url.replace('127.0.0.1', right);
    return { ...scene, places: placesOf({ sso: url, login }) };
  },
};

export const expiredCa: BrokenSetup = {
  name: 'expired-ca',
  title: "The authority's certificate has expired",
  story:
    'The certificates of the servers are good, and that of the authority in `caBundle` is not any more: it was renewed, and the old one is still here.',
  symptom: { status: 502, failure: 'token_unavailable' },
  verdict: {
    code: 'tls_expired',
    sentence:
      'The token endpoint login.acme.example cannot be trusted: the certificate of the authority that issued its own (CN=Acme CA, in tls.caBundle) expired at 2026-01-31T12:00:00Z.',
    mend: {
      kind: 'secret',
      field: 'spec.tokenEndpoint.tls.caBundle',
      advice:
        'Get the renewed certificate of CN=Acme CA from the owner of the token endpoint, and store it where spec.tokenEndpoint.tls.caBundle names it. The clock here says 2026-02-02T08:00:00Z; if that is wrong, set it.',
      source: 'Secret orders, key ca.crt',
    },
    failure: 'token_unavailable',
  },
  set: async (stage) => {
    const authority = makeCertificate('Acme CA');
    const old = makeCertificate('Acme CA', { renews: authority, validTo });
    const provider = await startProvider({ tls: makeCertificate('login', { hosts: ['127.0.0.1'], issuer: authority }) });
    const kept = { 'client-secret': clientSecret, 'ca.crt': old.certificate };
    const scene = await sceneOf(stage, provider, { tokenEndpoint: { tls: { caBundle } }, kept });
    return { ...scene, places: [...scene.places, [/(?<=says )[\d:T-]+Z/g, '2026-02-02T08:00:00Z']], rightValue: authority.certificate };
  },
};

export const unknownCa: BrokenSetup = {
  name: 'unknown-ca',
  title: 'The certificate comes from an authority that is not known here',
  story: "The server's certificate is signed by a company's own authority, and the credential does not name it.",
  symptom: { status: 502, failure: 'token_unavailable' },
  verdict: {
    code: 'tls_authority_unknown',
    sentence:
      'The token endpoint login.acme.example cannot be trusted: its certificate comes from an authority that is not trusted here (CN=Acme CA).',
    mend: {
      kind: 'manifest',
      changes: [{ path: 'spec.tokenEndpoint.tls.caBundle', value: { configMapKeyRef: { name: 'login-acme-example-ca', key: 'ca.crt' } } }],
      configMap: { name: 'login-acme-example-ca', data: { 'ca.crt': '-----BEGIN CERTIFICATE-----\nMIIB...\n-----END CERTIFICATE-----\n' } },
      tried: true,
      advice:
        'The authority in this ConfigMap is the one that the server has sent itself, which proves nothing: first compare its SHA-256 fingerprint, 5B:0E:...:C7, with the one that the owner of the token endpoint tells you.',
    },
    failure: 'token_unavailable',
  },
  set: async (stage) => {
    const authority = makeCertificate('Acme CA');
    const { certificate, ...leaf } = makeCertificate('login', { hosts: ['localhost'], issuer: authority });
    const provider = await startProvider({ tls: { ...leaf, certificate: certificate + authority.certificate } });
    const url = provider.url.replace('127.0.0.1', 'localhost');
    return {
      ...(await sceneOf(stage, provider, { tokenEndpoint: { url } })),
      places: [
        ['localhost-ca', 'login-acme-example-ca'],
        ...placesOf({ login: url }),
        [/(?:[\dA-F]{2}:){31}[\dA-F]{2}/g, '5B:0E:...:C7'],
        // As JSON and as YAML.
        [/(?<=BEGIN CERTIFICATE-----)(\\n|\n *)(?:[\w+/=]+\1)+/g, '$1MIIB...$1'],
      ],
    };
  },
};
