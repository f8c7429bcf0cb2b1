import { describe, expect, it } from 'vitest';
import { systemClock } from '../../crds/clock.ts';
import { Sensitive } from '../../crds/sensitive.ts';
import type { ProxyConfig, TlsConfig } from '../../crds/sidecar-config.ts';
import { canarySecret, findTraces } from '../../test/support/canary.ts';
import { startConnectProxy } from '../../test/support/connect-proxy.ts';
import { freePort } from '../../test/support/free-port.ts';
import { httpAnswer } from '../../test/support/http-answer.ts';
import { makeCertificate } from '../../test/support/make-certificate.ts';
import { type RecordingServer, startRecordingServer } from '../../test/support/recording-server.ts';
import type { Outcome, Step } from '../examination.ts';
import { reach } from './reach.ts';

const root = makeCertificate('Acme Root');
const certificate = makeCertificate('login', { hosts: ['login.acme.invalid', '127.0.0.1'], issuer: root });
const trusted: TlsConfig = { ca: root.certificate };
/** No DNS knows it: only the proxy leads there. */
const inside = 'https://login.acme.invalid/token';

interface Ways {
  readonly url?: string;
  readonly tls?: TlsConfig;
  readonly proxy?: ProxyConfig;
  readonly environment?: Readonly<Record<string, string>>;
}

interface Reached {
  readonly outcome: Outcome<void>;
  readonly steps: readonly Step[];
}

async function reachBy({ url = inside, tls = trusted, proxy, environment = {} }: Ways): Promise<Reached> {
  const steps: Step[] = [];
  const names = { subject: 'api', field: 'spec.upstream', title: 'API' } as const;
  const destination = { ...names, url: new URL(url), tls, proxy, timeoutMs: 2000 };
  const outcome = await reach(destination, { clock: systemClock, environment, record: (step) => void steps.push(step) });
  return { outcome, steps };
}

const startServer = (): Promise<RecordingServer> =>
  startRecordingServer(httpAnswer(), { tls: { cert: certificate.certificate, key: certificate.key } });
const stepOf = ({ steps }: Reached, name: Step['name']): Step | undefined => steps.find((step) => step.name === name);
const refusal = (status: number, more = ''): string => `HTTP/1.1 ${status} No\r\n${more}Content-Length: 0\r\n\r\n`;

describe('through the proxy of the credential', () => {
  it('gets to the server and does TLS with it', async () => {
    await using server = await startServer();
    await using proxy = await startConnectProxy(server.port);
    const reached = await reachBy({ proxy: { url: proxy.url } });
    expect(reached.outcome.ok).toBe(true);
    expect(reached.steps.map(({ name, outcome }) => `${name} ${outcome}`)).toEqual(['DNS skipped', 'TCP ok', 'Proxy ok', 'TLS ok']);
    expect(new Set(proxy.requests.map(({ authority }) => authority))).toEqual(new Set(['login.acme.invalid:443']));
  });

  it('looks at the chain behind it as well', async () => {
    await using server = await startServer();
    await using proxy = await startConnectProxy(server.port);
    const { outcome } = await reachBy({ proxy: { url: proxy.url }, tls: {} });
    expect(outcome).toMatchObject({
      verdict: { code: 'tls_authority_unknown', failure: 'upstream_unreachable', mend: { field: 'spec.upstream.tls.caBundle' } },
    });
  });

  it.each([
    ['no user name', {}, 'Store user name and password'],
    ['a wrong password', { username: 'acme', password: new Sensitive(canarySecret('proxy')) }, 'Check the user name and the password'],
  ])('is asked who it is, with %s', async (_name, credentials, advice) => {
    await using proxy = await startConnectProxy(1, refusal(407, 'Proxy-Authenticate: Basic realm="x"\r\n'));
    const reached = await reachBy({ proxy: { url: proxy.url, ...credentials } });
    expect(reached.outcome).toMatchObject({
      verdict: {
        code: 'proxy_credentials',
        mend: { kind: 'secret', field: 'spec.upstream.proxy.credentialsSecretRef', advice: expect.stringContaining(advice) as string },
      },
    });
    expect(stepOf(reached, 'Proxy')?.summary).toMatch(/answers CONNECT with status 407$/);
    expect(findTraces(JSON.stringify(reached))).toEqual([]);
  });

  it('says that it cannot log in as the proxy wants', async () => {
    await using proxy = await startConnectProxy(1, refusal(407, 'Proxy-Authenticate: Negotiate\r\n'));
    const { outcome } = await reachBy({ proxy: { url: proxy.url } });
    expect(outcome).toMatchObject({
      verdict: { mend: { advice: expect.stringContaining('It offers only Negotiate; Tokenward has Basic.') as string } },
    });
  });

  it.each([
    [403, 'permit login.acme.invalid'],
    [502, 'cannot reach login.acme.invalid itself'],
    [404, 'it may be a server that is no proxy'],
  ])('is refused with status %i', async (status, advice) => {
    await using proxy = await startConnectProxy(1, refusal(status));
    const { outcome } = await reachBy({ proxy: { url: proxy.url } });
    expect(outcome).toMatchObject({
      verdict: {
        code: 'proxy_refused',
        sentence: `The proxy ${new URL(proxy.url).host} does not open a tunnel to the API login.acme.invalid: it answers with status ${status}.`,
        mend: { kind: 'elsewhere', advice: expect.stringContaining(advice) as string },
      },
    });
  });

  it('finds that the proxy is not there', async () => {
    const { outcome, steps } = await reachBy({ proxy: { url: `http://127.0.0.1:${await freePort()}` } });
    expect(outcome).toMatchObject({
      verdict: { code: 'proxy_unreachable', sentence: expect.stringMatching(/refuses connections \(ECONNREFUSED\)\.$/) as string },
    });
    expect(steps.map(({ name, outcome: result }) => `${name} ${result}`)).toEqual(['DNS skipped', 'TCP failed']);
  });

  it('finds that it is not needed', async () => {
    await using server = await startServer();
    await using proxy = await startConnectProxy(server.port, refusal(403));
    const { outcome } = await reachBy({ url: server.url, proxy: { url: proxy.url } });
    expect(outcome).toMatchObject({
      verdict: {
        code: 'proxy_refused',
        mend: { kind: 'manifest', tried: true, changes: [{ path: 'spec.upstream.proxy', value: undefined }] },
      },
    });
    expect(server.requests).toHaveLength(0);
  });
});

