import type { Clock } from '../../crds/clock.ts';
import type { Outcome, RecordStep } from '../examination.ts';
import type { Destination } from './destination.ts';
import type { Environment } from './environment-proxy.ts';
import { examineTls } from './examine-tls.ts';
import { connectDirectly } from './connect-directly.ts';
import { connectThroughProxy } from './connect-through-proxy.ts';

export interface ReachContext {
  readonly clock: Clock;
  readonly record: RecordStep;
  /** Of the process: proxies that other programs use here are tried where there is no way without one. */
  readonly environment: Environment;
}

/** Goes as far as to a server as TLS goes, by the way that the credential says: DNS, TCP, proxy, TLS. No request is sent. */
export async function reach(destination: Destination, context: ReachContext): Promise<Outcome<void>> {
  const { proxy } = destination;
  const connected = await (proxy === undefined ? connectDirectly(destination, context) : connectThroughProxy(destination, proxy, context));
  return connected.ok ? examineTls(destination, connected.value, context) : connected;
}
