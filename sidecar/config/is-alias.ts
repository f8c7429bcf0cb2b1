const dnsLabel = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;

/** An alias is a DNS label (RFC 1123): the name of a credential, a file and a path segment. */
export function isAlias(name: string): boolean {
  return dnsLabel.test(name);
}
