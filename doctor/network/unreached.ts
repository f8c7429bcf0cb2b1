import { networkInterfaces } from 'node:os';
import type { Clock } from '../../crds/clock.ts';
import type { Mend, Verdict } from '../examination.ts';
import { type Destination, failureOf } from './destination.ts';
import type { Resolver } from './resolve-name.ts';
import { hostOf, portOf } from './route.ts';
import { attemptMs, tryAddresses, type TriedAddress, whatHappened } from './try-addresses.ts';

/** No address: of the destination, or of its proxy. */
export function unresolved(destination: Destination, url: URL, code: 'ENOTFOUND' | 'EAI_AGAIN', resolver: Resolver | undefined): Verdict {
  const { title, field } = destination;
  const host = hostOf(url);
  const isProxy = url !== destination.url;
  const about = isProxy ? `The proxy ${host} to the ${title} ${destination.url.host}` : `The ${title} ${host}`;
  const urlField = isProxy ? `${field}.proxy.url` : `${field}.url`;
  if (code === 'EAI_AGAIN') {
    const servers = resolver === undefined || resolver.servers.length === 0 ? '' : ` (${resolver.servers.join(', ')})`;
    const advice = `Check that the name servers of this machine or pod${servers} can be reached: network policies must let port 53 pass, UDP and TCP.`;
    return {
      code: 'dns_no_answer',
      sentence: `${about} cannot be looked for: DNS does not answer what address it has.`,
      mend: { kind: 'elsewhere', advice },
      failure: failureOf(destination),
    };
  }
  return {
    code: 'dns_unknown',
    sentence: `${about} cannot be reached: DNS knows no address of that name.`,
    mend: { kind: 'elsewhere', advice: adviceOnName(host, urlField, isProxy ? undefined : `${field}.proxy`) },
    failure: failureOf(destination),
  };
}

function adviceOnName(host: string, urlField: string, proxyField: string | undefined): string {
  if (/(^|\.)svc(\.cluster\.local)?\.?$/i.test(host)) {
    return `Check ${urlField}: it is a name within a cluster, <service>.<namespace>.svc, which only pods of that cluster can look up.`;
  }
  if (!host.replace(/\.$/, '').includes('.')) {
    return `Check ${urlField}: a name without a dot is looked for in the search domains alone; for a Service in a cluster write <service>.<namespace>.svc.`;
  }
  const inside = proxyField === undefined ? '' : ` Names that only a proxy can look up need ${proxyField}.`;
  return `Check the spelling of the host in ${urlField}, and whether it is known only to the DNS of another network (VPN, private zone).${inside}`;
}

/** Beyond this machine. */
const hasIpv4 = (): boolean =>
  Object.values(networkInterfaces()).some((all) => all?.some(({ family, internal }) => family === 'IPv4' && !internal));

const noWay = new Set(['EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'EINVAL']);

/** Addresses, but no connection. */
export async function unconnected(destination: Destination, tried: readonly TriedAddress[], clock: Clock): Promise<Verdict> {
  const { title, url, field } = destination;
  const about = `The ${title} ${url.host}`;
  const codes = tried.map(({ code }) => code ?? '');
  const other = await otherFamily(destination, tried, clock);
  if (other !== undefined) return { ...other, failure: failureOf(destination) };
  const reached = tried.find(({ code }) => code === undefined);
  const proxy = `a proxy may be needed (${field}.proxy)`;
  const verdict = (code: Verdict['code'], why: string, advice: string): Verdict => ({
    code,
    sentence: `${about} cannot be reached: ${why}.`,
    mend: { kind: 'elsewhere', advice },
    failure: failureOf(destination, code === 'tcp_timeout'),
  });
  if (reached !== undefined) {
    const advice = `Have addresses that do not answer taken out of DNS, or this machine or pod a way to their family; else ${proxy}.`;
    const why = `of its addresses only ${reached.address} takes connections, and not within the ${attemptMs} ms that each of several is given`;
    return verdict('address_family', why, advice);
  }
  if (codes.includes('ECONNREFUSED')) {
    return verdict(
      'tcp_refused',
      `port ${portOf(url)} refuses connections`,
      `Check the port and the host of ${field}.url, and that the ${title} is up; if that is right, ${proxy}.`,
    );
  }
  if (codes.includes('ETIMEDOUT')) {
    const advice = `A firewall or a network policy may drop what goes to port ${portOf(url)} of it, or ${proxy}; check the port of ${field}.url too.`;
    return verdict('tcp_timeout', `port ${portOf(url)} does not answer`, advice);
  }
  const families = new Set(tried.map(({ family }) => family));
  const [family] = families;
  if (families.size === 1 && (family === 6 || !hasIpv4()) && codes.every((code) => noWay.has(code))) {
    const advice = `Have the ${title} get an IPv${family === 6 ? 4 : 6} address too, or this machine or pod a way to IPv${family ?? 4}; else ${proxy}.`;
    return verdict('address_family', `it has only IPv${family ?? 4} addresses, and there is no way to those from here`, advice);
  }
  return verdict(
    'tcp_unreachable',
    whatHappened(codes.find((code) => code !== '') ?? ''),
    `Check routes, network policies and firewalls on the way; ${proxy}.`,
  );
}

const loopback: Readonly<Record<string, { readonly other: string; readonly family: number }>> = {
  '127.0.0.1': { other: '::1', family: 6 },
  '::1': { other: '127.0.0.1', family: 4 },
};

/** A server on this machine that listens on the other family's loopback address only. */
async function otherFamily(
  { url, title, field, timeoutMs }: Destination,
  tried: readonly TriedAddress[],
  clock: Clock,
): Promise<Verdict | undefined> {
  const [only] = tried;
  const { other, family } = loopback[only?.address ?? ''] ?? {};
  if (other === undefined || family === undefined || tried.length > 1 || only?.code !== 'ECONNREFUSED') return undefined;
  const [found] = await tryAddresses([{ address: other, family }], portOf(url), clock, timeoutMs);
  if (found === undefined || found.code !== undefined) return undefined;
  const changed = new URL(url);
  changed.hostname = family === 6 ? `[${other}]` : other;
  const mend: Mend = { kind: 'manifest', changes: [{ path: `${field}.url`, value: changed.href }], tried: true };
  const sentence = `The ${title} ${url.host} refuses connections over IPv${only.family}: on this machine that port is open for IPv${family} only, at ${changed.host}.`;
  return { code: 'address_family', sentence, mend };
}
