import { type EventEmitter, once } from 'node:events';
import { type IncomingMessage, request, type ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
import { setStage, type Stage } from './stage.ts';

/** An API that hands each request to the test instead of answering it. */
class HeldApi {
  readonly #requests: [IncomingMessage, ServerResponse][] = [];
  #wake = (): void => {};

  readonly respond = (incoming: IncomingMessage, response: ServerResponse): void => {
    this.#requests.push([incoming, response]);
    this.#wake();
  };

  async next(): Promise<[IncomingMessage, ServerResponse]> {
    for (;;) {
      const next = this.#requests.shift();
      if (next !== undefined) return next;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

const megabyte = Buffer.alloc(1024 * 1024);

async function setHeldStage(): Promise<{ stage: Stage; api: HeldApi }> {
  const api = new HeldApi();
  return { stage: await setStage({ respond: api.respond, sidecar: { args: ['--drain-timeout-seconds', '1'] } }), api };
}

test('a caller that goes away before the answer ends the request to the API', async () => {
  const { stage: held, api } = await setHeldStage();
  await using stage = held;
  const outgoing = request(`${stage.url}/slow`).on('error', () => {});
  outgoing.end();
  const [incoming] = await api.next();
  outgoing.destroy();
  await closeOf(incoming.socket);
  await expect.poll(() => metricsOf(stage)).toContain('tokenward_requests_total{alias="a",code="499"} 1\n');
});

test('a caller that goes away in the middle of a download ends it at the API', async () => {
  const { stage: held, api } = await setHeldStage();
  await using stage = held;
  const outgoing = request(`${stage.url}/long`).end();
  const [incoming, response] = await api.next();
  const closed = closeOf(incoming.socket);
  const ended = pour(response);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  await once(answer, 'data');
  answer.on('error', () => {}).destroy();
  await closed;
  response.destroy();
  await ended;
  await expect.poll(() => metricsOf(stage)).toContain('tokenward_requests_total{alias="a",code="200"} 1\n');
});

test('a caller that goes away in the middle of an upload ends it at the API', async () => {
  const { stage: held, api } = await setHeldStage();
  await using stage = held;
  const outgoing = request(stage.url, { method: 'POST', headers: { 'Content-Length': 100 * megabyte.length } }).on('error', () => {});
  outgoing.write(megabyte);
  const [incoming] = await api.next();
  await once(incoming, 'data');
  incoming.on('error', () => {}).resume();
  outgoing.destroy();
  await closeOf(incoming.socket);
  expect(incoming.complete).toBe(false);
  await expect.poll(() => metricsOf(stage)).toContain('tokenward_requests_total{alias="a",code="499"} 1\n');
});

test.each([
  ['with a known length', { 'Content-Length': 1000 }],
  ['in chunks', {}],
])('an API that breaks off a download %s breaks off the answer, which so never looks whole', async (_how, headers) => {
  const { stage: held, api } = await setHeldStage();
  await using stage = held;
  const answer = request(`${stage.url}/cut`).end();
  const [, response] = await api.next();
  response.writeHead(200, headers).write('the beginning');
  const [incoming] = (await once(answer, 'response')) as [IncomingMessage];
  await once(incoming, 'data');
  response.destroy();
  await expect(once(incoming, 'end')).rejects.toMatchObject({ code: 'ECONNRESET' });
  expect(incoming.complete).toBe(false);
});

test('an API that goes away in the middle of an upload fails it with 502', async () => {
  const { stage: held, api } = await setHeldStage();
  await using stage = held;
  const outgoing = request(stage.url, { method: 'POST', headers: { 'Content-Length': 100 * megabyte.length } }).on('error', () => {});
  outgoing.write(megabyte);
  const [incoming] = await api.next();
  await once(incoming, 'data');
  incoming.destroy();
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  expect(answer.statusCode).toBe(502);
  expect(answer.headers['tokenward-error']).toBe('upstream_protocol');
  outgoing.destroy();
});

test('an API that answers before it has read the whole upload is heard, and the caller keeps its answer', async () => {
  const { stage: held, api } = await setHeldStage();
  await using stage = held;
  const outgoing = request(stage.url, { method: 'POST', headers: { 'Content-Length': 100 * megabyte.length } }).on('error', () => {});
  outgoing.write(megabyte);
  const [incoming, response] = await api.next();
  // It goes on reading, as RFC 9112 section 9.6 asks: who closes at once risks that its answer is never read.
  incoming.on('error', () => {}).resume();
  response.writeHead(413).end('too large');
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  expect(answer.statusCode).toBe(413);
  expect(answer.headers['tokenward-error']).toBeUndefined();
  expect(Buffer.concat(await answer.toArray()).toString()).toBe('too large');
  outgoing.destroy();
});

/** Unlike `once`, it does not mind the error that comes before. */
function closeOf(emitter: EventEmitter): Promise<void> {
  return new Promise((resolve) => {
    emitter.once('close', () => resolve());
  });
}

/** Writes until the other side has gone. */
async function pour(response: ServerResponse): Promise<void> {
  response.on('error', () => {});
  while (!response.destroyed) {
    if (!response.write(megabyte)) await Promise.race([once(response, 'drain'), closeOf(response)]);
  }
}

/** A request is counted when nothing of it is left in flight. */
async function metricsOf({ sidecar }: Stage): Promise<string> {
  return (await fetch(`${sidecar.adminUrl}/metrics`)).text();
}
