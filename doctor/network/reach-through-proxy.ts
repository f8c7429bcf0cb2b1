import type { ProxyConfig } from '../../crds/sidecar-config.ts';
import type { Mend, Outcome, Verdict } from '../examination.ts';
import { examineName } from './reach-directly.ts';
import { type Destination, failureOf } from './destination.ts';
import { dial } from './dial.ts';
import { openTunnel, type Tunnel } from './open-tunnel.ts';
import type { ReachContext } from './reach-context.ts';
import { directRoute, hostOf, portOf, type Route, shakeHandsBy, tunnelRoute } from './route.ts';
import { describeAddress, tryAddresses, whatHappened } from './try-addresses.ts';

/** DNS and TCP to the proxy that the credential names, and what it says to CONNECT. */
export async function reachThroughProxy(destination: Destination, proxy: ProxyConfig, context: ReachContext): Promise<Outcome<Route>> {
  const { clock, record } = context;
  const { subject, timeoutMs } = destination;
  const url = new URL(proxy.url);
  const resolved = await examineName(destination, url, context);
  if (!resolved.ok) return { ok: false, verdict: await orWithout(resolved.verdict, destination, context) };

  const port = portOf(url);
  const reached = await dial({ host: hostOf(url), port }, clock, timeoutMs);
  if (reached.ok) reached.socket.destroy();
  const tcp = { subject, name: 'TCP', tookMs: reached.tookMs } as const;
  if (!reached.ok) {
    const tried = await tryAddresses(resolved.value, port, clock, timeoutMs);
    record({ ...tcp, outcome: 'failed', summary: `no connection to the proxy's port ${port}`, details: tried.map(describeAddress) });
    return { ok: false, verdict: await orWithout(unreachable(destination, url, reached.code), destination, context) };
  }
  record({ ...tcp, outcome: 'ok', summary: `the proxy's port ${port} takes connections`, details: [] });

  const step = { subject, name: 'Proxy', details: [] } as const;
  if (destination.url.protocol === 'http:') {
    record({ ...step, outcome: 'ok', tookMs: 0, summary: `${url.host} is to pass requests on: there is no tunnel for plain HTTP` });
    return { ok: true, value: () => dial({ host: hostOf(url), port }, clock, timeoutMs) };
  }
  const tunnel = await openTunnel(proxy, destination.url, clock, timeoutMs);
  if (tunnel.ok) {
    tunnel.socket.destroy();
    record({ ...step, outcome: 'ok', tookMs: tunnel.tookMs, summary: `${url.host} opens a tunnel to ${destination.url.host}` });
    return { ok: true, value: tunnelRoute(destination, proxy, clock) };
  }
  const said = tunnel.status === undefined ? whatHappened(tunnel.code) : `answers CONNECT with status ${tunnel.status}`;
  record({ ...step, outcome: 'failed', tookMs: tunnel.tookMs, summary: `${url.host} ${said}` });
  return { ok: false, verdict: await orWithout(refused(destination, proxy, tunnel), destination, context) };
}

function unreachable(destination: Destination, { host }: URL, code: string): Verdict {
  const { title, url, field } = destination;
  return {
    code: 'proxy_unreachable',
    sentence: `The proxy ${host} on the way to the ${title} ${url.host} cannot be reached: it ${whatHappened(code).replace('there is', 'has')}.`,
    mend: { kind: 'elsewhere', advice: `Check ${field}.proxy.url, and that network policies and firewalls let connections to it pass.` },
    failure: failureOf(destination, code === 'ETIMEDOUT'),
  };
}

function refused(
  destination: Destination,
  proxy: ProxyConfig,
  { code, status, schemes }: Extract<Tunnel, { readonly ok: false }>,
): Verdict {
  const { title, url, field } = destination;
  const { host } = new URL(proxy.url);
  if (status === undefined) {
    const sentence = `The proxy ${host} takes connections and opens no tunnel to the ${title} ${url.host} (${code}).`;
    const advice = `Check ${field}.proxy.url: what listens there may be no HTTP proxy, or one that is spoken to by TLS (https://) or without it (http://).`;
    return { code: 'proxy_refused', sentence, mend: { kind: 'elsewhere', advice }, failure: failureOf(destination, code === 'ETIMEDOUT') };
  }
  const failure = failureOf(destination);
  if (status === 407) {
    const wants =
      schemes.length === 0 || schemes.some((scheme) => scheme.toLowerCase() === 'basic')
        ? ''
        : ` It offers only ${schemes.join(', ')}; Tokenward has Basic.`;
    const known = proxy.username === undefined ? 'without a user name and password' : 'with those of credentialsSecretRef';
    const advice =
      proxy.username === undefined
        ? `Store user name and password for the proxy in a Secret, under the keys username and password, and name it in ${field}.proxy.credentialsSecretRef.${wants}`
        : `Check the user name and the password in the Secret that ${field}.proxy.credentialsSecretRef names.${wants}`;
    const sentence = `The proxy ${host} wants to know who asks for the ${title} ${url.host}, and does not let us through ${known} (407).`;
    return { code: 'proxy_credentials', sentence, mend: { kind: 'secret', field: `${field}.proxy.credentialsSecretRef`, advice }, failure };
  }
  const sentence = `The proxy ${host} does not open a tunnel to the ${title} ${url.host}: it answers with status ${status}.`;
  return { code: 'proxy_refused', sentence, mend: { kind: 'elsewhere', advice: adviceOn(status, destination) }, failure };
}

function adviceOn(status: number, { url, field }: Destination): string {
  if (status === 403) return `Have the proxy's owner permit ${url.host}.`;
  if (status === 502 || status === 503 || status === 504)
    return `The proxy cannot reach ${url.host} itself: check the host and port of ${field}.url, or have its owner look.`;
  return `Check ${field}.proxy.url: it may be a server that is no proxy for https, which needs CONNECT.`;
}

/** Where the destination can be reached without the proxy, that is the mend. */
async function orWithout(verdict: Verdict, destination: Destination, { clock }: ReachContext): Promise<Verdict> {
  const route = directRoute(destination, clock);
  const works = destination.url.protocol === 'https:' ? (await shakeHandsBy(route, destination, clock)).ok : await connects(route);
  if (!works) return verdict;
  const { field } = destination;
  const mend: Mend = {
    kind: 'manifest',
    changes: [{ path: `${field}.proxy`, value: undefined }],
    tried: true,
    advice: `It can be reached from here without a proxy.${verdict.mend && 'advice' in verdict.mend ? ` If it has to be by the proxy: ${verdict.mend.advice ?? ''}` : ''}`,
  };
  return { ...verdict, mend };
}

async function connects(route: Route): Promise<boolean> {
  const dialled = await route();
  if (dialled.ok) dialled.socket.destroy();
  return dialled.ok;
}
