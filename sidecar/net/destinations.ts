import { createHash } from 'node:crypto';
import { checkHeaders } from './check-headers.ts';
import { ClientError } from './client-error.ts';
import { ConnectionPool, PoolUser, type QueuedCall } from './connection-pool.ts';
import { proxyAuthorization } from './connect-through-proxy.ts';
import { Connector, type Destination } from './connector.ts';
import { isTarget, type OutgoingRequest } from './outgoing-request.ts';
import { LargeBuffers } from './read-buffer.ts';

/** A request without what is the destination's own. */
export interface PoolRequest extends Omit<OutgoingRequest, 'host'> {
  /** Undefined for the destination's. */
  readonly host: string | undefined;
}

/** The way to one destination, and what a request to it must carry. */
export interface DestinationPool {
  /** Goes before every request's headers, a flat list: empty, or Proxy-Authorization for a plain HTTP proxy. */
  readonly headers: readonly string[];
  /** `alone`: on a connection of its own, closed by the server's answer. */
  dispatch(request: PoolRequest, call: QueuedCall, alone?: boolean): void;
  /** What is in flight fails. */
  close(): void;
}

interface Shared {
  readonly pool: ConnectionPool;
  users: number;
}

/**
 * All connections to other servers, HTTP/1.1 only: what goes out is what came in, byte for byte. Who asks for the same server, by the same
 * way and with the same certificates, shares them. Timeouts of a request in flight are the caller's.
 */
export class Destinations {
  readonly #shared = new Map<string, Shared>();
  readonly #buffers = new LargeBuffers();

  /** `connections`: at most so many at a time, further requests queue. Throws if the TLS material cannot be read. */
  open(destination: Destination, connections: number): DestinationPool {
    const { url, proxy } = destination;
    const key = keyOf(destination);
    const shared = this.#shared.get(key) ?? { pool: new ConnectionPool(new Connector(destination, this.#buffers)), users: 0 };
    this.#shared.set(key, shared);
    shared.users++;
    const { pool } = shared;
    const user = new PoolUser(connections);
    const { host: ownHost } = url;
    const relayed = proxy !== undefined && url.protocol === 'http:';
    // Absolute-form, where a plain HTTP proxy wants it (RFC 9112 section 3.2.2).
    const pathPrefix = relayed ? url.origin : '';
    let closed = false;
    return {
      headers: relayed ? checkHeaders(proxyAuthorization(proxy)).list : [],
      dispatch: (request, call, alone = false) => {
        const path = pathPrefix + request.path;
        if (!isTarget(path)) return call.callFailed(new ClientError('REQUEST_INVALID', 'The request target is none'));
        const { method, host = ownHost, headers, body, stream, contentLength } = request;
        const outgoing = { method, path, host, headers, body, stream, contentLength };
        if (alone) pool.dispatchAlone(outgoing, call, user);
        else pool.dispatch(outgoing, call, user);
      },
      close: () => {
        if (closed) return;
        closed = true;
        pool.drop(user);
        if (--shared.users > 0) return;
        this.#shared.delete(key);
        pool.close();
      },
    };
  }
}

/** The same for those between whose connections no server can tell a difference; it says nothing of the secrets in it. */
function keyOf({ url, tls, proxy, connectTimeoutMs }: Destination): string {
  const { ca, certificate, key, serverName } = tls;
  const all = [
    url.origin,
    ca,
    certificate,
    key?.reveal(),
    serverName,
    proxy?.url,
    proxy?.username,
    proxy?.password?.reveal(),
    connectTimeoutMs,
  ];
  return createHash('sha256')
    .update(JSON.stringify(all.map((part) => part ?? null)))
    .digest('base64');
}
