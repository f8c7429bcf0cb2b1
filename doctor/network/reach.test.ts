import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import type { TlsOptions } from 'node:tls';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../crds/clock.ts';
import { Sensitive } from '../../crds/sensitive.ts';
import type { TlsConfig } from '../../crds/sidecar-config.ts';
import { freePort } from '../../test/support/free-port.ts';
import { hasIpv6Loopback } from '../../test/support/has-ipv6-loopback.ts';
import { httpAnswer } from '../../test/support/http-answer.ts';
import { type Certificate, makeCertificate } from '../../test/support/make-certificate.ts';
import { startRecordingServer } from '../../test/support/recording-server.ts';
import type { Outcome, Step, Verdict } from '../examination.ts';
import { reach } from './reach.ts';

const root = makeCertificate('Acme Root');
const between = makeCertificate('Acme Between', { issuer: root, isAuthority: true });
const good = makeCertificate('good', { hosts: ['127.0.0.1', 'localhost'], issuer: between });
const ours = makeCertificate('tokenward', { issuer: root });
const trusting = (authority: Certificate): TlsConfig => ({ ca: authority.certificate });

const present = (own: Certificate, ...others: readonly Certificate[]): TlsOptions => ({
  cert: [own, ...others].map(({ certificate }) => certificate).join(''),
  key: own.key,
});

interface Reached {
  readonly outcome: Outcome<void>;
  readonly steps: readonly Step[];
}

async function reachUrl(url: string, tls: TlsConfig = {}, environment: Readonly<Record<string, string>> = {}): Promise<Reached> {
  const steps: Step[] = [];
  const names = { subject: 'tokenEndpoint', field: 'spec.tokenEndpoint', title: 'token endpoint' } as const;
  const destination = { ...names, url: new URL(url), tls, proxy: undefined, timeoutMs: 2000 };
  const outcome = await reach(destination, { clock: systemClock, environment, record: (step) => void steps.push(step) });
  return { outcome, steps };
}

/** A TLS server that must never get a request. */
async function reachTls(server: TlsOptions, tls: TlsConfig = {}, changeUrl = (url: string): string => url): Promise<Reached> {
  await using endpoint = await startRecordingServer(httpAnswer(), { tls: server });
  const reached = await reachUrl(`${changeUrl(endpoint.url)}/token`, tls);
  expect(
    endpoint.connections.every(({ received }) => received.length === 0),
    'nothing is sent over TLS',
  ).toBe(true);
  return reached;
}

function verdictOf({ outcome }: Reached): Verdict {
  if (outcome.ok) throw new Error('it was reached');
  return outcome.verdict;
}

const summaries = ({ steps }: Reached): readonly string[] => steps.map(({ name, outcome, summary }) => `${name} ${outcome}: ${summary}`);
const tlsStep = ({ steps }: Reached): Step | undefined => steps.find(({ name }) => name === 'TLS');

async function listening(listener: Server, host = '127.0.0.1'): Promise<{ readonly port: number } & AsyncDisposable> {
  listener.listen(0, host);
  await once(listener, 'listening');
  const address = listener.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no TCP port');
  return { port: address.port, [Symbol.asyncDispose]: async () => void (await new Promise((done) => listener.close(done))) };
}

