import { isIP } from 'node:net';
import type { Clock } from '../../crds/clock.ts';
import type { ProxyConfig } from '../../crds/sidecar-config.ts';
import type { Destination } from './destination.ts';
import { type Dialled, dial } from './dial.ts';
import { openTunnel } from './open-tunnel.ts';
import { type Handshake, type HandshakeOptions, shakeHands } from './shake-hands.ts';

/** A way to a destination: each call makes one more connection to it. */
export type Route = () => Promise<Dialled>;

/** Without the brackets of IPv6. */
export const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '');
export const portOf = ({ port, protocol }: URL): number => Number(port || (protocol === 'https:' ? 443 : 80));

export function directRoute({ url, timeoutMs }: Destination, clock: Clock): Route {
  return () => dial({ host: hostOf(url), port: portOf(url) }, clock, timeoutMs);
}

export function tunnelRoute({ url, timeoutMs }: Destination, proxy: ProxyConfig, clock: Clock): Route {
  return () => openTunnel(proxy, url, clock, timeoutMs);
}

/** One connection by the route, and TLS over it; what `changed` says is otherwise than the credential has it. */
export async function shakeHandsBy(
  route: Route,
  { url, tls, timeoutMs }: Destination,
  clock: Clock,
  changed: Partial<HandshakeOptions> = {},
): Promise<Handshake> {
  const dialled = await route();
  if (!dialled.ok) return dialled;
  const host = tls.serverName ?? hostOf(url);
  return shakeHands(dialled.socket, { tls, serverName: serverNameOf({ url, tls }), host, timeoutMs, ...changed }, clock);
}

/** What SNI says, which knows no addresses: RFC 6066 section 3. */
export function serverNameOf({ url, tls }: Pick<Destination, 'url' | 'tls'>): string | undefined {
  const host = tls.serverName ?? hostOf(url);
  return isIP(host) === 0 ? host : undefined;
}
