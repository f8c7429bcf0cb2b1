import { BlockList, isIP } from 'node:net';

export type Environment = Readonly<Record<string, string | undefined>>;

/** The proxy that other programs use here. Its user name and password are not in `url`. */
export interface EnvironmentProxy {
  readonly variable: string;
  /** `http://host:port`. */
  readonly url: URL;
  readonly username?: string;
  readonly password?: string;
}

const names = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'];

/**
 * What HTTPS_PROXY and the like say of a destination, as curl and Go read them. Undefined: nothing, or that it needs none; plain HTTP is
 * for this machine and the cluster, which no proxy leads to.
 */
export function proxyOfEnvironment(environment: Environment, destination: URL): EnvironmentProxy | undefined {
  if (destination.protocol !== 'https:') return undefined;
  const variable = names.find((name) => (environment[name] ?? '') !== '');
  if (variable === undefined) return undefined;
  const without = environment['NO_PROXY'] ?? environment['no_proxy'] ?? '';
  if (without.split(/[\s,]+/).some((entry) => entry !== '' && covers(entry.toLowerCase(), destination))) return undefined;
  const value = environment[variable] ?? '';
  const parsed = URL.parse(value.includes('://') ? value : `http://${value}`);
  if (parsed === null || !/^https?:$/.test(parsed.protocol)) return undefined;
  const { username, password } = parsed;
  const url = new URL(parsed.origin);
  return { variable, url, ...(username !== '' && { username: decode(username), password: decode(password) }) };
}

/** `*`, `acme.example` or `.acme.example` with all below it, a port after it, an address, or a range of addresses. */
function covers(entry: string, { hostname, port }: URL): boolean {
  if (entry === '*') return true;
  const host = hostname.replace(/^\[|\]$/g, '').toLowerCase();
  const [, range, bits] = /^([0-9a-f.:]+)\/(\d{1,3})$/.exec(entry) ?? [];
  if (range !== undefined && bits !== undefined) return isWithin(host, range, Number(bits));
  const [, name = entry, entryPort] = /^(.*?[^:]):(\d{1,5})$/.exec(entry) ?? [];
  if (isIP(entry) === 0 && entryPort !== undefined && entryPort !== (port || '443')) return false;
  const bare = (isIP(entry) === 0 ? name : entry).replace(/^\*?\./, '').replace(/^\[|\]$/g, '');
  return host === bare || (isIP(host) === 0 && host.endsWith(`.${bare}`));
}

function isWithin(host: string, range: string, bits: number): boolean {
  const family = isIP(range);
  if (family === 0 || isIP(host) !== family || bits > (family === 4 ? 32 : 128)) return false;
  const type = family === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(range, bits, type);
  return list.check(host, type);
}

/** Percent signs that encode nothing stand for themselves. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
