import type { IncomingMessage, ServerResponse } from 'node:http';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { request } from 'undici';
import { setStage } from './stage.ts';

test('server-sent events arrive one by one, each before the next is sent', async () => {
  const streams: ServerResponse[] = [];
  await using stage = await setStage({
    respond: (_request: IncomingMessage, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.flushHeaders();
      streams.push(response);
    },
  });
  const { body, headers } = await request(`${stage.url}/events`, { headers: { accept: 'text/event-stream' } });
  expect(headers['content-type']).toBe('text/event-stream');
  const [stream] = streams;
  body.setEncoding('utf8');
  for (let i = 1; i <= 100; i += 1) {
    const event = `id: ${i}\ndata: {"step":${i}}\n\n`;
    stream?.write(event);
    expect(await once(body, 'data')).toEqual([event]);
  }
  stream?.end();
  await once(body, 'end');
});
