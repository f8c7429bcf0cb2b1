import { Agent } from 'node:http';
import { expect, onTestFinished, test } from 'vitest';
import type { Counts } from '../support/count-preload.ts';
import { call, type CallOptions } from '../support/call.ts';
import { setStage, type Stage } from './stage.ts';

const calls = 101;

/**
 * What a call makes beside its own objects, on connections that are open. The timer is not ours: Node's server arms it for the caller's
 * connection when it is idle. With the immediate all requests of a turn of the event loop leave together. The streams are Node's request
 * and response.
 */
const plain: Counts = { timers: 1, immediates: 1, promises: 0, connections: 0, streams: 2 };

test.each([
  ['a GET', {}, plain],
  ['a POST of 16 KB', { method: 'POST', body: Buffer.alloc(16 * 1024) }, plain],
  ['an upload of 1 MB', { method: 'PUT', body: Buffer.alloc(1024 * 1024) }, plain],
] as const)(
  '%s with a token at hand makes no promise, no connection, and only the timers and streams that are accounted for',
  async (_name, options, made) => {
    await using stage = await setStage({ sidecar: { counting: true } });
    expect(await madePerCall(stage, options)).toEqual(made);
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

/** What most calls make, one after the other on one connection: a few meet what the sidecar does by the clock, and are charged for that. */
async function madePerCall({ sidecar, url }: Stage, options: CallOptions): Promise<Counts> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  const counted: Counts[] = [];
  for (let number = 0; number <= calls; number += 1) {
    expect(await call(url, { ...options, agent })).toMatchObject({ status: 200 });
    counted.push(await sidecar.counts());
  }
  const median = (kind: keyof Counts): number => {
    const made = counted.slice(1).map((counts, index) => counts[kind] - (counted[index]?.[kind] ?? Number.NaN));
    return made.toSorted((a, b) => a - b)[(calls - 1) / 2] ?? Number.NaN;
  };
  return {
    timers: median('timers'),
    immediates: median('immediates'),
    promises: median('promises'),
    connections: median('connections'),
    streams: median('streams'),
  };
}