describe('a server that is reached', () => {
  it('is told of step by step, with its chain', async () => {
    const reached = await reachTls(present(good, between), trusting(root), (url) => url.replace('127.0.0.1', 'localhost'));
    expect(reached.outcome).toEqual({ ok: true, value: undefined });
    expect(summaries(reached)).toEqual([
      expect.stringMatching(/^DNS ok: localhost is .*127\.0\.0\.1/),
      expect.stringMatching(/^TCP (ok|odd): port \d+ takes connections/),
      'Proxy skipped: none',
      'TLS ok: TLSv1.3, TLS_AES_256_GCM_SHA384',
    ]);
    expect(tlsStep(reached)?.details).toEqual([
      'for 127.0.0.1, localhost',
      '1. CN=good, issued by CN=Acme Between, expires 2120-01-01T00:00:00Z',
      '2. CN=Acme Between, issued by CN=Acme Root, expires 2120-01-01T00:00:00Z',
    ]);
  });

  it('may be one without TLS', async () => {
    await using server = await startRecordingServer(httpAnswer());
    const reached = await reachUrl(`${server.url}/token`);
    expect(reached.outcome.ok).toBe(true);
    expect(server.requests).toHaveLength(0);
    expect(summaries(reached).at(-1)).toBe('TLS skipped: not used: the URL begins with http');
  });

  it('is told of as odd if it does not ask for the client certificate that there is for it', async () => {
    const tls = { ...trusting(root), certificate: ours.certificate, key: new Sensitive(ours.key) };
    expect(tlsStep(await reachTls(present(good, between), tls))).toMatchObject({ outcome: 'odd' });
    const asks = { ...present(good, between), requestCert: true, ca: root.certificate };
    expect(tlsStep(await reachTls(asks, tls))).toMatchObject({ outcome: 'ok' });
  });
});

