import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect, test } from 'vitest';
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
  const { body, headers } = await fetch(`${stage.url}/events`, { headers: { accept: 'text/event-stream' } });
  expect(headers.get('content-type')).toBe('text/event-stream');
  const texts = body?.pipeThrough(new TextDecoderStream()).getReader();
  const [stream] = streams;
  for (let i = 1; i <= 100; i += 1) {
    const event = `id: ${i}\ndata: {"step":${i}}\n\n`;
    stream?.write(event);
    expect(await texts?.read()).toEqual({ done: false, value: event });
  }
  stream?.end();
  expect(await texts?.read()).toEqual({ done: true, value: undefined });
});
