import { once } from 'node:events';
import { createServer } from 'node:net';

/** For a program that cannot take a free one by itself. Another process may take it before; the program would say so. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
