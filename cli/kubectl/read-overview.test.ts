import { connect } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Clock, systemClock } from '../../crds/clock.ts';
import type { CredentialObject } from '../../operator/credential/credential-object.ts';
import { ApiClient } from '../../operator/kube/api-client.ts';
import { credentialObject, resources } from '../../test/support/cluster-objects.ts';
import { FakeApiServer } from '../../test/support/fake-api-server.ts';
import { injectedPod } from '../../test/support/injected-pod.ts';
import { serve } from '../../test/support/serve.ts';
import { testConfig } from '../../test/support/sidecar-config.ts';
import { startTestSidecar, type TestSidecar } from '../../test/support/start-test-sidecar.ts';
import { startTokenIssuer, type TokenIssuer } from '../../test/support/token-issuer.ts';
import { ClusterReader } from './cluster-reader.ts';
import { PodStreamError, type PodStreams } from './pod-streams.ts';
import { type OverviewRequest, readOverview } from './read-overview.ts';

const pods = '/v1/pods';
const revision = '3-0123abcd';

let stack: AsyncDisposableStack;
let server: FakeApiServer;
let issuer: TokenIssuer;
let sidecar: TestSidecar;
/** In the place of a port-forward; of the pod's port, the one at which the sidecar is. */
let openPort: PodStreams['openPort'];

beforeEach(async () => {
  stack = new AsyncDisposableStack();
  server = stack.use(await FakeApiServer.start());
  issuer = stack.use(await startTokenIssuer());
  const api = stack.use(await serve((_, response) => response.end('{}')));
  const config = { upstream: api.url, tokenEndpoint: `${issuer.url}/token` };
  sidecar = stack.use(await startTestSidecar({ configs: { lms: { ...testConfig(config), revision } }, expectedAliases: ['lms', 'iot'] }));
  openPort = (_, port) =>
    Promise.resolve(connect({ host: '127.0.0.1', port: port === 14_080 ? sidecar.port : Number(new URL(sidecar.adminUrl).port) }));
  server.cluster.put(resources.credentials, credential('lms-admin'));
  server.cluster.put(pods, injectedPod());
});

afterEach(() => stack.disposeAsync());

const since = '2026-01-01T00:00:00Z';

function credential(name: string, status: object = { revision }): CredentialObject {
  const observedGeneration = 1;
  const condition = (type: string) => ({
    type,
    status: 'True',
    reason: type,
    message: 'fine',
    observedGeneration,
    lastTransitionTime: since,
  });
  const conditions = ['Accepted', 'SecretsResolved', 'Ready'].map(condition);
  return { ...credentialObject(name), status: { observedGeneration, conditions, ...status } } as CredentialObject;
}

async function read(request: Partial<OverviewRequest> = {}, clock: Clock = systemClock) {
  const api = new ApiClient(server.config, { clock: systemClock, userAgent: 'test' });
  try {
    const context = { reader: new ClusterReader(api), streams: { openPort }, clock };
    return await readOverview({ place: 'here', scope: 'hr', inDepth: true, ...request }, context);
  } finally {
    api.close();
  }
}

const overviewOf = async (name: string, request: Partial<OverviewRequest> = {}) =>
  (await read(request)).credentials.find((each) => each.name === name);

test('a credential is shown with the pod that uses it, and what its sidecar says', async () => {
  await fetch(`${sidecar.url}/lms/`);
  const { gaps, place } = await read();
  expect({ gaps, place }).toEqual({ gaps: [], place: 'here' });
  expect(await overviewOf('lms-admin')).toMatchObject({
    state: 'ready',
    reason: 'Ready',
    upstreamUrl: 'https://api.acme.example',
    sources: [{ kind: 'Secret', name: 'lms-admin' }],
    consumers: [
      {
        name: 'job-x7',
        alias: 'lms',
        phase: 'Running',
        state: 'ready',
        revision,
        isCurrent: true,
        token: { kind: 'valid', expiresAtMs: expect.any(Number) as number },
        tokenRequests: { ok: 1, failed: 0 },
        calls: { ok: 1, failed: 0 },
        callsByClass: { '2xx': 1 },
        errors: {},
      },
    ],
  });
});

