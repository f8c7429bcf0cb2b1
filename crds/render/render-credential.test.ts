import { describe, expect, test } from 'vitest';
import { credential, label, opaque, sources } from '../../test/support/credential.ts';
import { makeCertificate } from '../../test/support/make-certificate.ts';
import type { OAuth2Credential } from '../oauth2-credential.ts';
import { Sensitive } from '../sensitive.ts';
import type { SourceConfigMap, SourceSecret, Sources } from '../sources.ts';
import { renderCredential } from './render-credential.ts';

const nowMs = Date.parse('2026-01-01');

/** What the sidecar reads, with its secrets in the open. */
function rendered(document: OAuth2Credential, from: Sources): unknown {
  const result = renderCredential(document, from, nowMs);
  return result.ok ? JSON.parse(result.text.reveal()) : result.problems;
}

const problemsOf = (document: OAuth2Credential, from: Sources) => {
  const result = renderCredential(document, from, nowMs);
  return result.ok ? [] : result.problems.map(({ condition, reason, path, message }) => ({ condition, reason, path, message }));
};

const secret = opaque('lms-admin', { 'client-secret': 's3cr3t' });

test('the least that works is rendered without any default', () => {
  expect(rendered(credential(), sources([secret]))).toEqual({
    version: 1,
    upstream: { url: 'https://acme.example/learning' },
    tokenEndpoint: { url: 'https://login.acme.example/token' },
    client: { id: 'acme', secret: 's3cr3t' },
  });
});

test('the text does not show itself', () => {
  expect(JSON.stringify(renderCredential(credential(), sources([secret]), nowMs))).not.toContain('s3cr3t');
});

test('every reference is replaced by what it refers to', () => {
  const authority = makeCertificate('authority');
  const leaf = makeCertificate('client', { issuer: authority });
  const document = credential({
    upstream: {
      headers: [
        { name: 'X-Tenant', value: 't1' },
        { name: 'X-Key', secretKeyRef: { name: 'keys', key: 'api' } },
      ],
      tls: {
        caBundle: { configMapKeyRef: { name: 'ca', key: 'ca.crt' } },
        clientCertificate: { secretName: 'tls' },
        serverName: 'api.example',
      },
      proxy: { url: 'http://proxy:3128', credentialsSecretRef: { name: 'proxy' } },
    },
    tokenEndpoint: {
      parameters: [{ name: 'company', secretKeyRef: { name: 'keys', key: 'company' }, in: 'Query' }],
      tls: { caBundle: { secretKeyRef: { name: 'keys', key: 'ca' } }, serverName: '' },
      proxy: {},
    },
    client: { id: undefined, idFrom: { secretKeyRef: { name: 'keys', key: 'id' } }, bodyId: '' },
    rest: { grant: { scope: '' }, injection: { scheme: '' } },
  });
  const keys = opaque('keys', { api: 'k3y', company: 'ACME', id: 'cid', ca: authority.certificate });
  const tls = opaque('tls', { 'tls.crt': leaf.certificate, 'tls.key': leaf.key }, { type: 'kubernetes.io/tls' });
  const proxy = opaque('proxy', { username: 'pu', password: 'p:w' });
  const ca = { name: 'ca', labels: label, data: new Map([['ca.crt', authority.certificate]]) };
  expect(rendered(document, sources([secret, keys, tls, proxy], [ca]))).toEqual({
    version: 1,
    upstream: {
      url: 'https://acme.example/learning',
      headers: [
        { name: 'X-Tenant', value: 't1' },
        { name: 'X-Key', value: 'k3y' },
      ],
      tls: { ca: authority.certificate, certificate: leaf.certificate, key: leaf.key, serverName: 'api.example' },
      proxy: { url: 'http://proxy:3128', username: 'pu', password: 'p:w' },
    },
    tokenEndpoint: {
      url: 'https://login.acme.example/token',
      parameters: [{ name: 'company', value: 'ACME', in: 'Query' }],
      tls: { ca: authority.certificate },
    },
    client: { id: 'cid', secret: 's3cr3t' },
    injection: { scheme: '' },
  });
});

