import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { call } from '../support/call.ts';
import { canaryToken } from '../support/canary.ts';
import type { Listening } from '../support/listen-on-loopback.ts';
import { RawClient } from '../support/raw-client.ts';
import { newRecording } from '../support/recordings.ts';
import { serve } from '../support/serve.ts';
import { soap11 } from '../support/soap/any-envelope.ts';
import { type SidecarProcess, startSidecarProcess } from '../support/start-sidecar-process.ts';
import { startTokenIssuer, type TokenIssuer } from '../support/token-issuer.ts';
import { credential } from './stage.ts';

const mebibyte = 1024 ** 2;
/**
 * How far the peak of resident memory may rise while 1 GiB comes in: 16 MiB that are kept of all envelopes together, and what a large upload
 * costs that nothing is kept of, for V8 collects buffers outside its heap only once many of them have gathered.
 */
const growthKilobytes = (16 + 176) * 1024;

const envelope = `<Envelope xmlns="${soap11}"><Body/></Envelope>`;
const failures = newRecording('failure', 'soap-bodies');

let issuer: TokenIssuer;
let api: Listening;
let sidecar: SidecarProcess;
let served: number[];

beforeEach(async () => {
  served = [];
  issuer = await startTokenIssuer();
  api = await serve((incoming, response) => {
    let size = 0;
    incoming.on('data', (chunk: Buffer) => (size += chunk.length));
    incoming.on('end', () => {
      served.push(size);
      response.end('served');
    });
  });
  const config = { ...credential(api.url, issuer.url), injection: { soapHeader: { element: 'Token' } } };
  sidecar = await startSidecarProcess({ configs: { soap: config } });
  await call(`${sidecar.proxyUrl}/soap`, { method: 'POST', headers: { 'Content-Type': 'text/xml' }, body: envelope });
});

afterEach(async () => {
  await sidecar[Symbol.asyncDispose]();
  await api.close();
  await issuer[Symbol.asyncDispose]();
});

/** What comes in answer to so many bytes in chunks, all of which are sent. */
async function upload(length: number): Promise<string> {
  await using client = new RawClient(sidecar.proxyPort);
  client.sendHead('POST /soap HTTP/1.1', 'Host: localhost', 'Content-Type: text/xml', 'Transfer-Encoding: chunked');
  const piece = Buffer.concat([Buffer.from('40000\r\n'), Buffer.alloc(0x40000, ' '), Buffer.from('\r\n')]);
  for (let sent = 0; sent < length; sent += 0x40000) if (!client.socket.write(piece)) await once(client.socket, 'drain');
  client.send('0\r\n\r\n');
  await client.until('"alias"');
  failures.append(client.received);
  return client.received;
}

test('bodies that are no envelopes and far larger than one may be cost no more memory than the limit', async () => {
  const { resident } = await sidecar.memoryKilobytes();
  sidecar.forgetPeak();
  const answers = await Promise.all(Array.from({ length: 16 }, () => upload(64 * mebibyte)));
  expect(answers.filter((answer) => !/^HTTP\/1\.1 (?:413|503) /.test(answer))).toEqual([]);
  const { peak } = await sidecar.memoryKilobytes();
  expect(peak - resident).toBeLessThan(growthKilobytes);
  expect(served).toHaveLength(1);
});

test('an envelope whose every byte is a chunk of its own does not cost the memory of so many chunks', async () => {
  const { resident } = await sidecar.memoryKilobytes();
  sidecar.forgetPeak();
  await using client = new RawClient(sidecar.proxyPort);
  client.sendHead('POST /soap HTTP/1.1', 'Host: localhost', 'Content-Type: text/xml', 'Transfer-Encoding: chunked');
  const piece = Buffer.from('1\r\n \r\n'.repeat(10_000));
  for (let sent = 0; sent < mebibyte; sent += 10_000) if (!client.socket.write(piece)) await once(client.socket, 'drain');
  client.send(`${envelope.length.toString(16)}\r\n${envelope}\r\n0\r\n\r\n`);
  await client.until('served');
  const { peak } = await sidecar.memoryKilobytes();
  // Kept as they come, they take 400 MiB.
  expect(peak - resident).toBeLessThan(64 * 1024);
});

/** Sends the head and all of an envelope of 4 MiB, less its last bytes. */
function begin(): { readonly client: RawClient; readonly finish: () => void } {
  const client = new RawClient(sidecar.proxyPort);
  const length = 4 * mebibyte;
  client.sendHead('POST /soap HTTP/1.1', 'Host: localhost', 'Content-Type: text/xml', `Content-Length: ${length}`);
  client.send(Buffer.alloc(length - envelope.length, ' '));
  return { client, finish: () => client.send(envelope) };
}

const sent = 4 * mebibyte + `<Header><Token xmlns="">${canaryToken(1)}</Token></Header>`.length;

test('the envelopes that wait have 16 MiB in all; what is given back, by an answer or a caller that goes away, serves others', async () => {
  for (const isFinished of [true, false, true]) {
    const calls = Array.from({ length: 12 }, begin);
    const refused = (): typeof calls => calls.filter(({ client }) => client.received.includes('Tokenward-Error: overloaded'));
    await expect.poll(() => refused().length).toBeGreaterThanOrEqual(8);
    const waiting = calls.filter(({ client }) => client.received === '');
    expect(waiting.length + refused().length).toBe(12);
    expect(waiting.length).toBeGreaterThan(0);
    served = [];
    for (const { client, finish } of waiting) {
      if (isFinished) finish();
      else client.reset();
    }
    if (isFinished) await Promise.all(waiting.map(({ client }) => client.until('served')));
    for (const { client } of calls) {
      failures.append(client.received);
      await client[Symbol.asyncDispose]();
    }
    expect(new Set(served)).toEqual(new Set(isFinished ? [sent] : []));
  }
});
