import { describe, expect, it } from 'vitest';
import { systemClock } from '../../crds/clock.ts';
import type { Destination } from './destination.ts';
import { describeAddress, tryAddresses, type TriedAddress } from './try-addresses.ts';
import { unconnected, unresolved } from './unreached.ts';

const destinationOf = (url: string): Destination => ({
  subject: 'api',
  field: 'spec.upstream',
  title: 'API',
  url: new URL(url),
  tls: {},
  proxy: undefined,
  timeoutMs: 1000,
});

const api = destinationOf('https://api.acme.example/v1');
const ipv4 = { address: '192.0.2.7', family: 4, tookMs: 1 };
const ipv6 = { address: '2001:db8::7', family: 6, tookMs: 1 };

describe('a name without an address', () => {
  const resolver = { servers: ['10.96.0.10'], search: [], ndots: 5 };

  it.each([
    ['https://orders.hr.svc/', 'only pods of that cluster can look up'],
    ['https://orders/', 'a name without a dot is looked for in the search domains alone'],
    ['https://api.acme.example/', 'Names that only a proxy can look up need spec.upstream.proxy.'],
  ])('%s: %s', (url, advice) => {
    const destination = destinationOf(url);
    expect(unresolved(destination, destination.url, 'ENOTFOUND', resolver)).toMatchObject({
      code: 'dns_unknown',
      mend: { kind: 'elsewhere', advice: expect.stringContaining(advice) as string },
      failure: 'upstream_unreachable',
    });
  });

  it('is told from DNS that does not answer', () => {
    expect(unresolved(api, api.url, 'EAI_AGAIN', resolver)).toMatchObject({
      code: 'dns_no_answer',
      mend: { advice: expect.stringContaining('(10.96.0.10)') as string },
    });
  });

  it('may be the one of the proxy', () => {
    const { sentence, mend } = unresolved(api, new URL('http://proxy.example:3128'), 'ENOTFOUND', undefined);
    expect(sentence).toBe('The proxy proxy.example to the API api.acme.example cannot be reached: DNS knows no address of that name.');
    expect(mend).toMatchObject({ advice: expect.stringContaining('spec.upstream.proxy.url') as string });
  });
});

describe('addresses that take no connection', () => {
  it.each<[string, readonly TriedAddress[], string, string]>([
    [
      'all refuse',
      [
        { ...ipv4, code: 'ECONNREFUSED' },
        { ...ipv6, code: 'ENETUNREACH' },
      ],
      'tcp_refused',
      'port 443 refuses connections',
    ],
    ['none answers', [{ ...ipv4, code: 'ETIMEDOUT' }], 'tcp_timeout', 'port 443 does not answer'],
    ['there is no way to IPv6', [{ ...ipv6, code: 'ENETUNREACH' }], 'address_family', 'it has only IPv6 addresses'],
    [
      'there is no way at all',
      [
        { ...ipv4, code: 'EHOSTUNREACH' },
        { ...ipv6, code: 'ENETUNREACH' },
      ],
      'tcp_unreachable',
      'there is no way to it (EHOSTUNREACH)',
    ],
    [
      'one would, but is too slow',
      [
        { ...ipv4, code: undefined },
        { ...ipv6, code: 'ETIMEDOUT' },
      ],
      'address_family',
      'only 192.0.2.7 takes connections',
    ],
  ])('since %s', async (_name, tried, code, why) => {
    const verdict = await unconnected(api, tried, systemClock);
    expect(verdict).toMatchObject({ code, mend: { kind: 'elsewhere', advice: expect.stringContaining('spec.upstream.proxy') as string } });
    expect(verdict.sentence).toBe(`The API api.acme.example cannot be reached: ${verdict.sentence.split(': ')[1] ?? ''}`);
    expect(verdict.sentence).toContain(why);
    expect(verdict.failure).toBe(code === 'tcp_timeout' ? 'upstream_timeout' : 'upstream_unreachable');
  });
});

it('tells of each address what becomes of a connection to it', async () => {
  // Multicast: the kernel refuses at once.
  const tried = await tryAddresses([{ address: '224.0.0.1', family: 4 }], 1, systemClock, 1000);
  expect(tried.map(describeAddress)).toEqual([expect.stringMatching(/^224\.0\.0\.1 \(IPv4\): .* \(E[A-Z]+\)$/)]);
});
