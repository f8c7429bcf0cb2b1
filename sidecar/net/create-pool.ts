import { checkHeaders } from './check-headers.ts';
import { ClientError } from './client-error.ts';
import { ConnectionPool, type QueuedCall } from './connection-pool.ts';
import { proxyAuthorization } from './connect-through-proxy.ts';
import { Connector } from './connector.ts';
import type { Destination } from './destination.ts';
import { isTarget, type OutgoingRequest } from './outgoing-request.ts';

/** A request without what is the destination's own. */
export interface PoolRequest extends Omit<OutgoingRequest, 'host'> {
  /** Undefined for the destination's. */
  readonly host: string | undefined;
}

/** Connections to one destination, and what a request to it must carry. */
export interface DestinationPool {
  /** Goes before every request's headers, a flat list: empty, or Proxy-Authorization for a plain HTTP proxy. */
  readonly headers: readonly string[];
  /** `alone`: on a connection of its own, closed by the server's answer. */
  dispatch(request: PoolRequest, call: QueuedCall, alone?: boolean): void;
  /** What is in flight fails. */
  close(): void;
}

/**
 * HTTP/1.1 only: what goes out is what came in, byte for byte. Timeouts of a request in flight are the caller's. Throws if the TLS material
 * cannot be read.
 */
export function createPool(destination: Destination): DestinationPool {
  const { url, proxy, connections } = destination;
  const pool = new ConnectionPool(new Connector(destination), connections);
  const relayed = proxy !== undefined && url.protocol === 'http:';
  // Absolute-form, where a plain HTTP proxy wants it (RFC 9112 section 3.2.2).
  const pathPrefix = relayed ? url.origin : '';
  return {
    headers: relayed ? checkHeaders(proxyAuthorization(proxy)).list : [],
    dispatch: (request, call, alone = false) => {
      const path = pathPrefix + request.path;
      if (!isTarget(path)) return call.callFailed(new ClientError('REQUEST_INVALID', 'The request target is none'));
      const { method, host = url.host, headers, body, stream, contentLength } = request;
      const outgoing = { method, path, host, headers, body, stream, contentLength };
      if (alone) pool.dispatchAlone(outgoing, call);
      else pool.dispatch(outgoing, call);
    },
    close: () => pool.close(),
  };
}
