import { celList, celString, matching, type Rule } from '../rule.ts';

/** RFC 9110 section 5.6.2. */
export const token = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";
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
  matching('InvalidHeader', `^${token}$`, nameMessage),
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

/** The rules of an entry that is a header, where `applies` says that it is one. */
function headerEntryRules<T extends Entry>(
  applies: { readonly cel: string; readonly holds: (self: T) => boolean },
  own: readonly string[],
): Rule<T>[] {
  const unless = (cel: string) => (applies.cel === 'true' ? cel : `!(${applies.cel}) || ${cel}`);
  return [
    {
      reason: 'InvalidHeader',
      at: ['name'],
      cel: unless(`self.name.matches(${celString(`^${token}$`)})`),
      holds: (self) => !applies.holds(self) || new RegExp(`^${token}$`, 'u').test(self.name),
      message: nameMessage,
    },
    {
      reason: 'InvalidHeader',
      at: ['name'],
      cel: unless(`!(self.name.lowerAscii() in ${celList(own)})`),
      holds: (self) => !applies.holds(self) || !own.includes(self.name.toLowerCase()),
      message: ownMessage,
    },
    {
      reason: 'InvalidHeader',
      at: ['value'],
      cel: unless(`!has(self.value) || self.value.matches(${celString(printable)})`),
      holds: (self) => !applies.holds(self) || self.value === undefined || new RegExp(printable, 'u').test(self.value),
      message: valueMessage,
    },
  ];
}

export const upstreamHeaderRules: readonly Rule<Entry>[] = headerEntryRules<Entry>({ cel: 'true', holds: () => true }, connectionHeaders);

export const headerParameterRules: readonly Rule<Entry & { readonly in: string }>[] = headerEntryRules<Entry & { readonly in: string }>(
  { cel: "self.__in__ == 'Header'", holds: (self) => self.in === 'Header' },
  tokenRequestHeaders,
);

/** The header that carries the token is no header to be set otherwise. */
export const injectionHeaderIsFree: Rule<{
  readonly upstream: { readonly headers?: readonly Entry[] | undefined };
  readonly injection: { readonly header: string };
}> = {
  reason: 'InvalidHeader',
  at: ['upstream', 'headers'],
  cel: '!has(self.upstream.headers) || !self.upstream.headers.exists(h, h.name.lowerAscii() == self.injection.header.lowerAscii())',
  holds: (self) => !(self.upstream.headers ?? []).some((header) => header.name.toLowerCase() === self.injection.header.toLowerCase()),
  message: 'sets the header that carries the token: remove that entry, or name another header in spec.injection.header',
};