describe('through the proxy that other programs use here', () => {
  it('finds that one is needed', async () => {
    await using server = await startServer();
    await using proxy = await startConnectProxy(server.port);
    const { outcome, steps } = await reachBy({ environment: { HTTPS_PROXY: proxy.url } });
    expect(outcome).toMatchObject({
      verdict: {
        code: 'proxy_needed',
        sentence: expect.stringContaining(`only through a proxy (HTTPS_PROXY names ${new URL(proxy.url).host})`) as string,
        mend: { kind: 'manifest', tried: true, changes: [{ path: 'spec.upstream.proxy', value: { url: proxy.url } }] },
      },
    });
    expect(steps.at(-1)).toMatchObject({ name: 'Proxy', outcome: 'odd' });
  });

  it('logs in there, and keeps the password to itself', async () => {
    await using server = await startServer();
    await using proxy = await startConnectProxy(server.port);
    const password = canarySecret('proxy');
    const reached = await reachBy({ environment: { https_proxy: proxy.url.replace('//', `//acme:${password}@`) } });
    expect(reached.outcome).toMatchObject({
      verdict: {
        mend: {
          changes: [{ value: { url: proxy.url, credentialsSecretRef: { name: 'proxy-credentials' } } }],
          advice: expect.stringContaining('keys username and password') as string,
        },
      },
    });
    expect(proxy.requests[0]?.headers['proxy-authorization']).toBe(`Basic ${Buffer.from(`acme:${password}`).toString('base64')}`);
    expect(findTraces(JSON.stringify(reached))).toEqual([]);
  });

  it('finds that it leads nowhere either', async () => {
    await using proxy = await startConnectProxy(1, refusal(502));
    const { outcome, steps } = await reachBy({ environment: { HTTPS_PROXY: proxy.url } });
    expect(outcome).toMatchObject({ ok: false, verdict: { code: expect.stringMatching(/^dns_/) as string } });
    expect(steps.at(-1)).toMatchObject({
      name: 'Proxy',
      outcome: 'failed',
      summary: expect.stringMatching(/answers CONNECT with status 502$/) as string,
    });
  });

  it('is left alone where there is a way without it', async () => {
    await using server = await startServer();
    await using proxy = await startConnectProxy(server.port);
    const reached = await reachBy({ url: server.url, environment: { HTTPS_PROXY: proxy.url } });
    expect(reached.outcome.ok).toBe(true);
    expect(proxy.requests).toEqual([]);
    expect(stepOf(reached, 'Proxy')).toMatchObject({ outcome: 'skipped', summary: expect.stringContaining('HTTPS_PROXY') as string });
  });
});
