import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { httpAnswer } from './http-answer.ts';
import { headerValue } from './read-requests.ts';
import { startRecordingServer } from './recording-server.ts';

it('records each request byte for byte, pipelined ones and chunks in pieces too, and answers in the order of its scripts', async () => {
  await using server = await startRecordingServer([httpAnswer({ body: 'one' }), (_request, connection) => connection.end('two')]);
  const first = 'GET /a HTTP/1.1\r\nhOsT: x\r\n\r\n';
  const second = 'POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: t\r\n\r\n';
  const client = connect(server.port, '127.0.0.1');
  const answer = text(client);
  for (const piece of (first + second).match(/[^]{1,25}/g) ?? []) {
    client.write(piece);
    await new Promise(setImmediate);
  }
  await server.received(2);

  expect(await answer).toBe('HTTP/1.1 200 Scripted\r\nContent-Length: 3\r\n\r\nonetwo');
  expect(server.requests.map(({ raw }) => raw.toString('latin1'))).toEqual([first, second]);
  expect(server.requests.map(({ method, target, body }) => `${method} ${target} ${body.toString()}`)).toEqual(['GET /a ', 'POST /b abcde']);
  expect(server.requests[0]?.headers).toEqual([['hOsT', 'x']]);
  expect(server.requests[0] && headerValue(server.requests[0], 'HOST')).toBe('x');
});

it('tells of a head before its body, of connections and their end, and keeps what never became a request', async () => {
  const heads: string[] = [];
  await using server = await startRecordingServer('', {
    onHead: ({ target }, connection) => {
      heads.push(target);
      connection.reset();
    },
  });
  const client = connect(server.port, '127.0.0.1');
  client.write('POST /a HTTP/1.1\r\nContent-Length: 5\r\n\r\nab');
  const [error] = await once(client, 'error');
  expect(error).toMatchObject({ code: 'ECONNRESET' });
  await server.connections[0]?.closed;
  expect(heads).toEqual(['/a']);
  expect(server.requests).toEqual([]);
  expect(server.connections[0]?.received.toString()).toContain('\r\n\r\nab');
});

it('does not hide that a script failed', async () => {
  const server = await startRecordingServer(() => {
    throw new Error('no such answer');
  });
  const client = connect(server.port, '127.0.0.1');
  client.write('GET / HTTP/1.1\r\n\r\n');
  await server.received(1);
  client.destroy();
  await expect(server.close()).rejects.toThrow('a script failed');
});