test('a token that cannot be had is the state of a credential that is otherwise well, with the hint', async () => {
  issuer.refuse = (_, response) => response.writeHead(401, { 'Content-Type': 'application/json' }).end('{"error":"invalid_client"}');
  await fetch(`${sidecar.url}/lms/`);
  const found = await overviewOf('lms-admin');
  expect(found).toMatchObject({
    state: 'tokenFailing',
    reason: 'token_rejected',
    consumers: [
      {
        token: { kind: 'failing', code: 'token_rejected', hint: expect.any(String) as string, nextTryAtMs: expect.any(Number) as number },
        tokenRequests: { ok: 0, failed: 1 },
        calls: { ok: 0, failed: 1 },
        errors: { token_rejected: 1 },
      },
    ],
  });
});

test('a sidecar that has not got the newest configuration yet is told from one that has', async () => {
  server.cluster.put(resources.credentials, credential('lms-admin', { revision: '4-4567cdef' }));
  expect((await overviewOf('lms-admin'))?.consumers).toMatchObject([{ revision, isCurrent: false }]);
});

test('a credential that is well for the operator, and that a sidecar cannot use, is not shown as ready', async () => {
  await sidecar.configure({});
  await sidecar.configure({ lms: { newer: 'than this sidecar' } });
  expect(await overviewOf('lms-admin')).toMatchObject({
    state: 'invalid',
    reason: 'credential_invalid',
    message: expect.stringMatching(/^In the pod job-x7: ./) as string,
  });
});

test('a credential that pods ask for and that is not there is shown as missing', async () => {
  expect(await overviewOf('iot')).toMatchObject({
    state: 'pending',
    reason: 'credential_pending',
    message: expect.stringContaining('create it') as string,
    consumers: [{ name: 'job-x7', alias: 'iot', state: 'pending' }],
  });
});

test('a credential that no operator has looked at is pending, and one whose Ready is False has its cause for a reason', async () => {
  server.cluster.put(resources.credentials, { ...credentialObject('new') });
  const failing = [
    { type: 'SecretsResolved', status: 'False', reason: 'SecretNotFound', message: 'no', lastTransitionTime: since },
    { type: 'Ready', status: 'False', reason: 'LastGoodKept', message: 'kept', lastTransitionTime: since },
  ];
  server.cluster.put(resources.credentials, credential('kept', { revision, conditions: failing }));
  server.cluster.put(resources.credentials, credential('broken', { revision: undefined, conditions: failing }));
  expect(await overviewOf('new')).toMatchObject({ state: 'pending', consumers: [] });
  expect(await overviewOf('kept')).toMatchObject({ state: 'lastGoodKept', reason: 'SecretNotFound', message: 'kept' });
  expect(await overviewOf('broken')).toMatchObject({ state: 'invalid' });
});

test('what the user may not read is a gap that names the right, and the rest is shown', async () => {
  const forbidden = (what: string) => ({
    status: 403,
    reason: 'Forbidden',
    message: `${what} is forbidden: User "jane" cannot list resource "${what}"`,
  });
  server.plan(({ path }) => path.endsWith('/pods'), forbidden('pods'));
  server.plan(({ path }) => path.endsWith('/events'), forbidden('events'));
  const { gaps, credentials } = await read();
  expect(gaps).toEqual([
    expect.stringMatching(/^Which pods use a credential cannot be read: .*cannot list resource "pods"$/),
    expect.stringMatching(/cannot list resource "events"$/),
  ]);
  expect(credentials.map(({ name, consumers }) => ({ name, consumers }))).toEqual([{ name: 'lms-admin', consumers: undefined }]);
});

test('pods that may not be forwarded to are shown without what their sidecars know, and the right is named once', async () => {
  server.cluster.put(pods, injectedPod({ name: 'job-y8' }));
  openPort = () => Promise.reject(new PodStreamError('forbidden', 'no right'));
  const { gaps, credentials } = await read();
  expect(gaps).toEqual([expect.stringContaining('get and create pods/portforward')]);
  expect(credentials[1]?.consumers).toMatchObject([
    { name: 'job-x7', token: { kind: 'unknown' }, unread: expect.stringContaining('no right') as string },
    { name: 'job-y8', token: { kind: 'unknown' } },
  ]);
});

