import { lookup } from 'node:dns/promises';
import type { LookupAddress } from 'node:dns';
import { readFile } from 'node:fs/promises';
import type { Clock } from '../../crds/clock.ts';
import { errorCode } from '../../sidecar/net/connection-problem.ts';

/** `ENOTFOUND`: there is no such name, or it has no address. `EAI_AGAIN`: nobody said so. */
export type Resolved =
  | { readonly ok: true; readonly addresses: readonly LookupAddress[] }
  | { readonly ok: false; readonly code: 'ENOTFOUND' | 'EAI_AGAIN' };

/** Resolves a name as every connection of the sidecar does: by the system, in the order in which the system has the addresses. */
export async function resolveName(host: string, clock: Clock, timeoutMs: number): Promise<Resolved> {
  let cancel = (): void => {};
  const timeout = new Promise<'timeout'>((resolve) => {
    cancel = clock.after(timeoutMs, () => resolve('timeout'));
  });
  try {
    const addresses = await Promise.race([lookup(host, { all: true, order: 'verbatim' }), timeout]);
    if (addresses === 'timeout') return { ok: false, code: 'EAI_AGAIN' };
    return addresses.length === 0 ? { ok: false, code: 'ENOTFOUND' } : { ok: true, addresses };
  } catch (error) {
    return { ok: false, code: errorCode(error) === 'ENOTFOUND' ? 'ENOTFOUND' : 'EAI_AGAIN' };
  } finally {
    cancel();
  }
}

/** How the system resolves names: resolv.conf(5). */
export interface Resolver {
  readonly servers: readonly string[];
  readonly search: readonly string[];
  /** A name with fewer dots is looked for in the search domains first. */
  readonly ndots: number;
}

/** Undefined where the system has no such file. */
export async function readResolver(file = '/etc/resolv.conf'): Promise<Resolver | undefined> {
  try {
    return parseResolver(await readFile(file, 'utf8'));
  } catch {
    return undefined;
  }
}

export function parseResolver(text: string): Resolver {
  const lines = text.split('\n').map((line) =>
    line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/),
  );
  const of = (...names: readonly string[]): string[][] => lines.filter(([name = '']) => names.includes(name)).map(([, ...rest]) => rest);
  const ndots = of('options')
    .flat()
    .map((option) => /^ndots:(\d{1,2})$/.exec(option)?.[1])
    .findLast((found) => found !== undefined);
  return { servers: of('nameserver').flat(), search: of('search', 'domain').at(-1) ?? [], ndots: ndots === undefined ? 1 : Number(ndots) };
}
