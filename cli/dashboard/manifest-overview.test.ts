import { expect, it } from 'vitest';
import { canarySecret } from '../../test/support/canary.ts';
import { makeCertificate } from '../../test/support/make-certificate.ts';
import { decideServing, type Servable } from '../manifest-source.ts';
import { manifestOverview } from './manifest-overview.ts';

const nowMs = Date.UTC(2026, 0, 1);
const secret = (namespace: string): string =>
  `apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: ${namespace}, labels: {tokenward.dev/credential: 'true'}}\nstringData: {client-secret: ${canarySecret('overview')}}\n---\n`;
const credential = (
  name: string,
  { namespace = 'hr', url = 'https://api.example', more = '' } = {},
): string => `apiVersion: tokenward.dev/v1alpha1
kind: OAuth2Credential
metadata: {name: ${name}, namespace: ${namespace}}
spec:
  upstream: {url: '${url}'${more}}
  tokenEndpoint: {url: 'https://login.example/token'}
  client: {id: acme, secretRef: {name: s}}
---
`;

const decide = (text: string, before?: Servable): Servable =>
  decideServing({ texts: [{ file: 'a.yaml', text }], problems: [] }, nowMs, before?.aliases);
const overview = (servable: Servable) => manifestOverview(servable, { aliases: [], metrics: '' });
const conditions = (servable: Servable) =>
  overview(servable).map((each) => each.conditions.map(({ status, reason }) => `${status} ${reason}`));

it('what is served is ready as soon as the sidecar has it, and says what the manifest leaves to the defaults', () => {
  const servable = decide(credential('a') + secret('hr'));
  expect(overview(servable)).toMatchObject([
    { name: 'a', state: 'pending', grant: 'ClientCredentials', authentication: 'ClientSecretBasic', consumers: [] },
  ]);
  expect(conditions(servable)).toEqual([['True Accepted', 'True SecretsResolved', 'True Ready']]);
});

it('what is broken is invalid, with every problem and its place', () => {
  const servable = decide(credential('a', { url: 'http://api.example?x' }) + credential('b'));
  const [a, b] = overview(servable);
  expect(a).toMatchObject({ state: 'invalid', reason: 'InvalidURL', upstreamUrl: 'http://api.example?x' });
  expect(a?.message?.split('\n').length).toBeGreaterThan(1);
  expect(b).toMatchObject({ state: 'invalid', reason: 'SecretNotFound' });
  expect(b?.message).toMatch(/^a\.yaml:\d+: document 2, spec\.client\.secretRef/);
  expect(conditions(servable)).toEqual([
    ['False InvalidURL', 'Unknown SpecNotAccepted', 'False Invalid'],
    ['True Accepted', 'False SecretNotFound', 'False Invalid'],
  ]);
});

it('what breaks while it is served is kept, and shown as the manifest is now', () => {
  const before = decide(credential('a') + secret('hr'));
  const servable = decide(credential('a', { url: 'https://other.example' }), before);
  expect(overview(servable)).toMatchObject([{ state: 'lastGoodKept', reason: 'SecretNotFound', upstreamUrl: 'https://other.example' }]);
  expect(conditions(servable)).toEqual([['True Accepted', 'False SecretNotFound', 'False LastGoodKept']]);
});

it('what is gone with the file that it may be in is kept, and it is said so', () => {
  const before = decide(credential('a') + secret('hr'));
  expect(overview(decide('kind: [', before))).toMatchObject([
    { name: 'a', state: 'lastGoodKept', reason: 'LastGoodKept', message: 'It can no longer be found in the files; served as before.' },
  ]);
});

it('of two of one name the second is not served', () => {
  const servable = decide(credential('a') + secret('hr') + credential('a', { namespace: 'it' }) + secret('it'));
  expect(overview(servable)).toMatchObject([
    { namespace: 'hr', state: 'pending' },
    { namespace: 'it', state: 'invalid', message: expect.stringContaining('would be served as a') },
  ]);
});

it('says when the client certificate ends', () => {
  const { certificate, key } = makeCertificate('client', { validTo: new Date(nowMs) });
  const indented = (pem: string): string => pem.trim().replaceAll('\n', '\n    ');
  const tls = `apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\nmetadata: {name: tls, namespace: hr, labels: {tokenward.dev/credential: 'true'}}\nstringData:\n  tls.crt: |\n    ${indented(certificate)}\n  tls.key: |\n    ${indented(key)}\n---\n`;
  const [shown] = overview(decide(credential('a', { more: ', tls: {clientCertificate: {secretName: tls}}' }) + secret('hr') + tls));
  expect(shown?.ends).toEqual([{ what: 'client certificate for the API', atMs: nowMs }]);
});
