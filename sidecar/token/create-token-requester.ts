import { randomUUID } from 'node:crypto';
import type { Clock } from '../../crds/clock.ts';
import type { SidecarConfig } from '../../crds/sidecar-config.ts';
import { Destinations } from '../net/destinations.ts';
import type { ProjectedTokenGrant } from './projected-token.ts';
import { requestToken } from './request-token.ts';
import { gatherMaterial } from './token-material.ts';
import type { TokenRequester } from './token-sources.ts';

/** Token requests of one source over connections of their own; one at a time is all that a single flight needs. */
export function createTokenRequester(
  config: SidecarConfig,
  clock: Clock,
  version: string,
  projectedToken?: ProjectedTokenGrant,
  destinations = new Destinations(),
): TokenRequester {
  const { url, tls, proxy, timeoutSeconds } = config.tokenEndpoint;
  const pool = destinations.open({ url: new URL(url), tls, proxy, connectTimeoutMs: timeoutSeconds * 1000 }, 2);
  const gather = gatherMaterial(config, { clock, newId: randomUUID, projectedToken });
  const request = requestToken({ config, pool, clock, gatherMaterial: gather, userAgent: `tokenward/${version}` });
  return Object.assign(request, { close: () => pool.close() });
}
