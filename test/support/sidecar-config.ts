import type { readyConfig } from '../../crds/sidecar-config.ts';
import type * as z from 'zod/mini';
import { canarySecret } from './canary.ts';

type ConfigText = z.input<typeof readyConfig>;

export interface TestConfig extends Partial<Omit<ConfigText, 'version' | 'upstream' | 'tokenEndpoint' | 'client'>> {
  readonly upstream: string | ConfigText['upstream'];
  readonly tokenEndpoint: string | ConfigText['tokenEndpoint'];
  readonly client?: Partial<ConfigText['client']>;
}

/** What stands in an `<alias>.json`: all by default but the two URLs. */
export function testConfig({ upstream, tokenEndpoint, client, ...rest }: TestConfig): ConfigText {
  return {
    version: 1,
    upstream: typeof upstream === 'string' ? { url: upstream } : upstream,
    tokenEndpoint: typeof tokenEndpoint === 'string' ? { url: tokenEndpoint } : tokenEndpoint,
    client: { id: 'acme', secret: canarySecret('client'), ...client },
    ...rest,
  };
}
