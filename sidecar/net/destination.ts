import type { ProxyConfig, TlsConfig } from '../../crds/sidecar-config.ts';

/** A server to talk to: where, how TLS is done, and by which proxy. */
export interface Destination {
  readonly url: URL;
  readonly tls: TlsConfig;
  readonly proxy?: ProxyConfig | undefined;
  readonly connectTimeoutMs: number;
  /** At most so many connections; further requests queue. */
  readonly connections: number;
}
