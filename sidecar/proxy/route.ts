import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { AliasMetrics } from '../metrics/alias-metrics.ts';
import type { Peer } from '../net/connection-problem.ts';
import { checkHeaders } from '../net/check-headers.ts';
import { type DestinationPool, Destinations } from '../net/destinations.ts';
import type { HeaderBlock } from '../soap/soap-header.ts';
import { type AuthorizationValue, authorizationValue } from '../token/authorization-value.ts';
import { RejectionGuard } from '../token/rejection-guard.ts';
import type { Token } from '../token/token.ts';
import type { TokenSource } from '../token/token-source.ts';
import type { TokenSources } from '../token/token-sources.ts';
import { type Allows, compileAllow } from './allow-rules.ts';
import { QueryParameters } from './query-parameters.ts';
import { bodyDigests, droppedRequestHeaders } from './request-headers.ts';

/** So many connections to one API at most: a streaming answer holds one, and a burst of calls needs one each. */
const maxConnections = 1024;

/**
 * One alias as its credential stands: everything that a request needs, worked out beforehand. A changed credential makes a new route;
 * the old one lives until its last request has ended.
 */
export class Route {
  readonly alias: string;
  readonly metrics: AliasMetrics;
  readonly source: TokenSource;
  readonly pool: DestinationPool;
  readonly rejections: RejectionGuard;
  /** For messages about it. */
  readonly api: Peer;
  readonly baseUrl: URL;
  /** The base URL's path without its last slash. */
  readonly basePath: string;
  readonly allows: Allows | undefined;
  readonly droppedHeaders: ReadonlySet<string>;
  /** The Host that every request has; undefined for the API's. */
  readonly host: string | undefined;
  /** Sent on every request, a flat list. */
  readonly headers: readonly string[];
  readonly query: QueryParameters;
  readonly injectionHeader: string;
  /** Where the token goes instead of a header. */
  readonly soapHeader: HeaderBlock | undefined;
  readonly refreshBeforeMs: number;
  readonly refreshOn403: boolean;
  /** What the API says in an answer's body may be that it refuses the token. */
  readonly refusesInBody: boolean;
  readonly connectTimeoutMs: number;
  /** `Infinity` for none. */
  readonly responseTimeoutMs: number;

  readonly #sources: TokenSources;
  readonly #injection: SidecarConfig['injection'];
  #injected: { readonly token: Token; readonly authorization: AuthorizationValue } | undefined;
  #inFlight = 0;
  #retired = false;
  #released = false;

  constructor(alias: string, config: SidecarConfig, metrics: AliasMetrics, sources: TokenSources, destinations = new Destinations()) {
    const { upstream, grant, injection, cache } = config;
    this.alias = alias;
    this.metrics = metrics;
    this.#sources = sources;
    // Bearer is a scheme of HTTP; in an envelope the token stands alone.
    this.#injection = injection.soapHeader === undefined ? injection : { scheme: '', ...injection };
    this.rejections = new RejectionGuard();
    this.baseUrl = new URL(upstream.url);
    const proxyHost = upstream.proxy && new URL(upstream.proxy.url).host;
    this.api = { name: 'API', field: 'upstream', host: this.baseUrl.host, proxyHost };
    this.basePath = this.baseUrl.pathname.replace(/\/$/, '');
    this.allows = upstream.allow && compileAllow(upstream.allow);
    this.connectTimeoutMs = upstream.connectTimeoutSeconds * 1000;
    this.responseTimeoutMs = upstream.responseTimeoutSeconds === 0 ? Infinity : upstream.responseTimeoutSeconds * 1000;
    this.pool = destinations.open(
      {
        url: this.baseUrl,
        tls: upstream.tls,
        proxy: upstream.proxy,
        connectTimeoutMs: this.connectTimeoutMs,
      },
      maxConnections,
    );
    const own = checkHeaders([...this.pool.headers, ...upstream.headers.flatMap(({ name, value }) => [name, value.reveal()])]);
    this.headers = own.list;
    this.host = own.host;
    if (checkHeaders([injection.header, injection.scheme ?? '']).list.length === 0) throw new TypeError('No header for a token');
    this.query = new QueryParameters(upstream.queryParameters);
    this.injectionHeader = injection.header;
    this.soapHeader = injection.soapHeader;
    this.droppedHeaders = droppedRequestHeaders([
      injection.header,
      ...upstream.headers.map(({ name }) => name),
      ...(this.soapHeader === undefined ? [] : bodyDigests),
    ]);
    this.refreshBeforeMs = cache.refreshBeforeSeconds * 1000;
    this.refreshOn403 = cache.refreshOn403;
    this.refusesInBody = grant.saml2Bearer?.profile === 'SuccessFactors';
    // Last: what throws before must not leave it acquired.
    this.source = sources.acquire(config, alias);
  }

  /** The cached token if it is good enough for a request, renewed in the background where it is time. */
  tokenAtHand(): Token | undefined {
    const { source, metrics } = this;
    const freshness = source.freshness(this.refreshBeforeMs);
    if (freshness === 'fresh') metrics.hits++;
    else if (freshness === 'stale') {
      metrics.stale++;
      source.refresh();
    } else {
      metrics.misses++;
      return undefined;
    }
    return source.token;
  }

  /** The injection header's value for a token; worked out once per token. */
  authorization(token: Token): AuthorizationValue {
    if (this.#injected?.token !== token) this.#injected = { token, authorization: authorizationValue(token, this.#injection) };
    return this.#injected.authorization;
  }

  enter(): void {
    this.#inFlight++;
  }

  leave(): void {
    this.#inFlight--;
    if (this.#retired && this.#inFlight === 0) this.#dispose();
  }

  /** No more requests come; those in flight finish. `atOnce` drops the token now: the credential is gone. */
  retire(atOnce = false): void {
    this.#retired = true;
    if (atOnce) this.#release();
    if (this.#inFlight === 0) this.#dispose();
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#injected = undefined;
    this.#sources.release(this.source);
  }

  #dispose(): void {
    this.#release();
    this.pool.close();
  }
}
