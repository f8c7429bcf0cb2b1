import type { Series } from './series.ts';

interface Metric {
  readonly label: string;
  readonly digits: number;
  /** What Tokenward's ratio to a peer is to be at the most. */
  readonly goals?: Readonly<Record<string, number>>;
}

const define = <Name extends string>(metrics: Readonly<Record<Name, Metric>>): Readonly<Record<Name, Metric>> => metrics;

/** What is measured of every contestant, in the order of the tables. Smaller is better, except for throughput. */
export const metrics = define({
  cpuGet: { label: 'CPU µs/request, GET of 1 KB', digits: 1, goals: { envoy: 0.85, 'reply-from': 0.7 } },
  cpuTls: { label: 'CPU µs/request, GET of 1 KB, API over TLS', digits: 1, goals: { envoy: 0.9 } },
  cpuPost: { label: 'CPU µs/request, POST of 16 KB', digits: 1, goals: { envoy: 0.95 } },
  cpuDownload: { label: 'CPU µs/MB, download of 1 MB', digits: 0, goals: { envoy: 1.25 } },
  cpuUpload: { label: 'CPU µs/MB, upload of 1 MB', digits: 0, goals: { envoy: 1.25 } },
  addedP50: { label: 'latency added µs p50, 1,000/s', digits: 0, goals: { envoy: 1 } },
  addedP99: { label: 'latency added µs p99, 1,000/s', digits: 0, goals: { envoy: 1 } },
  secondIdlePss: { label: 'second on a node: proportional MB, idle', digits: 1, goals: { envoy: 1 } },
  secondLoadedPss: { label: 'second on a node: proportional MB, loaded', digits: 1, goals: { envoy: 1.25 } },
  idleRss: { label: 'resident MB, idle', digits: 1, goals: { envoy: 1.05 } },
  loadedRss: { label: 'resident MB, loaded', digits: 1, goals: { envoy: 1.4 } },
  start: { label: 'exec to first answer, ms', digits: 0, goals: { envoy: 0.15 } },
  startSecretAtHand: { label: "the same, Envoy's secret in its bootstrap, ms", digits: 0 },
  throughput: { label: 'requests/s, GET of 1 KB', digits: 0 },
  cpuAtRate: { label: 'CPU µs/request, 1,000/s', digits: 1 },
  p50: { label: 'latency µs p50, 1,000/s', digits: 0 },
  p99: { label: 'latency µs p99, 1,000/s', digits: 0 },
  idlePrivateDirty: { label: 'private dirty MB, idle', digits: 1 },
  loadedPrivateDirty: { label: 'private dirty MB, loaded', digits: 1 },
  bodiesRss: { label: 'resident MB, after the bodies of 1 MB', digits: 1 },
});

export type MetricName = keyof typeof metrics;

/** The same sidecar with one alias and with a thousand. */
export const aliasMetrics = define({
  cpuOne: { label: '1,000 aliases, one of them called: CPU µs/request', digits: 1, goals: { '1 alias': 1.05 } },
  cpuAll: { label: '1,000 aliases, all called in turn: CPU µs/request', digits: 1, goals: { '1 alias': 1.05 } },
  idle: { label: '1,000 aliases: resident MB, idle', digits: 1, goals: { '1 alias': 1.3 } },
  loadedOne: { label: '1,000 aliases, one of them called: resident MB', digits: 1, goals: { '1 alias': 1.3 } },
  loadedAll: { label: '1,000 aliases, all called in turn: resident MB', digits: 1, goals: { '1 alias': 1.3 } },
});

export type AliasMetricName = keyof typeof aliasMetrics;

/** A line that says whether a goal is met. */
export interface Judged {
  readonly label: string;
  readonly peer: string;
  readonly ratios: readonly number[];
  readonly goal: number;
}

/** The goals against the peers that took part. */
export function judge<Name extends string>(
  definitions: Readonly<Record<Name, Metric>>,
  ours: Series<Name>,
  peers: readonly Series<Name>[],
): Judged[] {
  return namesOf(definitions).flatMap((name) =>
    peers.flatMap((peer) => {
      const goal = definitions[name].goals?.[peer.name];
      const ratios = ratiosOf(ours, peer, name);
      return goal === undefined || ratios.length === 0 ? [] : [{ label: definitions[name].label, peer: peer.name, ratios, goal }];
    }),
  );
}

export const namesOf = <Name extends string>(definitions: Readonly<Record<Name, Metric>>): Name[] => Object.keys(definitions) as Name[];

/** Taken round by round, so that whatever slowed a whole round down cancels out. */
export function ratiosOf<Name extends string>(ours: Series<Name>, peer: Series<Name>, name: Name): number[] {
  return ours.runs.flatMap((run, round) => {
    const [mine, theirs] = [run[name], peer.runs[round]?.[name]];
    return mine === undefined || theirs === undefined ? [] : [mine / theirs];
  });
}
