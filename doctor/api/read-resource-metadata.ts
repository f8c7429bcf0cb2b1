import type { Clock } from '../../crds/clock.ts';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import type { DestinationPool } from '../../sidecar/net/destinations.ts';
import type { AnswerWords } from './answer-words.ts';
import { sendApiRequest } from './send-api-request.ts';

/** What an API says of itself to those whom it refuses: RFC 9728 section 2. */
export interface ResourceMetadata {
  readonly resource: string | undefined;
  readonly authorizationServers: readonly string[];
}

/**
 * Reads the metadata that a challenge names (RFC 9728 section 5.1), without a token. Only from the API's own origin: what an answer names is
 * not to lead elsewhere. Undefined if there is none.
 */
export async function readResourceMetadata(
  { bearer }: AnswerWords,
  pool: DestinationPool,
  config: SidecarConfig,
  clock: Clock,
): Promise<ResourceMetadata | undefined> {
  const named = bearer?.parameters.get('resource_metadata');
  const url = named === undefined ? null : URL.parse(named);
  if (url === null || url.origin !== new URL(config.upstream.url).origin) return undefined;
  const outcome = await sendApiRequest(
    { method: 'GET', path: url.pathname + url.search, host: undefined, headers: [...pool.headers, 'accept', 'application/json'] },
    pool,
    config,
    clock,
  );
  if (!outcome.ok || outcome.answer.status !== 200 || outcome.answer.content.kind !== 'members') return undefined;
  const { resource, authorization_servers: servers } = outcome.answer.content.members;
  return {
    resource: typeof resource === 'string' ? resource : undefined,
    authorizationServers: Array.isArray(servers) ? servers.filter((server) => typeof server === 'string') : [],
  };
}
