import type { RequestListener } from 'node:http';
import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { serve } from '../../test/support/serve.ts';
import { getOver } from './get-over.ts';

async function getFrom(answer: RequestListener, clock = new FakeClock()): Promise<string> {
  await using server = await serve(answer);
  const port = Number(new URL(server.url).port);
  const answered = getOver(connect(port, '127.0.0.1'), port, '/-/aliases', clock);
  try {
    return await answered;
  } finally {
    expect(clock.pendingTimers).toBe(0);
  }
}

test('the answer is read whole, asked for by a loopback address', async () => {
  expect(await getFrom(({ headers, url }, response) => response.end(`${headers.host?.split(':')[0]} ${url}`))).toBe('127.0.0.1 /-/aliases');
});

test('another status than 200 is a failure', async () => {
  await expect(getFrom((_, response) => response.writeHead(404).end())).rejects.toThrow('the sidecar answered 404');
});

test('an answer without end is given up', async () => {
  const endless: RequestListener = (_, response) => {
    const pour = (): void => {
      while (response.write('x'.repeat(65_536)));
      response.once('drain', pour);
    };
    pour();
  };
  await expect(getFrom(endless)).rejects.toThrow('the answer is too large');
});

test('no answer is a failure after five seconds', async () => {
  const clock = new FakeClock();
  const waiting = getFrom(() => void clock.advance(5000), clock);
  await expect(waiting).rejects.toThrow('no answer within 5 s');
});

test('a connection that ends early is a failure', async () => {
  await expect(getFrom(({ socket }) => socket.destroy())).rejects.toThrow(/hang up|ECONNRESET/);
});
