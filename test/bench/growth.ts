import type { Load } from './bench-rig.ts';
import type { Contestant } from './contestant.ts';
import { warmAndMeasure, withProxy } from './measurement.ts';
import type { Bench } from './proxy-process.ts';
import { table } from './report.ts';

/** What something more of one kind costs. */
export interface Growth {
  readonly label: string;
  /** By contestant. */
  readonly cost: Readonly<Record<string, { readonly cpuMicros: number; readonly residentMegabytes: number }>>;
}

const kilobyte = 1024;
/** Of all bodies of one step together. */
const bytesPerStep = 200 * kilobyte * kilobyte;

const steps: readonly (readonly [label: string, what: Omit<Load, 'requests'>])[] = [
  ...[1, 8, 32, 128, 512].map((connections) => [`${connections} connections`, { connections }] as const),
  ...[0, 16, 64].map((headers) => [`${headers} more request headers`, { headers }] as const),
  ...[1, 16, 128, 1024, 8192].map((size) => [`answers of ${size} KB`, { down: size * kilobyte }] as const),
  ...[1, 16, 128, 1024, 8192].map((size) => [`requests of ${size} KB`, { up: size * kilobyte }] as const),
];

/** One round, each step with a proxy of its own; then Tokenward with more and more aliases, all of them called. */
export async function measureGrowth(bench: Bench, present: readonly Contestant[], say: (line: string) => unknown): Promise<Growth[]> {
  const growth: Growth[] = [];
  for (const [label, what] of steps) {
    say(`growth: ${label}`);
    growth.push({ label, cost: Object.fromEntries(await costsOf(bench, present, what)) });
  }
  const tokenward = present.filter(({ name }) => name === 'tokenward');
  for (const aliases of [1, 10, 100, 1000]) {
    say(`growth: ${aliases} aliases`);
    growth.push({ label: `${aliases} aliases`, cost: Object.fromEntries(await costsOf(bench, tokenward, { aliases })) });
  }
  return growth;
}

async function costsOf(bench: Bench, contestants: readonly Contestant[], what: Omit<Load, 'requests'>) {
  const costs: [string, Growth['cost'][string]][] = [];
  const requests = Math.min(bench.requests, Math.ceil(bytesPerStep / Math.max(what.up ?? 0, what.down ?? kilobyte)));
  for (const contestant of contestants) {
    const options = what.aliases === undefined ? {} : { aliases: what.aliases };
    const cost = await withProxy(bench, contestant, options, async (proxy) => {
      const { cpu } = await warmAndMeasure(proxy, { ...what, requests });
      return { cpuMicros: cpu, residentMegabytes: proxy.memory.rss / kilobyte };
    });
    costs.push([contestant.name, cost]);
  }
  return costs;
}

export function growthTable(growth: readonly Growth[]): string {
  const names = [...new Set(growth.flatMap(({ cost }) => Object.keys(cost)))];
  const rows = growth.map(({ label, cost }) => [
    label,
    ...names.map((name) => {
      const one = cost[name];
      return one === undefined ? '–' : `${Math.round(one.cpuMicros).toLocaleString('en')} µs, ${one.residentMegabytes.toFixed(0)} MB`;
    }),
  ]);
  return table(['CPU per request, resident memory', ...names], rows);
}
