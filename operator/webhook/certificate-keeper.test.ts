import { X509Certificate } from 'node:crypto';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { until } from '../../test/support/until.ts';
import { systemClock } from '../../crds/clock.ts';
import { ApiClient } from '../kube/api-client.ts';
import type { ApiObject } from '../kube/api-object.ts';
import { CertificateKeeper } from './certificate-keeper.ts';
import type { ServingCertificate } from './webhook-server.ts';

const namespace = 'tokenward-system';
const dnsName = `tokenward.${namespace}.svc`;
const dayMs = 24 * 60 * 60_000;
const secrets = '/v1/secrets';
const configurations = 'admissionregistration.k8s.io/v1/mutatingwebhookconfigurations';

interface Secret extends ApiObject {
  readonly data?: Readonly<Record<string, string>>;
}

interface Configuration extends ApiObject {
  readonly webhooks: readonly { readonly name: string; readonly clientConfig: { readonly caBundle?: string; readonly service?: object } }[];
}

interface Replica {
  readonly keeper: CertificateKeeper;
  readonly served: ServingCertificate[];
  readonly log: string[];
}

class Stage {
  readonly api: FakeApiServer;
  readonly clock = new FakeClock();

  constructor(api: FakeApiServer) {
    this.api = api;
    this.putSecret();
    this.putConfiguration();
  }

  putSecret(): void {
    this.api.cluster.put(secrets, { metadata: { name: 'certificate', namespace, labels: { release: 'x' } } });
  }

  putConfiguration(): void {
    const webhooks = [{ name: 'inject.tokenward.dev', clientConfig: { service: { name: 'tokenward', namespace } } }];
    this.api.cluster.put(configurations, { metadata: { name: 'tokenward' }, webhooks });
  }

  get data(): Readonly<Record<string, string>> {
    const secret: Secret | undefined = this.api.cluster.get(secrets, `${namespace}/certificate`);
    return secret?.data ?? {};
  }

  get webhook(): Configuration['webhooks'][number] | undefined {
    return (this.api.cluster.get(configurations, '/tokenward') as Configuration | undefined)?.webhooks[0];
  }