describe('a source that cannot be used is a problem of SecretsResolved that says how to mend it', () => {
  const at = { condition: 'SecretsResolved', path: 'spec.client.secretRef' };
  const ofSecret = (more: Partial<SourceSecret>) => problemsOf(credential(), sources([{ ...secret, ...more }]));

  test('a Secret that does not exist', () => {
    expect(problemsOf(credential(), sources())).toEqual([
      {
        ...at,
        reason: 'SecretNotFound',
        message:
          'there is no Secret lms-admin in the namespace hr: add it with the label tokenward.dev/credential: "true" and the key client-secret,' +
          ' or correct the name',
      },
    ]);
  });

  test('a Secret that is not seen where only labelled ones are', () => {
    expect(problemsOf(credential(), { ...sources(), labelledOnly: true })).toEqual([
      {
        ...at,
        reason: 'SecretNotFound',
        message:
          'there is no Secret lms-admin with the label tokenward.dev/credential: "true" in the namespace hr: ' +
          'create it with: kubectl -n hr create secret generic lms-admin --from-file=client-secret=FILE; then, or if it is there already, ' +
          'let it opt in with: kubectl -n hr label secret lms-admin tokenward.dev/credential=true; or correct the name',
      },
    ]);
  });

  test.each([{}, { 'tokenward.dev/credential': 'false' }, { 'tokenward.dev/credential': '' }])('a Secret with the labels %j', (labels) => {
    expect(ofSecret({ labels, data: new Map() })).toEqual([
      {
        ...at,
        reason: 'SecretNotLabelled',
        message:
          'the Secret lms-admin has not opted in to serving credentials: it needs the label tokenward.dev/credential: "true"; ' +
          'add it with: kubectl -n hr label secret lms-admin tokenward.dev/credential=true',
      },
    ]);
  });

  test('one of our own renderings, labelled or not', () => {
    const problems = ofSecret({ labels: { ...label, 'tokenward.dev/rendering': 'true' } });
    expect(problems).toMatchObject([{ ...at, reason: 'SecretIsRendering' }]);
  });

  test('a key that does not exist, with those that do', () => {
    expect(
      ofSecret({
        data: new Map([
          ['secret', new Sensitive('x')],
          ['id', new Sensitive('y')],
        ]),
      }),
    ).toEqual([
      {
        ...at,
        reason: 'SecretKeyNotFound',
        message:
          'the Secret lms-admin (keys id, secret) has no key client-secret: set spec.client.secretRef.key: secret, if that is it, ' +
          'or add the key client-secret',
      },
    ]);
    expect(ofSecret({ data: new Map() })[0]?.message).toMatch(/lms-admin \(no keys\) has no key client-secret: add the key$/);
  });

  test('a value that cannot be sent, which is not quoted', () => {
    const problems = problemsOf(credential(), sources([opaque('lms-admin', { 'client-secret': 's3\u0000cr3t' })]));
    expect(problems).toMatchObject([
      {
        ...at,
        reason: 'InvalidSecretValue',
        message: expect.stringMatching(/^the value of the key client-secret in the Secret lms-admin holds a control character at offset 2/),
      },
    ]);
    expect(JSON.stringify(problems)).not.toContain('cr3t');
  });

  test('a value that ends in a line break is a warning only, and goes out without', () => {
    const result = renderCredential(credential(), sources([opaque('lms-admin', { 'client-secret': 's3cr3t\n' })]), nowMs);
    expect(result.ok && JSON.parse(result.text.reveal()).client.secret).toBe('s3cr3t');
    expect(result.ok && result.warnings).toHaveLength(1);
    expect(result.ok && result.warnings).toMatchObject([{ ...at, reason: 'TrailingNewlineTrimmed' }]);
  });

  test('a ConfigMap that does not exist, is not labelled, lacks the key or holds no certificate', () => {
    const document = credential({ upstream: { tls: { caBundle: { configMapKeyRef: { name: 'ca', key: 'ca.crt' } } } } });
    const reasonOf = (...configMaps: SourceConfigMap[]) =>
      problemsOf(document, sources([secret], configMaps)).map(({ reason, path }) => `${reason} ${path}`);
    const ca = (data: Record<string, string>, labels: Record<string, string> = label) => ({
      name: 'ca',
      labels,
      data: new Map(Object.entries(data)),
    });
    const path = 'spec.upstream.tls.caBundle.configMapKeyRef';
    expect(reasonOf()).toEqual([`ConfigMapNotFound ${path}`]);
    expect(reasonOf(ca({}, {}))).toEqual([`ConfigMapNotLabelled ${path}`]);
    expect(reasonOf(ca({ other: '' }))).toEqual([`ConfigMapKeyNotFound ${path}`]);
    expect(reasonOf(ca({ 'ca.crt': 'MIIB' }))).toEqual([`InvalidSecretValue ${path}`]);
  });

  test('a client certificate without its key, or with another’s', () => {
    const document = credential({ upstream: { tls: { clientCertificate: { secretName: 'tls' } } } });
    const [one, other] = [makeCertificate('one'), makeCertificate('other')];
    const reasonOf = (data: Record<string, string>) =>
      problemsOf(document, sources([secret, opaque('tls', data)])).map(({ reason }) => reason);
    expect(reasonOf({ 'tls.crt': one.certificate })).toEqual(['SecretKeyNotFound']);
    expect(reasonOf({ other: one.certificate })).toEqual(['SecretKeyNotFound']);
    expect(reasonOf({ 'tls.crt': one.certificate, 'tls.key': other.key })).toEqual(['InvalidSecretValue']);
  });

  test('a Secret of another type than the field takes, with what was found and what is expected', () => {
    const regcred = opaque('lms-admin', { '.dockerconfigjson': '{}' }, { type: 'kubernetes.io/dockerconfigjson' });
    expect(problemsOf(credential(), sources([regcred]))).toMatchObject([
      {
        reason: 'SecretKeyNotFound',
        message:
          'the Secret lms-admin (type kubernetes.io/dockerconfigjson, key .dockerconfigjson) has no key client-secret: ' +
          'it is the login of an image registry; name the Secret that has what is meant in spec.client.secretRef.name',
      },
    ]);
    const document = credential({ upstream: { tls: { clientCertificate: { secretName: 'lms-admin' } } } });
    expect(problemsOf(document, sources([secret]))).toMatchObject([
      {
        path: 'spec.upstream.tls.clientCertificate.secretName',
        message: expect.stringMatching(
          /^the Secret lms-admin \(key client-secret\) has no tls\.crt and no tls\.key: .*kubernetes\.io\/tls/,
        ),
      },
    ]);
  });

  test("a user name's key and a password's, which are those of kubernetes.io/basic-auth", () => {
    const login = opaque('lms-admin', { username: 'job', password: 'p4ss' }, { type: 'kubernetes.io/basic-auth' });
    const ref = { name: 'lms-admin', key: 'value' };
    const document = credential({ client: { id: undefined, idFrom: { secretKeyRef: ref }, secretRef: ref } });
    expect(problemsOf(document, sources([login])).map(({ message }) => /set (\S+: \w+)/.exec(message)?.[1])).toEqual([
      'spec.client.idFrom.secretKeyRef.key: username',
      'spec.client.secretRef.key: password',
    ]);
  });

  test('a command names the namespace only if the manifest does', () => {
    const { metadata, ...rest } = credential();
    const unnamed = { ...rest, metadata: { name: metadata.name } };
    const unlabelled = sources([{ ...secret, labels: {} }]);
    expect(problemsOf(unnamed, unlabelled)[0]?.message).toContain(': kubectl label secret lms-admin tokenward.dev/credential=true');
    expect(problemsOf(credential(), unlabelled)[0]?.message).toContain(': kubectl -n hr label secret lms-admin');
  });

  test('a Secret that does not exist is told of with all the keys that are read of it', () => {
    const document = credential({
      upstream: {
        headers: [{ name: 'X-Key', secretKeyRef: { name: 'lms-admin', key: 'api' } }],
        tls: { clientCertificate: { secretName: 'tls' }, caBundle: { configMapKeyRef: { name: 'ca', key: 'ca.crt' } } },
      },
    });
    const commands = problemsOf(document, { ...sources(), labelledOnly: true }).map(
      ({ message }) => /(kubectl.*?); then/.exec(message)?.[1],
    );
    expect(commands).toEqual([
      'kubectl -n hr create secret generic lms-admin --from-file=client-secret=FILE --from-file=api=FILE',
      'kubectl -n hr create configmap ca --from-file=ca.crt=FILE',
      'kubectl -n hr create secret tls tls --cert=FILE --key=FILE',
    ]);
  });

  test('all problems are told at once, and one Secret that several fields name is told of once', () => {
    const document = credential({
      upstream: {
        headers: [
          { name: 'X-Key', secretKeyRef: { name: 'lms-admin', key: 'a' } },
          { name: 'X-Other', secretKeyRef: { name: 'other', key: 'a' } },
        ],
      },
    });
    expect(problemsOf(document, sources()).map(({ path }) => path)).toEqual([
      'spec.client.secretRef',
      'spec.upstream.headers[1].secretKeyRef',
    ]);
  });
});

