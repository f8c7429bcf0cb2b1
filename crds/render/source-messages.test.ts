import { expect, test } from 'vitest';
import { Sensitive } from '../sensitive.ts';
import type { SourceSecret } from '../sources.ts';
import { missingFixedKeys, missingKey, keyPairKeys, loginKeys, type Holds } from './source-messages.ts';

const secret = (type: string, ...keys: string[]): SourceSecret => ({
  name: 'acme',
  labels: {},
  annotations: {},
  type,
  data: new Map(keys.map((key) => [key, new Sensitive('canary')])),
});

const meant = (holds: Holds, key: string, of: SourceSecret): string =>
  /set (\S+: \S+), if that is it/.exec(missingKey(of, key, 'ref', holds))?.[1] ?? '';

test.each<[string, string, Holds, SourceSecret]>([
  ['ref.key: clientsecret', 'client-secret', 'secret', secret('Opaque', 'clientid', 'clientsecret', 'url')],
  ['ref.key: clientSecret', 'client-secret', 'secret', secret('Opaque', 'clientId', 'clientSecret', 'secret')],
  ['ref.key: CLIENT_SECRET', 'client-secret', 'secret', secret('Opaque', 'CLIENT_ID', 'CLIENT_SECRET')],
  ['ref.key: only', 'client-secret', 'secret', secret('Opaque', 'only')],
  ['ref.key: password', 'client-secret', 'secret', secret('kubernetes.io/basic-auth', 'username', 'password')],
  ['ref.key: username', 'id', 'name', secret('kubernetes.io/basic-auth', 'username', 'password')],
  ['ref.key: tls.key', 'key', 'private key', secret('kubernetes.io/tls', 'tls.crt', 'tls.key')],
  ['ref.key: tls.crt', 'ca.crt', 'certificate', secret('kubernetes.io/tls', 'tls.crt', 'tls.key')],
  ['ref.key: ssh-privatekey', 'key', 'private key', secret('kubernetes.io/ssh-auth', 'ssh-privatekey')],
  ['', 'client-secret', 'secret', secret('Opaque', 'a', 'b')],
  ['', 'client-secret', 'secret', secret('Opaque', 'client-secret.v1', 'client-secret.v2')],
])('the key that is probably meant: %j for %s (%s)', (expected, key, holds, found) => {
  expect(meant(holds, key, found)).toBe(expected);
});

test.each([
  ['kubernetes.io/tls', ['tls.crt', 'tls.key'], 'a certificate and its key'],
  ['kubernetes.io/service-account-token', ['ca.crt', 'namespace', 'token'], 'a token for the API server of a cluster'],
  ['helm.sh/release.v1', ['release'], "Helm's record of a release"],
])('a Secret of the type %s has no client secret, whatever its keys are', (type, keys, is) => {
  expect(missingKey(secret(type, ...keys), 'client-secret', 'spec.client.secretRef', 'secret')).toBe(
    `the Secret acme (type ${type}, key${keys.length === 1 ? '' : 's'} ${keys.join(', ')}) has no key client-secret: it is ${is}; ` +
      'name the Secret that has what is meant in spec.client.secretRef.name',
  );
});

test('a type that nobody has heard of is shown, and says nothing', () => {
  expect(missingKey(secret('constructor', 'a', 'b'), 'client-secret', 'ref', 'name')).toBe(
    'the Secret acme (type constructor, keys a, b) has no key client-secret: add the key, or name one of these in ref.key',
  );
});

test('of many keys the first are named', () => {
  const keys = Array.from({ length: 12 }, (_, index) => `k${String(index).padStart(2, '0')}`);
  expect(missingKey(secret('Opaque', ...keys), 'client-secret', 'ref', 'secret')).toContain(
    'keys k00, k01, k02, k03, k04, k05, k06, k07, k08, k09, 2 more)',
  );
});

test('what is stored under fixed keys comes with the command that makes it', () => {
  const place = { namespace: 'hr', labelledOnly: true };
  expect(missingFixedKeys(secret('Opaque', 'tls.crt'), keyPairKeys, 'tls.clientCertificate.secretName', place)).toBe(
    'the Secret acme (key tls.crt) has no tls.key: expected are the keys tls.crt and tls.key, as in the type kubernetes.io/tls; ' +
      'name such a Secret in tls.clientCertificate.secretName, which is made with: kubectl -n hr create secret tls NAME --cert=FILE --key=FILE',
  );
  expect(missingFixedKeys(secret('Opaque'), loginKeys, 'proxy.credentialsSecretRef.name', { ...place, namespace: undefined })).toBe(
    'the Secret acme (no keys) has no username and no password: expected are the keys username and password, as in the type ' +
      'kubernetes.io/basic-auth; name such a Secret in proxy.credentialsSecretRef.name, which is made with: ' +
      'kubectl create secret generic NAME --from-file=username=FILE --from-file=password=FILE',
  );
});