  get writes(): readonly string[] {
    return this.api.requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path.split('/').at(-2)}`);
  }

  replica(): Replica {
    const api = new ApiClient(this.api.config, { clock: systemClock, userAgent: 'test' });
    const served: ServingCertificate[] = [];
    const log: string[] = [];
    const keeper = new CertificateKeeper({
      api,
      namespace,
      secretName: 'certificate',
      webhookConfiguration: 'tokenward',
      dnsNames: [dnsName],
      clock: this.clock,
      random: () => 0.5,
      log: pino({}, { write: (line: string) => log.push(line) }),
      onCertificate: (certificate) => served.push(certificate),
    });
    onTestFinished(async () => {
      await keeper.stop();
      api.close();
    });
    keeper.start();
    return { keeper, served, log };
  }

  /** Until every replica is through and waits for its next turn. */
  idle(replicas = 1): Promise<void> {
    return until(() => this.clock.pendingTimers === replicas);
  }

  /** Until an authority may sign: that is counted by what passes, not by what a wall clock shows. */
  async settle(replicas = 1): Promise<void> {
    for (let passedMs = 0; passedMs <= 10 * 60_000; passedMs += 30_000) await this.pass(30_000, replicas);
  }

  async pass(byMs: number, replicas = 1): Promise<void> {
    this.clock.jumpWall(byMs - 30_000);
    await this.clock.advance(30_000);
    await this.idle(replicas);
  }
}

async function setStage(): Promise<Stage> {
  const api = await FakeApiServer.start();
  onTestFinished(() => api[Symbol.asyncDispose]());
  return new Stage(api);
}

const decoded = (base64 = ''): string => Buffer.from(base64, 'base64').toString();

test('fills the Secret and the caBundle, and serves what is in the Secret', async () => {
  const stage = await setStage();
  const { served } = stage.replica();
  await stage.idle();
  expect(Object.keys(stage.data).toSorted()).toEqual(['ca.crt', 'ca.key', 'tls.crt', 'tls.key']);
  expect(served.map(({ certificate }) => certificate)).toEqual([decoded(stage.data['tls.crt'])]);
  expect(new X509Certificate(served[0]?.certificate ?? '').checkHost(dnsName)).toBe(dnsName);
  // Of the configuration nothing else is the operator's.
  const applied = stage.api.requests.find(({ method }) => method === 'PATCH')?.body as Configuration;
  expect(applied.webhooks).toEqual([{ name: 'inject.tokenward.dev', clientConfig: { caBundle: stage.data['ca.crt'] } }]);
  expect(stage.api.cluster.get(secrets, `${namespace}/certificate`)?.metadata.labels).toEqual({ release: 'x' });
});

test('what is good is read again and again and never written', async () => {
  const stage = await setStage();
  const { served } = stage.replica();
  await stage.idle();
  const before = stage.writes.length;
  for (let round = 0; round < 3; round++) await stage.pass(30_000);
  expect(stage.writes).toHaveLength(before);
  expect(served).toHaveLength(1);
});

test('two replicas that begin at once end up with one certificate', async () => {
  const stage = await setStage();
  const replicas = [stage.replica(), stage.replica()];
  await stage.idle(2);
  await stage.pass(30_000, 2);
  expect(replicas.map(({ served }) => served.at(-1)?.certificate)).toEqual(Array(2).fill(decoded(stage.data['tls.crt'])));
  expect(decoded(stage.webhook?.clientConfig.caBundle)).toBe(decoded(stage.data['ca.crt']));
});

test('a certificate that grows old is renewed, and another replica serves the new one', async () => {
  const stage = await setStage();
  const [one, other] = [stage.replica(), stage.replica()];
  await stage.idle(2);
  await stage.settle(2);
  await stage.pass(61 * dayMs, 2);
  await stage.pass(30_000, 2);
  expect(one.served.at(-1)?.certificate).toBe(decoded(stage.data['tls.crt']));
  expect(other.served.at(-1)?.certificate).toBe(decoded(stage.data['tls.crt']));
  expect(new Set(one.served.map(({ certificate }) => certificate)).size).toBe(2);
});

test('a new authority is in the caBundle beside the old one before it signs', async () => {
  const stage = await setStage();
  const { served } = stage.replica();
  await stage.idle();
  for (let day = 0; day < 240; day += 40) await stage.pass(40 * dayMs);
  const before = served.length;
  const old = decoded(stage.data['ca.crt']);
  await stage.pass(4 * dayMs);
  const both = decoded(stage.webhook?.clientConfig.caBundle);
  expect(both).toMatch(/^(-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----\n){2}$/);
  expect(both.endsWith(old)).toBe(true);
  expect(served).toHaveLength(before);
  await stage.pass(dayMs);
  expect(served).toHaveLength(before);
  await stage.settle();
  expect(served).toHaveLength(before + 1);
  expect(decoded(stage.webhook?.clientConfig.caBundle)).toBe(both);
});

test('certificates that ended while nobody looked, authority and all, are replaced at the next look', async () => {
  const stage = await setStage();
  const { served } = stage.replica();
  await stage.idle();
  const ended = decoded(stage.data['ca.crt']);
  await stage.pass(400 * dayMs);
  const [, certificate] = served.map((one) => new X509Certificate(one.certificate));
  expect(certificate?.validToDate.getTime()).toBeGreaterThan(stage.clock.wallMs());
  const trusted = decoded(stage.webhook?.clientConfig.caBundle);
  expect(trusted).not.toContain(ended);
  expect(certificate?.verify(new X509Certificate(trusted).publicKey)).toBe(true);
});

test('a caBundle that someone takes away is back within half a minute', async () => {
  const stage = await setStage();
  stage.replica();
  await stage.idle();
  stage.putConfiguration();
  await stage.pass(30_000);
  expect(stage.webhook?.clientConfig.caBundle).toBe(stage.data['ca.crt']);
});

test('while there is no Secret it says so and tries again, and the certificate that serves stays', async () => {
  const stage = await setStage();
  const { served, log } = stage.replica();
  await stage.idle();
  stage.api.cluster.delete(secrets, `${namespace}/certificate`);
  await stage.pass(30_000);
  expect(served).toHaveLength(1);
  expect(log.join('')).toContain('secrets \\"certificate\\" not found');
  stage.putSecret();
  await stage.pass(30_000);
  expect(served).toHaveLength(2);
  expect(stage.webhook?.clientConfig.caBundle).toBe(stage.data['ca.crt']);
});

test('without its webhook configuration it serves all the same, and fills it in once it is there', async () => {
  const stage = await setStage();
  stage.api.cluster.delete(configurations, '/tokenward');
  const { served } = stage.replica();
  await stage.idle();
  expect(served).toHaveLength(1);
  stage.putConfiguration();
  await stage.pass(30_000);
  expect(stage.webhook?.clientConfig.caBundle).toBe(stage.data['ca.crt']);
});

test('an API server that fails is asked again, and no key is in the log', async () => {
  const stage = await setStage();
  stage.api.plan(({ method }) => method === 'PUT', { status: 500, message: 'etcd is away' });
  const { served, log } = stage.replica();
  await stage.idle();
  expect(served).toHaveLength(0);
  await stage.pass(30_000);
  expect(served).toHaveLength(1);
  expect(log.join('')).not.toMatch(/PRIVATE|BEGIN/);
});

test('stops at once, also while the API server does not answer', async () => {
  const stage = await setStage();
  stage.api.plan(() => true, 'hang');
  const { keeper } = stage.replica();
  await until(() => stage.api.requests.length === 1);
  await keeper.stop();
  expect(stage.clock.pendingTimers).toBe(0);
});
