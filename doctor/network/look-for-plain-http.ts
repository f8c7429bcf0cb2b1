import type { Socket } from 'node:net';
import type { Clock } from '../../crds/clock.ts';
import type { Destination } from './destination.ts';
import { type Route, shakeHandsBy } from './route.ts';

/** Some servers wait for more where others say at once that they do not understand. */
const patienceMs = 1000;

/** Whether plain HTTP is spoken where TLS should be. What is sent names nothing but the host. */
export async function speaksPlainHttp({ url }: Destination, route: Route, clock: Clock): Promise<boolean> {
  const dialled = await route();
  if (!dialled.ok) return false;
  const { socket } = dialled;
  socket.write(`HEAD / HTTP/1.1\r\nHost: ${url.host}\r\nConnection: close\r\n\r\n`);
  const first = await firstBytes(socket, clock);
  socket.destroy();
  return first.toString('latin1').startsWith('HTTP/1.');
}

function firstBytes(socket: Socket, clock: Clock): Promise<Buffer> {
  return new Promise((resolve) => {
    const cancel = clock.after(patienceMs, () => resolve(Buffer.alloc(0)));
    const end = (bytes: Buffer): void => {
      cancel();
      resolve(bytes);
    };
    socket.once('data', end).once('close', () => end(Buffer.alloc(0)));
  });
}

/** Whether TLS is spoken where plain HTTP should be; whose certificate it is does not matter. */
export async function speaksTls(destination: Destination, route: Route, clock: Clock): Promise<boolean> {
  const handshake = await shakeHandsBy(route, destination, clock, { look: { ca: [] }, timeoutMs: patienceMs });
  return handshake.ok;
}
