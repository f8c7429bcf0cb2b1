import { Agent } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import type { Counts } from '../support/count-preload.ts';
import { call, type CallOptions } from '../support/call.ts';
import { setStage, type Stage } from './stage.ts';

const requests = 200;

/**
 * What a call makes beside its own objects, on connections that are open. The two timers are not ours: Node's server arms one for the
 * caller's connection when it is idle, undici one for the API's. Of the immediates one is ours, which lets the headers go out with the
 * body, and two are undici's. The streams are Node's request and response.
 */
const plain: Counts = { timers: 2, immediates: 3, promises: 0, connections: 0, streams: 2 };

test.each([
  ['a GET', {}, plain],
  ['a POST of 16 KB', { method: 'POST', body: Buffer.alloc(16 * 1024) }, plain],
  // The body on its way to the API.
  ['an upload of 1 MB', { method: 'PUT', body: Buffer.alloc(1024 * 1024) }, { ...plain, streams: 3 }],
] as const)(
  '%s with a token at hand makes no timer, no promise, no connection and no stream that it need not',
  async (_name, options, made) => {
    await using stage = await setStage({ sidecar: { counting: true } });
    expect(await madePerRequest(stage, options)).toEqual(made);
    expect(stage.issuer.requests).toBe(1);
  },
);

test('a call whose token is refused costs one token request and one call more', async () => {
  await using stage = await setStage();
  await call(stage.url);
  stage.issuer.revokeAll();
  expect(await call(stage.url)).toMatchObject({ status: 200 });
  const { served, refused } = stage.api;
  expect({ tokens: stage.issuer.requests, served, refused }).toEqual({ tokens: 2, served: 2, refused: 1 });
});

/** One call after the other on one connection; what the sidecar makes by the clock is too little to count. */
async function madePerRequest({ sidecar, url }: Stage, options: CallOptions): Promise<Counts> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const callOften = async (times: number): Promise<void> => {
    for (let number = 0; number < times; number += 1) expect(await call(url, { ...options, agent })).toMatchObject({ status: 200 });
  };
  await callOften(10);
  const before = await sidecar.counts();
  await callOften(requests);
  const after = await sidecar.counts();
  const perRequest = (kind: keyof Counts): number => Math.round((after[kind] - before[kind]) / requests);
  return {
    timers: perRequest('timers'),
    immediates: perRequest('immediates'),
    promises: perRequest('promises'),
    connections: perRequest('connections'),
    streams: perRequest('streams'),
  };
}
