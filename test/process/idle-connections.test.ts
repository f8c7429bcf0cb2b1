import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { setStage } from './stage.ts';
import { SteadyLoad } from './steady-load.ts';

test('an API that closes idle connections when it likes never shows as a 502', async () => {
  const sockets = new Set<Socket>();
  let closed = 0;
  const respond = (request: IncomingMessage, response: ServerResponse): void => {
    const { socket } = request;
    sockets.add(socket);
    request.resume();
    response.end('ok');
    // Some at once, some a moment later: when the next request may be on its way.
    const delayMs = Math.random() * 4;
    if (Math.random() < 0.3) {
      response.once('finish', () => {
        setTimeout(() => {
          closed += 1;
          if (Math.random() < 0.5) socket.end();
          else socket.resetAndDestroy();
        }, delayMs);
      });
    }
  };
  await using stage = await setStage({ respond });
  await using load = new SteadyLoad(16, (number) => ({
    url: `${stage.url}/${number}`,
    ...(number % 3 === 0 ? { method: 'PUT', body: `body of ${number}` } : {}),
  }));
  await expect.poll(() => load.calls).toBeGreaterThan(10_000);
  await load.stop();
  expect(load.failed).toEqual([]);
  expect(closed).toBeGreaterThan(1000);
});
