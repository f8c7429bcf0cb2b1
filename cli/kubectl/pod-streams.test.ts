import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { FakeClock } from '../../test/support/fake-clock.ts';
import { kubeConfigFor } from '../../test/support/fake-api-server.ts';
import { listenOnLoopback } from '../../test/support/listen-on-loopback.ts';
import { getOver } from './get-over.ts';
import { podStreams } from './pod-streams.ts';

// That streams carry what they should is proven on a real cluster: test/cluster/kubectl-plugin.test.ts.
const pod = { namespace: 'hr', name: 'job-x7' };

async function refusedWith(status: number): Promise<unknown> {
  const server = createServer((_, response) => response.writeHead(status).end('{}'));
  server.on('upgrade', (_, socket) => socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`));
  await using listening = await listenOnLoopback(server);
  const streams = podStreams(kubeConfigFor(listening.url), new FakeClock());
  try {
    return await streams.openPort(pod, 14_080);
  } catch (error) {
    return error;
  }
}

test.each([
  [403, 'forbidden', 'it takes the right to get and create pods/portforward, which you do not have here'],
  [404, 'gone', 'the pod is gone'],
  [502, 'failed', 'the API server answered 502'],
])('an answer %i is told as %s', async (status, code, message) => {
  expect(await refusedWith(status)).toMatchObject({ name: 'PodStreamError', code, message });
});

test('a command that may not be run says which right it takes', async () => {
  const server = createServer();
  server.on('upgrade', (_, socket) => socket.end('HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n'));
  await using listening = await listenOnLoopback(server);
  const running = podStreams(kubeConfigFor(listening.url), new FakeClock()).execute(pod, 'tokenward', ['x'], {
    signal: AbortSignal.timeout(5000),
  });
  await expect(running).rejects.toThrow('get and create pods/exec');
});

test('an API server that does not answer is given up after five seconds', async () => {
  const clock = new FakeClock();
  const server = createServer();
  const sockets: Duplex[] = [];
  server.on('upgrade', (_, socket) => {
    sockets.push(socket);
    void clock.advance(5000);
  });
  await using listening = await listenOnLoopback(server);
  const opening = podStreams(kubeConfigFor(listening.url), clock).openPort(pod, 14_080);
  await expect(opening).rejects.toThrow('did not open the connection within 5 s');
  for (const socket of sockets) socket.destroy();
});

/** RFC 6455 sections 1.3 and 5.2: what opens a connection, and with it, in the same packet, one message for each. */
function openedWith(key: string, messages: readonly (readonly number[])[]): Buffer {
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
  const head = ['HTTP/1.1 101 Yes', 'Upgrade: websocket', 'Connection: Upgrade', `Sec-WebSocket-Accept: ${accept}`];
  const frames = messages.map((message) => Buffer.from([0x82, message.length, ...message]));
  return Buffer.concat([Buffer.from([...head, 'Sec-WebSocket-Protocol: v4.channel.k8s.io', '', ''].join('\r\n')), ...frames]);
}

test('a port that is closed is told by the first packet already', async () => {
  const port = 14_080;
  const named = [port & 255, port >> 8];
  const server = createServer();
  server.on('upgrade', (request, socket) => {
    const key = request.headers['sec-websocket-key'] ?? '';
    socket.write(
      openedWith(key, [
        [0, ...named],
        [1, ...named],
        [1, ...Buffer.from('connection refused')],
      ]),
    );
    // Which can only be that it is to be closed.
    socket.on('error', () => {}).on('data', () => socket.destroy());
  });
  await using listening = await listenOnLoopback(server);
  const clock = new FakeClock();
  const answer = podStreams(kubeConfigFor(listening.url), clock).openPort(pod, port);
  await expect(answer.then((stream) => getOver(stream, port, '/', clock))).rejects.toThrow('nothing answers on port 14080 of the pod');
  expect(clock.pendingTimers).toBe(0);
});