describe('a certificate that is not trusted', () => {
  it('is of an authority that has to be got, and is named', async () => {
    const verdict = verdictOf(await reachTls(present(good, between)));
    expect(verdict).toMatchObject({ code: 'tls_authority_unknown', failure: 'token_unavailable' });
    expect(verdict.sentence).toMatch(/^The token endpoint 127\.0\.0\.1:\d+ cannot be trusted: .* \(CN=Acme Root\)\.$/);
    expect(verdict.mend).toMatchObject({
      kind: 'secret',
      field: 'spec.tokenEndpoint.tls.caBundle',
      advice: expect.stringContaining('CN=Acme Root') as string,
    });
  });

  it('leads to nothing that is trusted, for the server leaves out what issued it', async () => {
    const issuerUrl = 'http://pki.example/between.crt';
    const alone = makeCertificate('alone', { hosts: ['127.0.0.1'], issuer: between, issuerUrl });
    const verdict = verdictOf(await reachTls(present(alone), trusting(root)));
    expect(verdict).toMatchObject({
      code: 'tls_chain_incomplete',
      sentence: expect.stringContaining('it does not send the certificate of CN=Acme Between, which issued its own') as string,
      mend: { kind: 'secret', advice: expect.stringContaining(`(${issuerUrl})`) as string },
    });
  });

  it('is of an authority that the server sends, which is offered for comparison', async () => {
    const { mend } = verdictOf(await reachTls(present(good, between, root)));
    expect(mend).toMatchObject({
      kind: 'manifest',
      tried: true,
      changes: [{ path: 'spec.tokenEndpoint.tls.caBundle', value: { configMapKeyRef: { name: '127-0-0-1-ca', key: 'ca.crt' } } }],
      configMap: { name: '127-0-0-1-ca', data: { 'ca.crt': root.certificate } },
      advice: expect.stringMatching(/fingerprint, (?:[0-9A-F]{2}:){31}[0-9A-F]{2}, with the one that the owner/) as string,
    });
  });

  it('is of an authority that tls.caBundle does not hold', async () => {
    const other = makeCertificate('Another Root');
    const verdict = verdictOf(await reachTls(present(good, between), trusting(other)));
    expect(verdict).toMatchObject({
      code: 'tls_authority_unknown',
      sentence: expect.stringContaining('that tls.caBundle does not hold (CN=Acme Root)') as string,
    });
    expect(verdict.mend).toMatchObject({ kind: 'secret', advice: expect.stringContaining('It holds: CN=Another Root.') as string });
  });

  it('is signed by itself', async () => {
    const self = makeCertificate('self', { hosts: ['127.0.0.1'] });
    expect(verdictOf(await reachTls(present(self)))).toMatchObject({
      code: 'tls_self_signed',
      mend: { kind: 'manifest', tried: true, configMap: { data: { 'ca.crt': self.certificate } } },
    });
  });

  const past = { validTo: new Date('2024-01-31T12:00:00Z') };

  it.each([
    [
      'its own has expired',
      () => [makeCertificate('old', { hosts: ['127.0.0.1'], issuer: root, ...past })] as const,
      'its certificate (CN=old) expired at 2024-01-31T12:00:00Z.',
    ],
    [
      'one that it sends has expired',
      () => {
        const expired = makeCertificate('Old Between', { issuer: root, isAuthority: true, ...past });
        return [makeCertificate('x', { hosts: ['127.0.0.1'], issuer: expired }), expired] as const;
      },
      'the certificate of an authority that it sends (CN=Old Between) expired at',
    ],
  ] as const)('%s', async (_name, chain, sentence) => {
    const [own, ...others] = chain();
    const verdict = verdictOf(await reachTls(present(own, ...others), trusting(root)));
    expect(verdict).toMatchObject({
      code: 'tls_expired',
      mend: { kind: 'elsewhere', advice: expect.stringContaining('has to renew it. The clock here says 2') as string },
    });
    expect(verdict.sentence).toContain(sentence);
  });

  it('comes from an authority of tls.caBundle that has expired, in place of which the server sends a new one', async () => {
    const expired = makeCertificate('Old Root', past);
    const leaf = makeCertificate('x', { hosts: ['127.0.0.1'], issuer: expired });
    const verdict = verdictOf(await reachTls(present(leaf), trusting(expired)));
    expect(verdict).toMatchObject({ code: 'tls_expired', mend: { kind: 'secret', field: 'spec.tokenEndpoint.tls.caBundle' } });
    expect(verdict.sentence).toContain('the authority that issued its own (CN=Old Root, in tls.caBundle) expired at');

    const renewed = makeCertificate('Old Root');
    const renewedLeaf = makeCertificate('x', { hosts: ['127.0.0.1'], issuer: renewed });
    expect(verdictOf(await reachTls(present(renewedLeaf, renewed), trusting(expired))).mend).toMatchObject({
      kind: 'manifest',
      tried: true,
      configMap: { data: { 'ca.crt': renewed.certificate } },
    });
  });

  it('is not valid yet', async () => {
    const early = makeCertificate('early', { hosts: ['127.0.0.1'], issuer: root, validFrom: new Date('2119-01-01T00:00:00Z') });
    expect(verdictOf(await reachTls(present(early), trusting(root)))).toMatchObject({
      code: 'tls_not_yet_valid',
      sentence: expect.stringContaining('(CN=early) is not valid before 2119-01-01T00:00:00Z.') as string,
    });
  });

  it('is for a name that leads to the same server', async () => {
    const named = makeCertificate('named', { hosts: ['login.example', 'localhost'], issuer: root });
    const verdict = verdictOf(await reachTls(present(named), trusting(root)));
    expect(verdict).toMatchObject({ code: 'tls_name', mend: { kind: 'manifest', tried: true } });
    expect(verdict.sentence).toContain('its certificate is not for 127.0.0.1, but for login.example, localhost.');
    expect(verdict.mend).toMatchObject({
      changes: [{ path: 'spec.tokenEndpoint.url', value: expect.stringMatching(/^https:\/\/localhost:\d+\/token$/) as string }],
    });
  });

  it('is for a name that leads nowhere, which may be expected all the same', async () => {
    const named = makeCertificate('named', { hosts: ['login.acme.invalid'], issuer: root });
    expect(verdictOf(await reachTls(present(named), trusting(root))).mend).toMatchObject({
      kind: 'manifest',
      tried: true,
      changes: [{ path: 'spec.tokenEndpoint.tls.serverName', value: 'login.acme.invalid' }],
      advice: expect.stringContaining('Check the host') as string,
    });
  });

  it('is for the host, and tls.serverName is what is wrong', async () => {
    expect(verdictOf(await reachTls(present(good, between), { ...trusting(root), serverName: 'login.example' })).mend).toMatchObject({
      kind: 'manifest',
      tried: true,
      changes: [{ path: 'spec.tokenEndpoint.tls.serverName', value: undefined }],
    });
  });
});

