import type { LookupAddress } from 'node:dns';
import { isIP } from 'node:net';
import { Sensitive } from '../../crds/sensitive.ts';
import { shown } from '../api/shown.ts';
import type { Outcome, Verdict } from '../examination.ts';
import type { Destination } from './destination.ts';
import { type EnvironmentProxy, proxyOfEnvironment } from './environment-proxy.ts';
import { openTunnel } from './open-tunnel.ts';
import type { ReachContext } from './reach-context.ts';
import { readResolver, resolveName } from './resolve-name.ts';
import { directRoute, hostOf, portOf, type Route, shakeHandsBy, tunnelRoute } from './route.ts';
import { attemptMs, describeAddress, tryAddresses } from './try-addresses.ts';
import { unconnected, unresolved } from './unreached.ts';

/** DNS and TCP to the destination itself, and if there is no way: whether there is one through the proxy that others use here. */
export async function reachDirectly(destination: Destination, context: ReachContext): Promise<Outcome<Route>> {
  const { clock, record, environment } = context;
  const other = proxyOfEnvironment(environment, destination.url);
  const resolved = await examineName(destination, destination.url, context);
  const connected = resolved.ok ? await examineAddresses(destination, resolved.value, context) : resolved;
  const step = { subject: destination.subject, name: 'Proxy', details: [] } as const;
  if (connected.ok) {
    const summary =
      other === undefined ? 'none' : `none: ${other.variable} names one here, which Tokenward does not read, and there is a way without it`;
    record({ ...step, outcome: 'skipped', tookMs: 0, summary });
    return { ok: true, value: directRoute(destination, clock) };
  }
  if (other === undefined) {
    record({ ...step, outcome: 'skipped', tookMs: 0, summary: 'none' });
    return connected;
  }
  const needed = await tryOther(destination, other, connected.verdict, context);
  return needed === undefined ? connected : { ok: false, verdict: needed };
}

/** The DNS step, of the destination's host or of its proxy's. */
export async function examineName(
  destination: Destination,
  url: URL,
  { clock, record }: ReachContext,
): Promise<Outcome<readonly LookupAddress[]>> {
  const { subject, timeoutMs } = destination;
  const host = hostOf(url);
  const step = { subject, name: 'DNS' } as const;
  const family = isIP(host);
  if (family !== 0) {
    record({ ...step, outcome: 'skipped', tookMs: 0, summary: `${host} is an address`, details: [] });
    return { ok: true, value: [{ address: host, family }] };
  }
  const startedMs = clock.monotonicMs();
  const resolved = await resolveName(host, clock, timeoutMs);
  const tookMs = clock.monotonicMs() - startedMs;
  if (resolved.ok) {
    const { addresses } = resolved;
    const summary = `${host} is ${addresses.map(({ address }) => address).join(', ')}`;
    record({ ...step, outcome: 'ok', tookMs, summary, details: await searchLines(host, clock, timeoutMs) });
    return { ok: true, value: addresses };
  }
  const { code } = resolved;
  const resolver = await readResolver();
  const summary = code === 'ENOTFOUND' ? `${host} has no address (ENOTFOUND)` : `nobody answers what address ${host} has (EAI_AGAIN)`;
  const details =
    resolver === undefined
      ? []
      : [
          `asked: ${resolver.servers.map(shown).join(', ') || 'no name server is configured'}`,
          `search domains: ${resolver.search.map(shown).join(', ') || 'none'}; tried first for names with fewer dots than ${resolver.ndots}`,
        ];
  record({ ...step, outcome: 'failed', tookMs, summary, details });
  return { ok: false, verdict: unresolved(destination, url, code, resolver) };
}

/** A search domain may answer for names that it should not. */
async function searchLines(host: string, clock: ReachContext['clock'], timeoutMs: number): Promise<readonly string[]> {
  const { search = [], ndots = 1 } = (await readResolver()) ?? {};
  if (host === 'localhost' || host.endsWith('.') || search.length === 0 || host.split('.').length - 1 >= ndots) return [];
  const whole = await resolveName(`${host}.`, clock, timeoutMs);
  return whole.ok ? [] : [`not by itself, but by way of a search domain: ${search.map(shown).join(', ')}`];
}

/** The TCP step: each address by itself, and then as the sidecar goes. */
async function examineAddresses(
  destination: Destination,
  addresses: readonly LookupAddress[],
  context: ReachContext,
): Promise<Outcome<void>> {
  const { clock, record } = context;
  const { subject, url, timeoutMs } = destination;
  const port = portOf(url);
  const tried = await tryAddresses(addresses, port, clock, timeoutMs);
  const dialled = tried.length === 1 ? undefined : await directRoute(destination, clock)();
  if (dialled?.ok === true) dialled.socket.destroy();
  const works = dialled?.ok ?? tried[0]?.code === undefined;
  const isSound = tried.every(({ code }) => code === undefined);
  const details = tried.length === 1 && works ? [] : tried.map(describeAddress);
  const note = `of several addresses the next one is tried if one does not connect within ${attemptMs} ms`;
  record({
    subject,
    name: 'TCP',
    outcome: !works ? 'failed' : isSound ? 'ok' : 'odd',
    tookMs: Math.max(...tried.map(({ tookMs }) => tookMs), dialled?.tookMs ?? 0),
    summary: works ? `port ${port} takes connections${isSound ? '' : ', though not at each address'}` : `no connection to port ${port}`,
    details: tried.length > 1 && !isSound ? [...details, note] : details,
  });
  return works ? { ok: true, value: undefined } : { ok: false, verdict: await unconnected(destination, tried, clock) };
}

/** A way through the proxy of the environment proves that one is needed. */
async function tryOther(
  destination: Destination,
  { variable, url, username, password }: EnvironmentProxy,
  without: Verdict,
  { clock, record }: ReachContext,
): Promise<Verdict | undefined> {
  const proxy = { url: url.href, ...(username !== undefined && { username, password: new Sensitive(password ?? '') }) };
  const tunnel = await openTunnel(proxy, destination.url, clock, destination.timeoutMs);
  if (tunnel.ok) tunnel.socket.destroy();
  const handshake = tunnel.ok ? await shakeHandsBy(tunnelRoute(destination, proxy, clock), destination, clock) : undefined;
  const said = tunnel.ok
    ? 'opens a tunnel'
    : tunnel.status === undefined
      ? 'cannot be reached'
      : `answers CONNECT with status ${tunnel.status}`;
  const summary = `none; ${variable} names ${url.host} here, which ${said}`;
  record({
    subject: destination.subject,
    name: 'Proxy',
    outcome: tunnel.ok ? 'odd' : 'failed',
    tookMs: tunnel.tookMs,
    summary,
    details: [],
  });
  if (handshake === undefined) return undefined;
  const { title, field } = destination;
  const credentials = username === undefined ? {} : { credentialsSecretRef: { name: 'proxy-credentials' } };
  const advice =
    username === undefined
      ? {}
      : {
          advice: `${variable} has a user name and a password too: store them in the Secret proxy-credentials, under the keys username and password.`,
        };
  return {
    code: 'proxy_needed',
    sentence: `The ${title} ${destination.url.host} can be reached from here only through a proxy (${variable} names ${url.host}), and the credential names none.`,
    mend: {
      kind: 'manifest',
      changes: [{ path: `${field}.proxy`, value: { url: url.origin, ...credentials } }],
      tried: handshake.ok,
      ...advice,
    },
    ...(without.failure !== undefined && { failure: without.failure }),
  };
}
