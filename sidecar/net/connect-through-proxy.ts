import * as http from 'node:http';
import * as https from 'node:https';
import { isIPv6 } from 'node:net';
import type { buildConnector } from 'undici';
import type { ProxyConfig } from '../../crds/sidecar-config.ts';

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

/** A connector that opens a tunnel with CONNECT (RFC 9110 section 9.3.6) and does TLS with the destination inside it. */
export function connectThroughProxy(proxy: ProxyConfig, connector: buildConnector.connector, timeoutMs: number): buildConnector.connector {
  const proxyUrl = new URL(proxy.url);
  const { request } = proxyUrl.protocol === 'https:' ? https : http;
  const authorization = proxyAuthorization(proxy);

  return (options, callback) => {
    const host = isIPv6(options.hostname) ? `[${options.hostname}]` : options.hostname;
    const authority = `${host}:${options.port || 443}`;
    const connect = request({
      protocol: proxyUrl.protocol,
      host: proxyUrl.hostname.replace(/^\[|\]$/g, ''),
      port: proxyUrl.port,
      method: 'CONNECT',
      path: authority,
      headers: ['host', authority, ...authorization],
      agent: false,
      signal: AbortSignal.timeout(timeoutMs),
    });
    connect.once('connect', (answer, socket) => {
      if (answer.statusCode === 200) return connector({ ...options, httpSocket: socket }, callback);
      socket.destroy();
      callback(new ProxyRefusedError(answer.statusCode ?? 0), null);
    });
    connect.once('error', (error) => callback(error.name === 'AbortError' ? connectTimeout() : error, null));
    connect.end();
  };
}

function connectTimeout(): Error {
  return Object.assign(new Error('The proxy did not answer CONNECT in time'), { code: 'ETIMEDOUT' });
}
