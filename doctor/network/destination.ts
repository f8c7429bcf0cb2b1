import type { ProxyConfig, SidecarConfig, TlsConfig } from '../../crds/sidecar-config.ts';
import type { FailureCode } from '../../sidecar/failure.ts';

/** A server that the sidecar talks to, and how a credential says that it is reached. */
export interface Destination {
  readonly subject: 'tokenEndpoint' | 'api';
  /** What a manifest calls it: changes are made below it. */
  readonly field: 'spec.tokenEndpoint' | 'spec.upstream';
  /** In sentences. */
  readonly title: 'token endpoint' | 'API';
  readonly url: URL;
  readonly tls: TlsConfig;
  readonly proxy: ProxyConfig | undefined;
  /** For one connection. */
  readonly timeoutMs: number;
}

export function tokenEndpointOf({ tokenEndpoint: { url, tls, proxy, timeoutSeconds } }: SidecarConfig): Destination {
  const names = { subject: 'tokenEndpoint', field: 'spec.tokenEndpoint', title: 'token endpoint' } as const;
  return { ...names, url: new URL(url), tls, proxy, timeoutMs: timeoutSeconds * 1000 };
}

export function apiOf({ upstream: { url, tls, proxy, connectTimeoutSeconds } }: SidecarConfig): Destination {
  const names = { subject: 'api', field: 'spec.upstream', title: 'API' } as const;
  return { ...names, url: new URL(url), tls, proxy, timeoutMs: connectTimeoutSeconds * 1000 };
}

/** What callers of the sidecar get where there is no way to the server. */
export function failureOf({ subject }: Destination, isTimeout = false): FailureCode {
  if (subject === 'api') return isTimeout ? 'upstream_timeout' : 'upstream_unreachable';
  return isTimeout ? 'token_timeout' : 'token_unavailable';
}
