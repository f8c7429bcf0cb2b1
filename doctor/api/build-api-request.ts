import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { checkHeaders } from '../../sidecar/net/check-headers.ts';
import type { DestinationPool } from '../../sidecar/net/destinations.ts';
import { QueryParameters } from '../../sidecar/proxy/query-parameters.ts';
import { resolveTarget } from '../../sidecar/proxy/resolve-target.ts';
import type { ApiCall } from './api-call.ts';

export interface ApiRequest {
  readonly method: string;
  /** As it is dispatched. */
  readonly path: string;
  /** Undefined for the API's. */
  readonly host: string | undefined;
  /** A flat list. */
  readonly headers: readonly string[];
  /** For people, without the query, which may hold a key. */
  readonly url: string;
}

/** A workload's call as the sidecar would send it on, of a caller that sends no more than it has to. */
export function buildApiRequest(
  { upstream, injection }: SidecarConfig,
  { method, path = '' }: ApiCall,
  { pool, authorization, userAgent }: { readonly pool: DestinationPool; readonly authorization: string; readonly userAgent: string },
): ApiRequest {
  const target = resolveTarget(`/-${path}`) ?? { path, query: undefined };
  const { origin, pathname } = new URL(upstream.url);
  const below = pathname.replace(/\/$/, '') + target.path;
  const { list, host } = checkHeaders(upstream.headers.flatMap(({ name, value }) => [name, value.reveal()]));
  const set = new Set([injection.header, ...upstream.headers.map(({ name }) => name)].map((name) => name.toLowerCase()));
  const callers = Object.entries({ accept: '*/*', 'user-agent': userAgent }).filter(([name]) => !set.has(name));
  return {
    method,
    path: (below === '' ? '/' : below) + new QueryParameters(upstream.queryParameters).apply(target.query),
    host,
    headers: [...pool.headers, ...list, ...callers.flat(), injection.header, authorization],
    url: origin + (below === '' ? '/' : below),
  };
}
