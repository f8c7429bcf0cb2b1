import { createServer, type IncomingMessage } from 'node:http';
import { connect, type Socket } from 'node:net';
import { listenOnLoopback } from './listen-on-loopback.ts';

export interface ConnectRequest {
  /** `host:port`, as the client asked for it. */
  readonly authority: string;
  readonly headers: IncomingMessage['headers'];
}

export interface ConnectProxy extends AsyncDisposable {
  readonly url: string;
  readonly requests: readonly ConnectRequest[];
}

/**
 * A forward proxy for CONNECT (RFC 9110 section 9.3.6): every tunnel leads to `port` on loopback, whatever name it was asked for.
 * `refusal` goes out instead of a tunnel; an empty one leaves the client waiting.
 */
export async function startConnectProxy(port: number, refusal?: string): Promise<ConnectProxy> {
  const requests: ConnectRequest[] = [];
  const sockets = new Set<Socket>();
  const server = createServer();
  server.on('connection', (socket) => sockets.add(socket));
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    requests.push({ authority: request.url ?? '', headers: request.headers });
    // Either side may break off.
    socket.on('error', () => {});
    if (refusal !== undefined) {
      if (refusal !== '') socket.end(refusal);
      return;
    }
    const onward = connect({ host: '127.0.0.1', port });
    onward.on('error', () => socket.destroy());
    sockets.add(onward);
    socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
    socket.pipe(onward).pipe(socket);
  });
  const listening = await listenOnLoopback(server);
  return {
    url: listening.url,
    requests,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await listening.close();
    },
  };
}
