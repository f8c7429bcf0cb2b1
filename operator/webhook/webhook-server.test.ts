import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import * as http from 'node:http';
import * as https from 'node:https';
import type { Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import * as tls from 'node:tls';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { makeCertificate, type Certificate } from '../../test/support/make-certificate.ts';
import { admissionReview, injectionSettings, podWith } from '../../test/support/pod.ts';
import { Sensitive } from '../../crds/sensitive.ts';
import { systemClock } from '../../crds/clock.ts';
import { reviewPod } from '../inject/review-pod.ts';
import { WebhookServer, type ReviewOutcome } from './webhook-server.ts';

const authority = makeCertificate('test authority');
const leaf = (name: string): Certificate => makeCertificate(name, { hosts: ['127.0.0.1'], issuer: authority });
const first = leaf('first');
const second = leaf('second');

const serving = ({ certificate, key }: Certificate) => ({ certificate, key: new Sensitive(key) });

interface Rig {
  readonly server: WebhookServer;
  readonly port: number;
  readonly outcomes: ReviewOutcome[];
  readonly log: string[];
}

async function start(
  certificate: Certificate | undefined = first,
  review = (body: unknown) => reviewPod(body, injectionSettings),
): Promise<Rig> {
  const outcomes: ReviewOutcome[] = [];
  const log: string[] = [];
  const server = new WebhookServer({
    review,
    clock: systemClock,
    log: pino({}, { write: (line: string) => log.push(line) }),
    onReview: (outcome) => outcomes.push(outcome),
  });
  if (certificate !== undefined) server.useCertificate(serving(certificate));
  const port = await server.listen(0, '127.0.0.1');
  onTestFinished(() => server.close());
  return { server, port, outcomes, log };
}

interface Answer {
  readonly status: number | undefined;
  readonly body: string;
  readonly certificate: string;
}

interface Ask {
  readonly path?: string;
  readonly method?: string;
  readonly type?: string;
  readonly agent?: https.Agent;
}

async function ask(
  { port }: Rig,
  body: string,
  { path = '/inject', method = 'POST', type = 'application/json', agent }: Ask = {},
): Promise<Answer> {
  const headers = { 'content-type': type };
  const request = https.request({
    host: '127.0.0.1',
    port,
    path,
    method,
    headers,
    ca: authority.certificate,
    ...(agent ? { agent } : { agent: false }),
  });
  request.end(method === 'GET' ? undefined : body);
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  const socket = response.socket as tls.TLSSocket;
  return { certificate: String(socket.getPeerCertificate().subject.CN), status: response.statusCode, body: await text(response) };
}

const review = JSON.stringify(admissionReview(podWith()));

test('a review over TLS is answered with a patch', async () => {
  const rig = await start();
  expect(rig.server.ready).toBe(true);
  const { status, body } = await ask(rig, review);
  expect(status).toBe(200);
  expect(JSON.parse(body)).toMatchObject({ response: { uid: 'a-uid', allowed: true, patchType: 'JSONPatch' } });
  expect(rig.outcomes).toEqual(['injected']);
  expect(rig.log.join('')).toContain('"outcome":"injected","namespace":"hr","uid":"a-uid"');
});

test('without a certificate it listens but is not ready, and handshakes fail until there is one', async () => {
  const rig = await start();
  const bare = new WebhookServer({
    review: (body) => reviewPod(body, injectionSettings),
    clock: systemClock,
    log: pino({ enabled: false }),
  });
  const port = await bare.listen(0, '127.0.0.1');
  onTestFinished(() => bare.close());
  expect(bare.ready).toBe(false);
  expect(bare.certificateEndMs).toBeUndefined();
  await expect(ask({ ...rig, port }, review)).rejects.toThrow(/handshake|disconnected|ECONNRESET/i);
  bare.useCertificate(serving(first));
  expect(bare.ready).toBe(true);
  expect(bare.certificateEndMs).toBe(new X509Certificate(first.certificate).validToDate.getTime());
  expect((await ask({ ...rig, port }, review)).status).toBe(200);
});

test('a new certificate serves new connections while those that exist go on', async () => {
  const rig = await start();
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  expect((await ask(rig, review, { agent })).certificate).toBe('first');
  expect(rig.server.useCertificate(serving(second))).toBe(true);
  expect(await ask(rig, review, { agent })).toMatchObject({ status: 200, certificate: 'first' });
  expect(await ask(rig, review)).toMatchObject({ status: 200, certificate: 'second' });
});

test.each([
  ['a key of another certificate', { certificate: second.certificate, key: new Sensitive(first.key) }],
  ['no PEM', { certificate: 'canary-value', key: new Sensitive('canary-value') }],
])('with %s the last certificate stays', async (_, broken) => {
  const rig = await start();
  expect(rig.server.useCertificate(broken)).toBe(false);
  expect(await ask(rig, review)).toMatchObject({ status: 200, certificate: 'first' });
  expect(rig.log.join('')).toContain('The webhook certificate cannot be used');
  expect(rig.log.join('')).not.toContain('canary-value');
});

test.each([
  ['a malformed body', '{"canary-value"', {}, 400, 'FST_ERR_CTP_INVALID_JSON_BODY'],
  ['an empty body', '', {}, 400, 'FST_ERR_CTP_EMPTY_JSON_BODY'],
  ['JSON that is no review', '{"kind":"canary-value"}', {}, 400, 'not an AdmissionReview'],
  ['a body that is not JSON', review, { type: 'application/yaml' }, 415, 'FST_ERR_CTP_INVALID_MEDIA_TYPE'],
] as const)('%s is refused, and what it held is not repeated', async (_, body, options, status, message) => {
  const rig = await start();
  const answer = await ask(rig, body, options);
  expect(answer).toMatchObject({ status, body: expect.stringContaining(message) as unknown });
  expect(answer.body + rig.log.join('')).not.toContain('canary-value');
  expect(rig.outcomes).toEqual(['malformed']);
});

test('a review that is larger than most is answered', async () => {
  const rig = await start();
  const body = JSON.stringify(admissionReview(podWith({}, { 'example.org/x': 'x'.repeat(3 * 1024 * 1024) })));
  expect((await ask(rig, body)).status).toBe(200);
});

test.each([
  ['GET', '/inject'],
  ['POST', '/'],
  ['POST', '/metrics'],
])('there is no %s %s', async (method, path) => {
  expect((await ask(await start(), review, { method, path })).status).toBe(404);
});

test('a failure of its own is a 500 that tells nothing, and the next review is answered', async () => {
  let fails = true;
  const rig = await start(first, (body) => {
    if (fails) throw new TypeError('canary-value');
    return reviewPod(body, injectionSettings);
  });
  expect(await ask(rig, review)).toMatchObject({ status: 500, body: 'internal error\n' });
  expect(rig.log.join('')).toContain('webhook-server.test.ts');
  expect(rig.log.join('')).not.toContain('canary-value');
  fails = false;
  expect((await ask(rig, review)).status).toBe(200);
});

test('HTTP without TLS gets no answer', async () => {
  const { port } = await start();
  const request = http.request({ host: '127.0.0.1', port, path: '/inject', method: 'POST' });
  request.end(review);
  await expect(once(request, 'response')).rejects.toThrow(/hang up|ECONNRESET/);
});

async function connect({ port }: Rig): Promise<Socket> {
  const socket = tls.connect({ host: '127.0.0.1', port, ca: authority.certificate });
  onTestFinished(() => void socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

const head = `POST /inject HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(review)}\r\n\r\n`;

test('connections that idle do not keep an API server out, however many there are', async () => {
  const rig = await start();
  for (let begun = 0; begun < 520; begun += 40) {
    await Promise.all(
      Array.from({ length: 40 }, async () => {
        const socket = await connect(rig);
        socket.on('error', () => undefined).write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
        await once(socket, 'data');
      }),
    );
  }
  expect((await ask(rig, review)).status).toBe(200);
}, 30_000);

test('a review that is too large is refused before it has come', async () => {
  const rig = await start();
  const socket = await connect(rig);
  socket.write(head.replace(/Length: \d+/, `Length: ${8 * 1024 * 1024 + 1}`));
  const [answer] = (await once(socket, 'data')) as [Buffer];
  expect(answer.toString()).toMatch(/^HTTP\/1\.1 413 [^]*FST_ERR_CTP_BODY_TOO_LARGE/);
  expect(rig.outcomes).toEqual(['malformed']);
});

test('a request that never ends is cut off', async () => {
  const socket = await connect(await start());
  socket.write(head + review.slice(0, 10));
  expect(await text(socket)).toMatch(/^(HTTP\/1\.1 408 |$)/);
});

test('a review that has begun is answered while the server closes, and connections that idle are closed', async () => {
  const rig = await start();
  const idle = await connect(rig);
  const begun = await connect(rig);
  begun.write(head + review.slice(0, 10));
  // Both connections are known to the server once it has answered one more.
  await ask(rig, review);
  const closed = rig.server.close();
  expect(rig.server.ready).toBe(false);
  begun.write(review.slice(10));
  expect(await text(begun)).toMatch(/^HTTP\/1\.1 200 /);
  expect(await text(idle)).toBe('');
  await closed;
});
