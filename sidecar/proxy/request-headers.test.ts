import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { appendRequestHeaders, droppedRequestHeaders } from './request-headers.ts';

const dropped = droppedRequestHeaders(['X-Api-Token', 'X-Tenant']);

function passed(raw: readonly string[], connection?: string): string[] {
  const into: string[] = [];
  appendRequestHeaders(into, raw, dropped, connection);
  return into;
}

const mixCase = (name: string): fc.Arbitrary<string> => fc.mixedCase(fc.constant(name));

const harmless = [
  'accept',
  'cookie',
  'x-host',
  'hosts',
  'content-type',
  'xconnection',
  'te-x',
  'authorization2',
  'x-authorization',
  'x_api_token',
  'nominated',
  'x-own',
];
const forbidden = `connection keep-alive proxy-connection te trailer transfer-encoding upgrade http2-settings expect host content-length
authorization proxy-authorization x-api-token x-tenant`.split(/\s+/);
const nominated = new Set(['nominated', 'x-own']);

const field = fc.record({
  name: fc.constantFrom(...harmless, ...forbidden).chain(mixCase),
  value: fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)), maxLength: 8 }),
});

describe('appendRequestHeaders', () => {
  test('nothing passes that a rule drops; all else passes as it is, in its order', () => {
    const connections = fc.constantFrom(
      undefined,
      'keep-alive',
      'close',
      ' Nominated ,,X-OWN',
      'keep-alive, x-own,nominated',
      'Upgrade, HTTP2-Settings, nominated, X-Own',
    );
    fc.assert(
      fc.property(fc.array(field, { maxLength: 20 }), connections, (fields, connection) => {
        const isNominating = connection?.toLowerCase().includes('nominated') === true;
        const expected = fields.filter(({ name }) => {
          const lower = name.toLowerCase();
          return harmless.includes(lower) && !(isNominating && nominated.has(lower));
        });
        expect(
          passed(
            fields.flatMap(({ name, value }) => [name, value]),
            connection,
          ),
        ).toEqual(expected.flatMap(({ name, value }) => [name, value]));
      }),
      { numRuns: 2_000 },
    );
  });

  test('says whether the caller sent an Authorization, and of no other header', () => {
    expect(appendRequestHeaders([], ['AUTHORIZATION', ''], dropped, undefined)).toBe(true);
    expect(appendRequestHeaders([], ['Proxy-Authorization', 'x', 'X-Api-Token', 'y'], dropped, undefined)).toBe(false);
  });

  test('what stands there already stays in front', () => {
    const into = ['X-Tenant', 't1'];
    appendRequestHeaders(into, ['x-tenant', 't2', 'Accept', '*/*'], dropped, undefined);
    expect(into).toEqual(['X-Tenant', 't1', 'Accept', '*/*']);
  });

  test('a Connection header that is absent, empty or only keep-alive names no other header', () => {
    for (const connection of [undefined, '', 'Keep-Alive', 'close'])
      expect(passed(['X-Own', '1', 'Close', '2'], connection)).toEqual(['X-Own', '1', 'Close', '2']);
  });
});
