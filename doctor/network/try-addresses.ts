import type { LookupAddress } from 'node:dns';
import { getDefaultAutoSelectFamilyAttemptTimeout } from 'node:net';
import type { Clock } from '../../crds/clock.ts';
import { dial } from './dial.ts';

export interface TriedAddress extends LookupAddress {
  /** Undefined: it takes connections. */
  readonly code: string | undefined;
  readonly tookMs: number;
}

const mostAddresses = 8;

/** Makes a connection to each address, all at once, and hangs up. */
export function tryAddresses(
  addresses: readonly LookupAddress[],
  port: number,
  clock: Clock,
  timeoutMs: number,
): Promise<readonly TriedAddress[]> {
  return Promise.all(
    addresses.slice(0, mostAddresses).map(async ({ address, family }) => {
      const dialled = await dial({ host: address, port, family }, clock, timeoutMs);
      if (dialled.ok) dialled.socket.destroy();
      return { address, family, code: dialled.ok ? undefined : dialled.code, tookMs: dialled.tookMs };
    }),
  );
}

const happened: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refuses connections',
  ETIMEDOUT: 'does not answer',
  EHOSTUNREACH: 'there is no way to it',
  ENETUNREACH: 'there is no way to it',
  EADDRNOTAVAIL: 'there is no way to it',
  ECONNRESET: 'breaks the connection off',
};

export const whatHappened = (code: string): string => `${happened[code] ?? 'cannot be reached'}${code === '' ? '' : ` (${code})`}`;

export function describeAddress({ address, family, code, tookMs }: TriedAddress): string {
  const outcome = code === undefined ? `connected in ${Math.round(tookMs)} ms` : whatHappened(code);
  return `${address} (IPv${family}): ${outcome}`;
}

/** How a connection to a name is made that has several addresses: RFC 8305, as Node does it. */
export const attemptMs = getDefaultAutoSelectFamilyAttemptTimeout();