describe('the annotation tokenward.dev/allowed-hosts limits the hosts that a Secret may serve', () => {
  const limited = (hosts: string) => sources([{ ...secret, annotations: { 'tokenward.dev/allowed-hosts': hosts } }]);

  test('to those that it lists', () => {
    expect(problemsOf(credential(), limited('acme.example,*.acme.example'))).toEqual([]);
  });

  test('so the token endpoint, the upstream, their server names and their proxies are all refused unless listed', () => {
    const elsewhere = (name: string) => ({
      tls: { serverName: `sni-${name}.example` },
      proxy: { url: `http://proxy-${name}.example:3128` },
    });
    const document = credential({ upstream: elsewhere('api'), tokenEndpoint: elsewhere('token') });
    const problems = problemsOf(document, limited('*.acme.example'));
    expect(new Set(problems.map(({ reason, path }) => `${reason} ${path}`))).toEqual(new Set(['HostNotAllowed spec.client.secretRef']));
    expect(problems.map(({ message }) => /may not serve (\S+ \(\S+\))/.exec(message)?.[1])).toEqual([
      'sni-token.example (spec.tokenEndpoint.tls.serverName)',
      'proxy-token.example (spec.tokenEndpoint.proxy.url)',
      'acme.example (spec.upstream.url)',
      'sni-api.example (spec.upstream.tls.serverName)',
      'proxy-api.example (spec.upstream.proxy.url)',
    ]);
    expect(problems[2]?.message).toContain(
      "kubectl -n hr annotate secret lms-admin --overwrite 'tokenward.dev/allowed-hosts=*.acme.example,acme.example'",
    );
  });

  test('to none if it is empty or cannot be read', () => {
    expect(problemsOf(credential(), limited('')).map(({ reason }) => reason)).toEqual(['HostNotAllowed', 'HostNotAllowed']);
    expect(problemsOf(credential(), limited('acme.example,*.acme.example,https://x')).map(({ reason }) => reason)).toEqual([
      'InvalidAllowedHosts',
    ]);
  });
});
