import { connect, type Socket, type TcpNetConnectOpts } from 'node:net';
import type { Clock } from '../../crds/clock.ts';
import { errorCode } from '../../sidecar/net/connection-problem.ts';

/** A connection, or the code of the error: `ETIMEDOUT` if there was none in time. */
export type Dialled =
  | { readonly ok: true; readonly socket: Socket; readonly tookMs: number }
  | { readonly ok: false; readonly code: string; readonly tookMs: number };

/** Makes a TCP connection; of a name's addresses it takes one as the sidecar does. */
export function dial(options: TcpNetConnectOpts, clock: Clock, timeoutMs: number): Promise<Dialled> {
  const startedMs = clock.monotonicMs();
  const tookMs = (): number => clock.monotonicMs() - startedMs;
  return new Promise((resolve) => {
    const socket = connect(options);
    const cancel = clock.after(timeoutMs, () => fail('ETIMEDOUT'));
    const fail = (code: string): void => {
      cancel();
      socket.destroy();
      resolve({ ok: false, code, tookMs: tookMs() });
    };
    socket.once('connect', () => {
      cancel();
      resolve({ ok: true, socket, tookMs: tookMs() });
    });
    // It stays, for whoever takes the socket may not mind what becomes of it.
    socket.on('error', (error) => fail(errorCode(error)));
  });
}
