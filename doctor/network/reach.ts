import type { Outcome } from '../examination.ts';
import type { Destination } from './destination.ts';
import { examineTls } from './examine-tls.ts';
import type { ReachContext } from './reach-context.ts';
import { reachDirectly } from './reach-directly.ts';
import { reachThroughProxy } from './reach-through-proxy.ts';

/** Goes as far as to a server as TLS goes, by the way that the credential says: DNS, TCP, proxy, TLS. No request is sent. */
export async function reach(destination: Destination, context: ReachContext): Promise<Outcome<void>> {
  const { proxy } = destination;
  const reached = await (proxy === undefined ? reachDirectly(destination, context) : reachThroughProxy(destination, proxy, context));
  return reached.ok ? examineTls(destination, reached.value, context) : reached;
}
