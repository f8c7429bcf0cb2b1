import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Clock } from '../../crds/clock.ts';
import type { ProxyConfig } from '../../crds/sidecar-config.ts';
import { connectRequest } from '../../sidecar/net/connect-through-proxy.ts';
import { errorCode } from '../../sidecar/net/connection-problem.ts';

export type Tunnel =
  | { readonly ok: true; readonly socket: Socket; readonly tookMs: number }
  /** `status`: the proxy's answer, if it gave one. */
  | { readonly ok: false; readonly code: string; readonly status?: number; readonly schemes: readonly string[]; readonly tookMs: number };

/** Asks a proxy for a tunnel to the destination, as the sidecar does. */
export function openTunnel(proxy: ProxyConfig, destination: URL, clock: Clock, timeoutMs: number): Promise<Tunnel> {
  const startedMs = clock.monotonicMs();
  const tookMs = (): number => clock.monotonicMs() - startedMs;
  const authority = `${destination.hostname}:${destination.port || 443}`;
  return new Promise((resolve) => {
    const connect = connectRequest(proxy, authority);
    const fail = (code: string, answer?: IncomingMessage): void => {
      cancel();
      connect.destroy();
      const status = answer?.statusCode;
      resolve({ ok: false, code, ...(status !== undefined && { status }), schemes: schemesOf(answer), tookMs: tookMs() });
    };
    const cancel = clock.after(timeoutMs, () => fail('ETIMEDOUT'));
    connect.once('connect', (answer, socket) => {
      // It stays, for whoever takes the socket may not mind what becomes of it.
      socket.on('error', () => {});
      if (answer.statusCode !== 200) {
        socket.destroy();
        return fail('PROXY_REFUSED', answer);
      }
      cancel();
      resolve({ ok: true, socket, tookMs: tookMs() });
    });
    // Some answer as to any other request.
    connect.once('response', (answer) => fail('PROXY_REFUSED', answer));
    connect.on('error', (error) => fail(errorCode(error)));
    connect.end();
  });
}

/** What the proxy wants to be logged in by: RFC 9110 section 11.7.1. */
function schemesOf(answer: IncomingMessage | undefined): readonly string[] {
  const offered = answer?.headers['proxy-authenticate'];
  return [offered ?? []].flat().flatMap((value) => /^[A-Za-z][\w-]{0,20}/.exec(value)?.[0] ?? []);
}
