import * as http from 'node:http';
import * as https from 'node:https';
import type { Socket } from 'node:net';
import type { ProxyConfig } from '../../crds/sidecar-config.ts';
import { ClientError } from './client-error.ts';

/** The proxy said no to CONNECT. */
export class ProxyRefusedError extends Error {
  readonly code = 'PROXY_REFUSED';
  readonly statusCode: number;

  constructor(statusCode: number) {
    super(`The proxy answered CONNECT with status ${statusCode}`);
    this.statusCode = statusCode;
  }
}

/** `Proxy-Authorization` (RFC 9110 section 11.7.2) as a flat header list; empty without credentials. */
export function proxyAuthorization({ username, password }: ProxyConfig): string[] {
  if (username === undefined) return [];
  return ['proxy-authorization', `Basic ${Buffer.from(`${username}:${password?.reveal() ?? ''}`).toString('base64')}`];
}

/** CONNECT to `authority` (RFC 9110 section 9.3.6), to be sent by `end()`. */
export function connectRequest(proxy: ProxyConfig, authority: string, signal?: AbortSignal): http.ClientRequest {
  const { protocol, hostname, port } = new URL(proxy.url);
  const { request } = protocol === 'https:' ? https : http;
  return request({
    protocol,
    host: hostname.replace(/^\[|\]$/g, ''),
    port,
    method: 'CONNECT',
    path: authority,
    headers: ['host', authority, ...proxyAuthorization(proxy)],
    agent: false,
    ...(signal && { signal }),
  });
}

/** Opens a tunnel to `authority`. Called back once. */
export function connectThroughProxy(
  proxy: ProxyConfig,
  authority: string,
  timeoutMs: number,
  opened: (error: Error | undefined, socket?: Socket) => void,
): void {
  const connect = connectRequest(proxy, authority, AbortSignal.timeout(timeoutMs));
  connect.once('connect', (answer, socket) => {
    if (answer.statusCode === 200) return opened(undefined, socket);
    socket.destroy();
    opened(new ProxyRefusedError(answer.statusCode ?? 0));
  });
  connect.once('error', (error) =>
    opened(error.name === 'AbortError' ? new ClientError('CONNECT_TIMEOUT', 'The proxy did not answer CONNECT in time') : error),
  );
  connect.end();
}
