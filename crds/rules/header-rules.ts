import { celList, celString, matching, type Rule } from '../rule.ts';

/** RFC 9110 section 5.6.2. */
export const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
const name = `^${token}$`;
const printable = '^[ -~]*$';

/** RFC 9110 section 7.6.1 and what frames or routes a message: these belong to the connection, never to a credential. */
const connectionHeaders = [
  'connection',
  'content-length',
  'expect',
  'host',
  'http2-settings',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];
const tokenRequestHeaders = ['authorization', 'content-type', ...connectionHeaders];

const nameMessage = 'must be a header name: letters, digits and hyphens, without spaces or a colon';
const valueMessage = 'holds a character that a header cannot carry: use printable ASCII only';
const ownMessage = 'is a header that Tokenward or the HTTP connection sets by itself: remove it';

/** A header name on its own: `injection.header`. */
export const headerNameRules: readonly Rule<string>[] = [
  matching('InvalidHeader', name, nameMessage),
  {
    reason: 'InvalidHeader',
    cel: `!(self.lowerAscii() in ${celList(connectionHeaders)})`,
    holds: (self) => !connectionHeaders.includes(self.toLowerCase()),
    message: ownMessage,
  },
];

interface Entry {
  readonly name: string;
  readonly value?: string | undefined;
}

interface Exemption<T> {
  readonly cel: string;
  readonly holds: (self: T) => boolean;
}

/** The rules of an entry that is a header, unless `exempt` says that it is none. */
function headerEntryRules<T extends Entry>(own: readonly string[], exempt?: Exemption<T>): Rule<T>[] {
  const rule = (at: string, message: string, cel: string, holds: (self: T) => boolean): Rule<T> => ({
    reason: 'InvalidHeader',
    at: [at],
    cel: exempt === undefined ? cel : `${exempt.cel} || ${cel}`,
    holds: (self) => exempt?.holds(self) === true || holds(self),
    message,
  });
  return [
    rule('name', nameMessage, `self.name.matches(${celString(name)})`, (self) => new RegExp(name, 'u').test(self.name)),
    rule('name', ownMessage, `!(self.name.lowerAscii() in ${celList(own)})`, (self) => !own.includes(self.name.toLowerCase())),
    rule(
      'value',
      valueMessage,
      `!has(self.value) || self.value.matches(${celString(printable)})`,
      (self) => self.value === undefined || new RegExp(printable, 'u').test(self.value),
    ),
  ];
}

export const upstreamHeaderRules: readonly Rule<Entry>[] = headerEntryRules(connectionHeaders);

export const headerParameterRules: readonly Rule<Entry & { readonly in: string }>[] = headerEntryRules(tokenRequestHeaders, {
  cel: "self.__in__ != 'Header'",
  holds: (self) => self.in !== 'Header',
});

/** The header that carries the token is no header to be set otherwise. */
export const injectionHeaderIsFree: Rule<{
  readonly upstream: { readonly headers?: readonly Entry[] | undefined };
  readonly injection: { readonly header: string; readonly soapHeader?: unknown };
}> = {
  reason: 'InvalidHeader',
  at: ['upstream', 'headers'],
  cel: '!has(self.upstream.headers) || has(self.injection.soapHeader) || !self.upstream.headers.exists(h, h.name.lowerAscii() == self.injection.header.lowerAscii())',
  holds: ({ upstream, injection }) =>
    injection.soapHeader !== undefined ||
    !(upstream.headers ?? []).some((header) => header.name.toLowerCase() === injection.header.toLowerCase()),
  message: 'sets the header that carries the token: remove that entry, or name another header in spec.injection.header',
};
