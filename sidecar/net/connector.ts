import * as net from 'node:net';
import * as tls from 'node:tls';
import { systemClock } from '../../crds/clock.ts';
import type { ProxyConfig, TlsConfig } from '../../crds/sidecar-config.ts';
import { ClientError } from './client-error.ts';
import { connectThroughProxy } from './connect-through-proxy.ts';
import { type ConnectionOwner, HttpConnection } from './http-connection.ts';
import { type LargeBuffers, ReadBuffer } from './read-buffer.ts';

/** A server to talk to: where, how TLS is done, and by which proxy. */
export interface Destination {
  readonly url: URL;
  readonly tls: TlsConfig;
  readonly proxy?: ProxyConfig | undefined;
  readonly connectTimeoutMs: number;
}

/** TCP asks whether the other side is still there. */
const keepAliveDelayMs = 60_000;

type Opened = (error: Error | undefined, connection?: HttpConnection) => void;

/** Opens connections to one destination. The TLS context is made once, for all of them, and a session that one got is offered by the next. */
export class Connector {
  readonly #destination: Destination;
  readonly #host: string;
  readonly #port: number;
  readonly #isTls: boolean;
  readonly #buffers: LargeBuffers;
  readonly #secureContext: tls.SecureContext | undefined;
  #session: Buffer | undefined;

  /** Throws if a certificate or key cannot be read, or the server name is none. */
  constructor(destination: Destination, buffers: LargeBuffers) {
    this.#buffers = buffers;
    const { url, tls: material, proxy } = destination;
    this.#destination = destination;
    this.#isTls = url.protocol === 'https:';
    // A plain request goes to the proxy, which reads from it where to.
    const first = proxy !== undefined && !this.#isTls ? new URL(proxy.url) : url;
    if (first.protocol === 'https:') this.#isTls = true;
    this.#host = first.hostname.replace(/^\[|\]$/g, '');
    this.#port = Number(first.port || (this.#isTls ? 443 : 80));
    this.#secureContext = secureContext(material);
    // It would throw with the first connection, where nobody expects it.
    if (net.isIP(material.serverName ?? '') !== 0) throw new ClientError('REQUEST_INVALID', 'A server name is no address');
  }

  open(owner: ConnectionOwner, opened: Opened): void {
    const { proxy, connectTimeoutMs, url } = this.#destination;
    if (proxy === undefined || url.protocol === 'http:') return this.#connect(owner, opened, undefined);
    connectThroughProxy(proxy, `${url.hostname}:${this.#port}`, connectTimeoutMs, (error, socket) => {
      if (error !== undefined) opened(error);
      else this.#connect(owner, opened, socket);
    });
  }

  /** Called back once. `tunnel`: a connection that there is already. */
  #connect(owner: ConnectionOwner, opened: Opened, tunnel: net.Socket | undefined): void {
    let connection: HttpConnection | undefined;
    const buffer = tunnel === undefined ? new ReadBuffer(this.#buffers) : undefined;
    const onread = buffer && {
      buffer: () => buffer.next(),
      callback: (length: number) => {
        if (connection === undefined) socket.destroy();
        else connection.read(buffer.filled(length));
        return true;
      },
    };
    const socket = this.#isTls
      ? this.#connectTls(tunnel, onread)
      : net.connect({ host: this.#host, port: this.#port, onread: onread as net.OnReadOpts });
    socket.setNoDelay(true);
    socket.setKeepAlive(true, keepAliveDelayMs);
    const cancel = systemClock.after(this.#destination.connectTimeoutMs, () => {
      socket.destroy(new ClientError('CONNECT_TIMEOUT', 'The connection was not made in time'));
    });
    let failure: Error | undefined;
    const noted = (error: Error): void => void (failure ??= error);
    // Not every connection that ends says why.
    const failed = (): void => {
      cancel();
      opened(failure ?? new ClientError('CONNECTION_CLOSED', 'The connection was closed before it was made'));
    };
    socket.on('error', noted);
    socket.once('close', failed);
    socket.once(this.#isTls ? 'secureConnect' : 'connect', () => {
      cancel();
      socket.off('close', failed);
      connection = new HttpConnection(socket, owner, buffer);
      opened(undefined, connection);
    });
  }

  #connectTls(tunnel: net.Socket | undefined, onread: object | undefined): tls.TLSSocket {
    const { serverName } = this.#destination.tls;
    const name = serverName ?? (net.isIP(this.#host) === 0 ? this.#host : '');
    const socket = tls.connect({
      host: this.#host,
      port: this.#port,
      // RFC 6066 section 3: an address is no server name.
      servername: name,
      ALPNProtocols: ['http/1.1'],
      ...(this.#secureContext && { secureContext: this.#secureContext }),
      ...(this.#session && { session: this.#session }),
      ...(tunnel === undefined ? { onread } : { socket: tunnel }),
    });
    socket.on('session', (session: Buffer) => (this.#session = session));
    // A server that cannot go on with it may say so by breaking off, and would each time.
    socket.on('close', (hadError: boolean) => {
      if (hadError) this.#session = undefined;
    });
    return socket;
  }
}

function secureContext({ ca, certificate, key }: TlsConfig): tls.SecureContext | undefined {
  if (ca === undefined && certificate === undefined) return undefined;
  return tls.createSecureContext({ ca, cert: certificate, key: key?.reveal() });
}
