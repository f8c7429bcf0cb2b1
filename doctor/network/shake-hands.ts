import type { Socket } from 'node:net';
import { connect, createSecureContext, type SecureContextOptions } from 'node:tls';
import type { Clock } from '../../crds/clock.ts';
import type { TlsConfig } from '../../crds/sidecar-config.ts';
import { errorCode } from '../../sidecar/net/connection-problem.ts';
import { type Chain, chainOf } from './certificate-chain.ts';

/** What a TLS handshake came to. */
export type Handshake =
  | { readonly ok: true; readonly protocol: string; readonly cipher: string; readonly chain: Chain; readonly tookMs: number }
  | { readonly ok: false; readonly code: string; readonly tookMs: number };

export interface HandshakeOptions {
  readonly tls: TlsConfig;
  /** Undefined for an address, which SNI does not know: RFC 6066 section 3. */
  readonly serverName: string | undefined;
  /** For the certificate, where there is no server name. */
  readonly host: string;
  readonly timeoutMs: number;
  /** To look at what would not be trusted. Nothing is ever sent over such a connection, and no client certificate shown. */
  readonly look?: SecureContextOptions;
}

/** After the handshake, for the server may say only then that it does not take it: RFC 8446 section 4.4.2.4. */
const listenMs = 100;

/** Shakes hands as the sidecar does, waits whether the server minds, and hangs up. */
export function shakeHands(socket: Socket, { tls, serverName, host, timeoutMs, look }: HandshakeOptions, clock: Clock): Promise<Handshake> {
  const startedMs = clock.monotonicMs();
  const tookMs = (): number => clock.monotonicMs() - startedMs;
  return new Promise((resolve) => {
    const end = (handshake: Handshake): void => {
      cancel();
      secure.destroy();
      socket.destroy();
      resolve(handshake);
    };
    const cancel = clock.after(timeoutMs, () => end({ ok: false, code: 'ETIMEDOUT', tookMs: tookMs() }));
    const secureContext = createSecureContext(look ?? { ca: tls.ca, cert: tls.certificate, key: tls.key?.reveal() });
    const secure = connect({
      socket,
      secureContext,
      servername: serverName ?? '',
      host,
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: look === undefined,
    });
    secure.once('secureConnect', () => {
      const shaken: Handshake = {
        ok: true,
        protocol: secure.getProtocol() ?? '',
        cipher: secure.getCipher().name,
        chain: chainOf(secure.getPeerX509Certificate()),
        tookMs: tookMs(),
      };
      clock.after(listenMs, () => end(shaken));
    });
    secure.on('error', (error) => end({ ok: false, code: errorCode(error), tookMs: tookMs() }));
    secure.once('close', () => end({ ok: false, code: 'ECONNRESET', tookMs: tookMs() }));
  });
}
