import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Digest, digestOf, pseudoRandomBytes } from '../support/pseudo-random-bytes.ts';
import { setStage, type Stage } from './stage.ts';

const gibibyte = 1024 ** 3;

/**
 * How far the peak of resident memory may rise above its state before the transfer, an eighth of what passes. Under way at a time are a
 * few chunks of 64 KiB; but V8 collects buffers outside its heap only once 64 MiB of them have gathered, and its own young
 * generation and malloc's arenas come on top.
 */
const growthKilobytes = 128 * 1024;

let stage: Stage;
let expected: Digest;

beforeAll(async () => {
  stage = await setStage({ respond });
  await download(64 * 1024 ** 2, 'chunked');
  await upload(64 * 1024 ** 2, 'chunked');
  expected = await digestOf(pseudoRandomBytes(gibibyte));
});

afterAll(() => stage[Symbol.asyncDispose]());

const framings = ['with Content-Length', 'chunked'] as const;
type Framing = (typeof framings)[number];

test.each(framings)('a download of 1 GiB %s arrives byte for byte in flat memory', async (framing) => {
  const growth = await memoryGrowth(async () => expect(await download(gibibyte, framing)).toEqual(expected));
  expect(growth).toBeLessThan(growthKilobytes);
});

test.each(framings)('an upload of 1 GiB %s arrives byte for byte in flat memory', async (framing) => {
  const growth = await memoryGrowth(async () => expect(await upload(gibibyte, framing)).toEqual(expected));
  expect(growth).toBeLessThan(growthKilobytes);
});

async function memoryGrowth(transfer: () => Promise<void>): Promise<number> {
  const { resident } = await stage.sidecar.memoryKilobytes();
  stage.sidecar.forgetPeak();
  await transfer();
  return (await stage.sidecar.memoryKilobytes()).peak - resident;
}

/** GET answers with as many bytes as the path says; anything else with the digest of what came in. */
async function respond(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
  if (incoming.method !== 'GET') {
    response.end(JSON.stringify(await digestOf(incoming)));
    return;
  }
  const [, framing, length] = (incoming.url ?? '').split('/');
  if (framing === 'length') response.setHeader('Content-Length', String(length));
  await pipeline(Readable.from(pseudoRandomBytes(Number(length))), response);
}

async function download(length: number, framing: Framing): Promise<Digest> {
  const outgoing = request(`${stage.url}/${framing === 'chunked' ? 'chunked' : 'length'}/${length}`).end();
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  expect(response.statusCode).toBe(200);
  expect(response.headers['content-length']).toBe(framing === 'chunked' ? undefined : String(length));
  return digestOf(response);
}

async function upload(length: number, framing: Framing): Promise<Digest> {
  const outgoing = request(stage.url, {
    method: 'POST',
    headers: framing === 'chunked' ? { 'Transfer-Encoding': 'chunked' } : { 'Content-Length': length },
  });
  const [[response]] = await Promise.all([
    once(outgoing, 'response') as Promise<[IncomingMessage]>,
    pipeline(Readable.from(pseudoRandomBytes(length)), outgoing),
  ]);
  expect(response.statusCode).toBe(200);
  return JSON.parse(Buffer.concat(await response.toArray()).toString()) as Digest;
}
