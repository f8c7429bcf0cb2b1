import { createSecureContext, type SecureContext } from 'node:tls';
import type { Dispatcher } from 'undici';
import type { ProxyConfig, TlsConfig } from '../../crds/sidecar-config.ts';
import { connectThroughProxy, proxyAuthorization } from './connect-through-proxy.ts';
import { CountedClient } from './counted-client.ts';
import { buildConnector, Pool } from './undici-client.ts';

/** A server to talk to: where, how TLS is done, and by which proxy. */
export interface Destination {
  readonly url: URL;
  readonly tls: TlsConfig;
  readonly proxy?: ProxyConfig | undefined;
  readonly connectTimeoutMs: number;
  /** At most so many connections; further requests queue. */
  readonly connections: number;
}

/** Connections to one destination, and what a request to it must carry. */
export interface DestinationPool {
  readonly dispatcher: Dispatcher;
  /** Goes in front of every path: empty, or the origin where a plain HTTP proxy wants absolute-form (RFC 9112 section 3.2.2). */
  readonly pathPrefix: string;
  /** Goes before every request's headers, a flat list: empty, or Host and Proxy-Authorization for a plain HTTP proxy. */
  readonly headers: readonly string[];
  /** A connection of its own for one request, closed by the server's answer. */
  fresh(): Dispatcher;
  close(): Promise<void>;
}

/** Made once, for all connections; throws if a certificate or key cannot be read. */
function secureContext({ ca, certificate, key }: TlsConfig): { secureContext?: SecureContext } {
  if (ca === undefined && certificate === undefined) return {};
  return { secureContext: createSecureContext({ ca, cert: certificate, key: key?.reveal() }) };
}

/**
 * HTTP/1.1 only: what goes out is what came in, byte for byte. Timeouts of a request in flight are the caller's: undici's own are off.
 * Throws if the TLS material cannot be read.
 */
export function createPool({ url, tls, proxy, connectTimeoutMs, connections }: Destination): DestinationPool {
  const connector = buildConnector({
    allowH2: false,
    timeout: connectTimeoutMs,
    ...secureContext(tls),
    ...(tls.serverName !== undefined && { servername: tls.serverName }),
  });
  const tunnelled = proxy !== undefined && url.protocol === 'https:';
  const relayed = proxy !== undefined && url.protocol === 'http:';
  const origin = relayed ? new URL(proxy.url).origin : url.origin;
  const options = {
    allowH2: false,
    connect: tunnelled ? connectThroughProxy(proxy, connector, connectTimeoutMs) : connector,
    headersTimeout: 0,
    bodyTimeout: 0,
    pipelining: 1,
  };
  const pool = new Pool(origin, { ...options, connections, factory: (to, its) => new CountedClient(to, its) });
  return {
    dispatcher: pool,
    pathPrefix: relayed ? url.origin : '',
    headers: relayed ? ['host', url.host, ...proxyAuthorization(proxy)] : [],
    fresh: () => new CountedClient(origin, { ...options, pipelining: 0 }),
    close: () => pool.destroy(),
  };
}
