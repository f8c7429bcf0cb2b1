import { once } from 'node:events';
import type { Server } from 'node:http';

export interface Listening extends AsyncDisposable {
  /** Without a path, and without a slash at its end. */
  readonly url: string;
  /** Ends the connections that are still open, too. */
  close(): Promise<void>;
}

/** Lets a server listen on 127.0.0.1; port 0 takes a free one. Rejects if the port is taken. */
export async function listenOnLoopback(server: Server, port = 0): Promise<Listening> {
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server listens on no TCP port');
  const close = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  };
  return { url: `http://127.0.0.1:${address.port}`, close, [Symbol.asyncDispose]: close };
}
