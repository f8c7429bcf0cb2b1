import type { CredentialSpec } from '../oauth2-credential.ts';

/** The annotation of a Secret that limits the hosts it may serve. */
export const allowedHostsAnnotation = 'tokenward.dev/allowed-hosts';

/** A host that a credential names, and the field that names it. */
export interface NamedHost {
  readonly host: string;
  readonly path: string;
}

/** Every host that could come to see what a credential's Secrets hold, or a token got with them. */
export function hostsOf(spec: CredentialSpec): NamedHost[] {
  const endpoint = (path: string, { url, tls, proxy }: CredentialSpec['upstream'] | CredentialSpec['tokenEndpoint']): NamedHost[] => [
    { host: hostOf(url), path: `${path}.url` },
    ...(isSet(tls?.serverName) ? [{ host: canonical(tls.serverName), path: `${path}.tls.serverName` }] : []),
    ...(isSet(proxy?.url) ? [{ host: hostOf(proxy.url), path: `${path}.proxy.url` }] : []),
  ];
  return [...endpoint('spec.tokenEndpoint', spec.tokenEndpoint), ...endpoint('spec.upstream', spec.upstream)];
}

const isSet = (text: string | undefined): text is string => text !== undefined && text !== '';
export const hostOf = (url: string): string => canonical(new URL(url).hostname);
const canonical = (host: string): string => host.toLowerCase().replace(/\.$/u, '');

export type AllowedHosts = { readonly ok: true; readonly patterns: readonly string[] } | { readonly ok: false; readonly entry: string };

/** `acme.example,*.acme.example`. An annotation that cannot be read allows nothing. */
export function parseAllowedHosts(annotation: string): AllowedHosts {
  const patterns = annotation
    .split(',')
    .map((entry) => canonical(entry.trim()))
    .filter((entry) => entry !== '');
  const malformed = patterns.find((entry) => !/^(\*\.)?[0-9a-z_-]+(\.[0-9a-z_-]+)*$|^\[[0-9a-f:.]+\]$/u.test(entry));
  return malformed === undefined ? { ok: true, patterns } : { ok: false, entry: malformed };
}

/** `*.acme.example` stands for the subdomains of acme.example at any depth, not for acme.example itself. */
export function isAllowedHost(host: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) =>
    pattern.startsWith('*.') ? host.endsWith(pattern.slice(1)) && host.length > pattern.length - 1 : host === pattern,
  );
}
