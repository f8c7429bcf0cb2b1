import { celString, matching, type Rule } from '../rule.ts';

const octet = '(25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const ipv4 = `${octet}(\\.${octet}){3}`;
const ipv6 = '\\[[0-9A-Fa-f:.]+\\]';
// The last label begins with a letter, for a name that ends in a number is an address to a URL parser (and perhaps an octal one).
const dnsName = '([0-9A-Za-z_]([0-9A-Za-z_-]*[0-9A-Za-z_])?\\.)*[A-Za-z]([0-9A-Za-z-]*[0-9A-Za-z])?\\.?';
const port = ':(6553[0-5]|655[0-2][0-9]|65[0-4][0-9]{2}|6[0-4][0-9]{3}|[1-5][0-9]{4}|[1-9][0-9]{0,3})';
const authority = `(${ipv6}|${ipv4}|${dnsName})(${port})?`;
// RFC 3986: unreserved, reserved and percent-encoded characters, and no others.
const rest = '([!#$&-;=?-Z\\[\\]_a-z~]|%[0-9A-Fa-f]{2})*';

const shape = `^https?://${authority}([/?#]${rest})?$`;
const scheme = '^https?://';
const userinfo = '^[A-Za-z][0-9A-Za-z+.-]*://[^/?#]*@';
const local = `(localhost|127(\\.${octet}){3}|\\[::1\\]|([0-9A-Za-z_-]+\\.)+svc(\\.cluster\\.local)?)`;

const noUserinfo: Rule<string> = {
  reason: 'InvalidURL',
  cel: `!self.matches(${celString(userinfo)})`,
  holds: (self) => !new RegExp(userinfo, 'u').test(self),
  message:
    'must not hold a user name or password: remove everything from after "//" up to and including "@", and put credentials into a Secret',
};

const https = matching(
  'InvalidURL',
  `^(https://|http://${local}(:[0-9]*)?([/?#]|$))`,
  'must begin with https://: plain http:// is for loopback (localhost, 127.0.0.0/8, [::1]) and cluster-local names (*.svc, *.svc.cluster.local) only',
);

/** Silent about what the other rules refuse, lest one mistake be reported twice. */
const shaped = (pattern: string, message: string): Rule<string> => ({
  reason: 'InvalidURL',
  cel: `!self.matches(${celString(scheme)}) || self.matches(${celString(userinfo)}) || self.matches(${celString(pattern)})`,
  holds: (self) => !new RegExp(scheme, 'u').test(self) || new RegExp(userinfo, 'u').test(self) || new RegExp(pattern, 'u').test(self),
  message,
});

const wellFormed = shaped(
  shape,
  'is not a URL of the form https://host[:port]/path: correct the host and the port, and percent-encode what a URL cannot hold (a space is %20)',
);

/** What the patterns above let pass and a URL parser does not: an address such as [1:2] or a broken internationalised name. */
const callable: Rule<string> = {
  reason: 'InvalidURL',
  holds: (self) => !new RegExp(shape, 'u').test(self) || URL.canParse(self),
  message: 'is not a URL that can be called: correct the host',
};

export const upstreamUrlRules: readonly Rule<string>[] = [
  https,
  noUserinfo,
  wellFormed,
  callable,
  matching(
    'InvalidURL',
    '^[^?#]*$',
    'must end before any "?" or "#": remove the fragment, and move query parameters to spec.upstream.queryParameters',
  ),
];

/** RFC 6749 section 3.2: the token endpoint's URL may have a query, never a fragment. */
export const tokenUrlRules: readonly Rule<string>[] = [
  https,
  noUserinfo,
  wellFormed,
  callable,
  matching('InvalidURL', '^[^#]*$', 'must not have a fragment: remove "#" and what follows it (RFC 6749, section 3.2)'),
];

/** A proxy may be plain http anywhere: what is secret goes through it in a tunnel. */
export const proxyUrlRules: readonly Rule<string>[] = [
  matching('InvalidURL', '^(https?://|$)', 'must begin with http:// or https://'),
  { ...noUserinfo, message: 'must not hold a user name or password: put them into a Secret and name it in credentialsSecretRef' },
  shaped(
    `^https?://${authority}/?$`,
    'is not a URL of the form http://host:port: correct the host and the port, and remove any path, query and fragment',
  ),
  callable,
];
