import { setTimeout as sleep } from 'node:timers/promises';
import type { Contestant } from './contestant.ts';
import { type Bench, ProxyProcess } from './proxy-process.ts';
import { spreadOf } from './series.ts';

const ratePerSecond = 2000;
const samples = 60;

/** Memory under a steady load. */
export interface Soak {
  readonly name: string;
  readonly samples: readonly { readonly seconds: number; readonly residentMegabytes: number; readonly privateDirtyMegabytes: number }[];
}

/** 2,000 requests a second for so long; memory is looked at sixty times. */
export async function soak(bench: Bench, contestant: Contestant, seconds: number): Promise<Soak> {
  await using proxy = await ProxyProcess.start(bench, contestant);
  const taken: Soak['samples'][number][] = [];
  const started = performance.now();
  const load = proxy.load({ requests: seconds * ratePerSecond, rate: ratePerSecond }).then(() => false);
  do {
    const { rss, privateDirty } = proxy.memory;
    taken.push({
      seconds: (performance.now() - started) / 1000,
      residentMegabytes: rss / 1024,
      privateDirtyMegabytes: privateDirty / 1024,
    });
  } while (await Promise.race([load, sleep((seconds * 1000) / samples, true, { signal: bench.signal })]));
  await proxy.check();
  return { name: contestant.name, samples: taken };
}

/** Resident memory of the last quarter in ratio to that of the second: 1 is flat. The first quarter is for warming up. */
export function growthOf({ samples: all }: Soak): number {
  const quarter = (index: number): number => {
    const some = all.slice(Math.floor((all.length * index) / 4), Math.floor((all.length * (index + 1)) / 4));
    return spreadOf(some.map(({ residentMegabytes }) => residentMegabytes))?.median ?? Number.NaN;
  };
  return quarter(3) / quarter(1);
}