test('a pod whose sidecar hangs up, or is another program, keeps the others from nothing', async () => {
  server.cluster.put(pods, injectedPod({ name: 'odd' }));
  const other = stack.use(await serve((_, response) => response.end('<html>')));
  const toSidecar = openPort;
  openPort = (pod, port) =>
    pod.name === 'odd' ? Promise.resolve(connect(Number(new URL(other.url).port), '127.0.0.1')) : toSidecar(pod, port);
  expect((await overviewOf('lms-admin'))?.consumers).toMatchObject([
    { name: 'job-x7', state: 'ready' },
    { name: 'odd', unread: expect.stringContaining('cannot be understood') as string },
  ]);
});

test('after twenty seconds no more pods are asked, and it is said how many were not', async () => {
  for (let index = 0; index < 20; index++) server.cluster.put(pods, injectedPod({ name: `job-${index}` }));
  let now = 0;
  const slow: Clock = { ...systemClock, monotonicMs: () => (now += 2000) };
  const { gaps, credentials } = await read({}, slow);
  expect(gaps).toEqual([expect.stringMatching(/^12 of 21 sidecars were not asked .* took 20 s/)]);
  const consumers = credentials.find(({ name }) => name === 'lms-admin')?.consumers ?? [];
  expect(consumers.filter(({ unread }) => unread?.includes('took too long') === true)).toHaveLength(12);
});

test('never more than eight pods are asked at once', async () => {
  for (let index = 0; index < 20; index++) server.cluster.put(pods, injectedPod({ name: `job-${index}` }));
  let now = 0;
  let most = 0;
  const toSidecar = openPort;
  openPort = async (pod, port) => {
    most = Math.max(most, (now += 1));
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    now -= 1;
    return toSidecar(pod, port);
  };
  expect((await overviewOf('lms-admin'))?.consumers).toHaveLength(21);
  // Two ports each.
  expect(most).toBeLessThanOrEqual(16);
});

test('pods that have ended use nothing; one credential alone is shown with pods that should have a sidecar', async () => {
  server.cluster.put(pods, injectedPod({ name: 'done', phase: 'Succeeded' }));
  server.cluster.put(pods, { metadata: { name: 'missed', namespace: 'hr', annotations: { 'tokenward.dev/inject': 'lms-admin' } } });
  expect((await overviewOf('lms-admin'))?.consumers?.map(({ name }) => name)).toEqual(['job-x7']);
  const { credentials } = await read({ name: 'lms-admin' });
  expect(credentials.map(({ name }) => name)).toEqual(['lms-admin']);
  expect(credentials[0]?.consumers).toMatchObject([
    { name: 'job-x7' },
    { name: 'missed', unread: expect.stringContaining('no sidecar') as string },
  ]);
});

test('events of a credential are its history', async () => {
  const involvedObject = { kind: 'OAuth2Credential', namespace: 'hr', name: 'lms-admin' };
  const event = {
    metadata: { name: 'e1', namespace: 'hr' },
    involvedObject,
    eventTime: '2026-01-02T00:00:00.000000Z',
    type: 'Warning',
    reason: 'LastGoodKept',
    message: 'Why.',
  };
  server.cluster.put('/v1/events', event);
  expect((await overviewOf('lms-admin'))?.events).toEqual([
    { atMs: Date.parse('2026-01-02T00:00:00Z'), type: 'Warning', reason: 'LastGoodKept', message: 'Why.' },
  ]);
});

test('without depth no sidecar is asked, and no event read', async () => {
  openPort = () => Promise.reject(new Error('nobody may come here'));
  const { gaps, credentials } = await read({ inDepth: false });
  expect(gaps).toEqual([]);
  expect(credentials.find(({ name }) => name === 'lms-admin')?.consumers).toMatchObject([{ name: 'job-x7', token: { kind: 'unknown' } }]);
  expect(server.requests.some(({ path }) => path.endsWith('/events'))).toBe(false);
});
