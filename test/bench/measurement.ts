import { setTimeout as sleep } from 'node:timers/promises';
import type { Contestant } from './contestant.ts';
import type { AliasMetricName, MetricName } from './metrics.ts';
import { type Bench, ProxyProcess, type ProxyOptions } from './proxy-process.ts';
import type { Series } from './series.ts';

type Measured<Name extends string> = Partial<Record<Name, number>>;

/** A part of the benchmark: one start of a proxy, what is asked of it, and what that cost. */
export type Part = (bench: Bench, contestant: Contestant) => Promise<Measured<MetricName>>;

const ratePerSecond = 1000;
const kilobyte = 1024;
const megabyte = 1024 * kilobyte;

/** Requests small and large over plain connections. */
const requests: Part = (bench, contestant) =>
  withProxy(bench, contestant, {}, async (proxy) => {
    const get = await warmAndMeasure(proxy, { requests: bench.requests });
    const paced = await proxy.load({ requests: ratePerSecond * bench.latencySeconds, rate: ratePerSecond });
    const post = await warmAndMeasure(proxy, { requests: Math.ceil(bench.requests / 2), up: 16 * kilobyte });
    const bodies = Math.ceil(bench.requests / 40);
    const download = await warmAndMeasure(proxy, { requests: bodies, down: megabyte });
    const upload = await warmAndMeasure(proxy, { requests: bodies, up: megabyte });
    return {
      cpuGet: get.cpu,
      throughput: get.answered / get.seconds,
      cpuAtRate: paced.cpu,
      p50: paced.p50Micros,
      p99: paced.p99Micros,
      cpuPost: post.cpu,
      cpuDownload: download.cpu,
      cpuUpload: upload.cpu,
      bodiesRss: proxy.memory.rss / kilobyte,
    };
  });

const tls: Part = (bench, contestant) =>
  withProxy(bench, contestant, { tls: true }, async (proxy) => ({
    cpuTls: (await warmAndMeasure(proxy, { requests: bench.requests })).cpu,
  }));

/** Of the second of two that run from the same files. */
const memory: Part = async (bench, contestant) => {
  await using _first = await ProxyProcess.start(bench, contestant);
  return await withProxy(bench, contestant, {}, async (proxy) => {
    await sleep(1000, undefined, { signal: bench.signal });
    const idle = proxy.memory;
    await proxy.load({ requests: ratePerSecond * bench.loadSeconds, rate: ratePerSecond });
    const loaded = proxy.memory;
    return {
      secondIdlePss: idle.pss / kilobyte,
      secondLoadedPss: loaded.pss / kilobyte,
      idleRss: idle.rss / kilobyte,
      loadedRss: loaded.rss / kilobyte,
      idlePrivateDirty: idle.privateDirty / kilobyte,
      loadedPrivateDirty: loaded.privateDirty / kilobyte,
    };
  });
};

const start: Part = async (bench, contestant) => ({
  start: await withProxy(bench, contestant, { secretApart: true }, async ({ startMillis }) => startMillis),
  startSecretAtHand: await withProxy(bench, contestant, {}, async ({ startMillis }) => startMillis),
});

export const parts: Readonly<Record<string, Part>> = { requests, tls, memory, start };

/** The open loop without any proxy: what the two ends themselves take. */
export async function measureDirect(bench: Bench): Promise<Measured<MetricName>> {
  const { p50Micros, p99Micros } = await bench.rig.loadDirectly({ requests: ratePerSecond * bench.latencySeconds, rate: ratePerSecond });
  return { p50: p50Micros, p99: p99Micros };
}

/** What a thousand aliases cost beside one, in alternating runs of Tokenward. */
export async function measureAliases(bench: Bench, tokenward: Contestant, rounds: number): Promise<Series<AliasMetricName>[]> {
  const one: Series<AliasMetricName> = { name: '1 alias', runs: [] };
  const thousand: Series<AliasMetricName> = { name: '1,000 aliases', runs: [] };
  for (let round = 0; round < rounds; round += 1) {
    one.runs.push(await measureWithAliases(bench, tokenward, 1));
    thousand.runs.push(await measureWithAliases(bench, tokenward, 1000));
  }
  return [thousand, one];
}

const measureWithAliases = (bench: Bench, contestant: Contestant, aliases: number): Promise<Measured<AliasMetricName>> =>
  withProxy(bench, contestant, { aliases }, async (proxy) => {
    await sleep(1000, undefined, { signal: bench.signal });
    const idle = proxy.memory;
    const one = await warmAndMeasure(proxy, { requests: bench.requests, aliases: 1 });
    const loadedOne = proxy.memory;
    const all = await warmAndMeasure(proxy, { requests: bench.requests, aliases });
    return {
      cpuOne: one.cpu,
      cpuAll: all.cpu,
      idle: idle.rss / kilobyte,
      loadedOne: loadedOne.rss / kilobyte,
      loadedAll: proxy.memory.rss / kilobyte,
    };
  });

type Work = Parameters<ProxyProcess['load']>[0];

/** The same twice: the first time warms up, until V8 has compiled what it is going to compile. */
export async function warmAndMeasure(proxy: ProxyProcess, what: Work): ReturnType<ProxyProcess['load']> {
  const bodies = (what.up ?? 0) + (what.down ?? 0);
  const enough = Math.max(100, Math.min(10_000, Math.ceil((200 * megabyte) / bodies || Infinity)));
  await proxy.load({ ...what, requests: Math.max(what.requests, enough) });
  return proxy.load(what);
}

export async function withProxy<Result>(
  bench: Bench,
  contestant: Contestant,
  options: ProxyOptions,
  use: (proxy: ProxyProcess) => Promise<Result>,
): Promise<Result> {
  await using proxy = await ProxyProcess.start(bench, contestant, options);
  const result = await use(proxy);
  await proxy.check();
  return result;
}