describe('a client certificate', () => {
  const demanding = { ...present(good, between), requestCert: true, ca: root.certificate };

  it.each([
    ['TLS 1.3', {}],
    ['TLS 1.2', { maxVersion: 'TLSv1.2' }],
  ] as const)('is wanted, by %s, and there is none', async (_name, more) => {
    expect(verdictOf(await reachTls({ ...demanding, ...more }, trusting(root)))).toMatchObject({
      code: 'tls_client_certificate',
      sentence: expect.stringContaining('wants a client certificate, and the credential has none') as string,
      mend: { kind: 'secret', field: 'spec.tokenEndpoint.tls.clientCertificate' },
    });
  });

  it('is not accepted, and those are named that would be', async () => {
    const foreign = makeCertificate('foreign');
    const tls = { ...trusting(root), certificate: foreign.certificate, key: new Sensitive(foreign.key) };
    expect(verdictOf(await reachTls(demanding, tls))).toMatchObject({
      code: 'tls_client_certificate',
      sentence: expect.stringMatching(/does not accept our client certificate .*: CN=foreign, signed by itself/) as string,
      mend: { kind: 'secret', advice: expect.stringContaining('It takes those of: CN=Acme Root.') as string },
    });
  });
});

describe('TLS that does not come about', () => {
  it('since the server speaks plain HTTP', async () => {
    await using server = await startRecordingServer(httpAnswer({ status: 400 }));
    expect(verdictOf(await reachUrl(`${server.url.replace('http', 'https')}/token`))).toMatchObject({
      code: 'tls_not_spoken',
      mend: { kind: 'manifest', changes: [{ path: 'spec.tokenEndpoint.url', value: `${server.url}/token` }] },
    });
  });

  it('since the URL says so, and the server speaks it', async () => {
    const reached = await reachTls(present(good), {}, (url) => url.replace('https', 'http'));
    expect(verdictOf(reached)).toMatchObject({
      code: 'tls_wanted',
      mend: { kind: 'manifest', changes: [{ path: 'spec.tokenEndpoint.url', value: expect.stringMatching(/^https:/) as string }] },
    });
  });

  it('since the server knows but TLS 1.1', async () => {
    const old: TlsOptions = { ...present(good, between), minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' };
    expect(verdictOf(await reachTls(old, trusting(root)))).toMatchObject({
      code: 'tls_failed',
      sentence: expect.stringContaining('TLSv1.1') as string,
    });
  });

  it('since something on the way breaks it off', async () => {
    const breaker = createServer((socket) => {
      socket.on('error', () => {}).once('data', () => socket.resetAndDestroy());
    });
    await using server = await listening(breaker);
    expect(verdictOf(await reachUrl(`https://127.0.0.1:${server.port}/`))).toMatchObject({ code: 'connection_broken' });
  });
});

describe('no connection', () => {
  it('for nothing listens', async () => {
    const port = await freePort();
    const reached = await reachUrl(`http://127.0.0.1:${port}/token`);
    expect(verdictOf(reached)).toEqual({
      code: 'tcp_refused',
      sentence: `The token endpoint 127.0.0.1:${port} cannot be reached: port ${port} refuses connections.`,
      mend: { kind: 'elsewhere', advice: expect.stringContaining('spec.tokenEndpoint.url') as string },
      failure: 'token_unavailable',
    });
    expect(reached.steps.find(({ name }) => name === 'TCP')?.details).toEqual(['127.0.0.1 (IPv4): refuses connections (ECONNREFUSED)']);
  });

  it.runIf(hasIpv6Loopback())('for the server listens for the other family', async () => {
    await using server = await listening(createServer(), '::1');
    expect(verdictOf(await reachUrl(`http://127.0.0.1:${server.port}/token`))).toMatchObject({
      code: 'address_family',
      mend: { kind: 'manifest', tried: true, changes: [{ path: 'spec.tokenEndpoint.url', value: `http://[::1]:${server.port}/token` }] },
    });
  });

  it('for there is no such name', async () => {
    const reached = await reachUrl('https://login.acme.invalid/token');
    // Where there is no name server at all, nobody says so.
    expect(['dns_unknown', 'dns_no_answer']).toContain(verdictOf(reached).code);
    expect(verdictOf(reached).sentence).toMatch(/^The token endpoint login\.acme\.invalid cannot be .*\.$/);
    expect(summaries(reached)).toEqual([expect.stringMatching(/^DNS failed: /), 'Proxy skipped: none']);
  });
});
